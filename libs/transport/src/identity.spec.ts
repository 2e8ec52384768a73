import { chmod, readFile, readdir, stat, symlink, writeFile } from 'node:fs/promises';
import { verifySignature } from '@dfs/protocol';
import { tempDir } from '@dfs/testing';
import { loadIdentity } from './identity.js';

describe('loadIdentity', () => {
  it('makes a key at first, for its owner alone, and finds it again', async () => {
    await using dir = await tempDir();
    const file = dir.file('deep/identity.key');
    const first = await loadIdentity(file);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readFile(file)).toEqual(Buffer.from(first.privateKeyRaw));
    expect(await readdir(dir.file('deep'))).toEqual(['identity.key']);
    const again = await loadIdentity(file);
    expect(again.signer.peerId).toBe(first.signer.peerId);
    const message = Buffer.from('who am I');
    expect(verifySignature(first.signer.peerId, message, again.signer.sign(message))).toBe(true);
  });

  it('gives two that start at once the same key', async () => {
    await using dir = await tempDir();
    const made = await Promise.all(Array.from({ length: 8 }, () => loadIdentity(dir.file('identity.key'))));
    expect(new Set(made.map(({ signer }) => signer.peerId)).size).toBe(1);
    expect(await readdir(dir.path)).toEqual(['identity.key']);
  });

  it.each([0o640, 0o604, 0o644, 0o660])('refuses a file of mode %o, and says what to do', async (mode) => {
    await using dir = await tempDir();
    const file = dir.file('identity.key');
    await loadIdentity(file);
    await chmod(file, mode);
    await expect(loadIdentity(file)).rejects.toMatchObject({
      code: 'not-ready',
      message: expect.stringContaining(`chmod 600 ${file}`) as string,
    });
  });

  it('takes no mode for a proof on Windows, where Node makes it up', async () => {
    await using dir = await tempDir();
    const file = dir.file('identity.key');
    const first = await loadIdentity(file, 'win32');
    await chmod(file, 0o666);
    const again = await loadIdentity(file, 'win32');
    expect(again.signer.peerId).toBe(first.signer.peerId);
  });

  it('refuses what is no key, and leaves it alone', async () => {
    await using dir = await tempDir();
    const file = dir.file('identity.key');
    await writeFile(file, 'short', { mode: 0o600 });
    await expect(loadIdentity(file)).rejects.toMatchObject({ code: 'not-ready' });
    expect(await readFile(file, 'utf8')).toBe('short');
    await symlink('/etc/hostname', dir.file('link.key'));
    await expect(loadIdentity(dir.file('link.key'))).rejects.toMatchObject({ code: 'not-ready' });
  });
});
