import { chmod, readFile, stat } from 'node:fs/promises';
import { tempDir } from '@dfs/testing';
import { loadApiToken } from './api-token.js';

describe('the token of a node', () => {
  it('is made at first, for its owner alone, and refused once others can read it', async () => {
    await using dir = await tempDir();
    const file = dir.file('api-token');
    const token = await loadApiToken(file, undefined, 'linux');
    expect((await readFile(file, 'utf8')).trim()).toBe(token);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await loadApiToken(file, undefined, 'linux')).toBe(token);
    await chmod(file, 0o644);
    await expect(loadApiToken(file, undefined, 'linux')).rejects.toMatchObject({ code: 'not-ready' });
  });

  it('is read again on Windows, where the mode of every file reads as if all could write it', async () => {
    await using dir = await tempDir();
    const file = dir.file('api-token');
    const token = await loadApiToken(file, undefined, 'win32');
    await chmod(file, 0o666);
    expect(await loadApiToken(file, undefined, 'win32')).toBe(token);
  });
});
