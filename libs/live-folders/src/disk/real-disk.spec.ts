import { chmod, lstat, mkdir, readFile, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execFileSync } from 'node:child_process';
import { seededRandom, tempDir, type TempDir } from '@dfs/testing';
import { bodyOf, expectedAt, IDS, p, textOf } from '../testing/memory-root.js';
import { NodeFileSystem } from './fs/node-file-system.js';
import { LocalRootDisk } from './local-root-disk.js';
import { toDiskPath } from './names.js';

const OLD = new Date('2020-01-02T03:04:05.678Z');

describe('a root on the disk of this machine', () => {
  let dir: TempDir;
  let disk: LocalRootDisk;
  const at = (path: string) => join(dir.path, path);

  beforeEach(async () => {
    dir = await tempDir('dfs-root-');
    disk = new LocalRootDisk({ files: new NodeFileSystem(), root: toDiskPath(dir.path) });
  });
  afterEach(async () => {
    await disk.close();
    await dir.remove();
  });

  it('is bound, filled, read, and a file is replaced, moved and removed', async () => {
    await disk.writeMarker({ folderId: 'f', nonce: 'n', epoch: 1 });
    expect(await disk.identity()).toMatchObject({
      marker: { epoch: 1 },
      readOnly: false,
      fsType: expect.stringMatching(/^[0-9a-f]+$/) as string,
    });
    await disk.makeDirectory(p('d'));
    const bytes = Buffer.from(seededRandom(3).bytes(3_000_000));
    const staged = await disk.stage(p('d/\u00e9'), IDS, bodyOf(bytes), { mtime: OLD.getTime(), executable: true });
    const placed = await disk.place(staged);
    if (placed.outcome !== 'placed') throw new Error(placed.outcome);
    expect(placed.racy).toBe(false);
    const info = await lstat(at('d/\u00e9'));
    expect([info.mtime, info.mode & 0o100, info.nlink]).toEqual([OLD, 0o100, 1]);
    const reading = await disk.read(p('d/\u00e9'));
    expect((await textOf(reading)) === bytes.toString()).toBe(true);
    const expected = await expectedAt({ disk }, p('d/\u00e9'));
    expect(expected.stat).toEqual(placed.stat);
    const moved = await disk.move(p('d/\u00e9'), p('e'), expected, IDS);
    if (moved.outcome !== 'moved') throw new Error(moved.outcome);
    expect(await disk.list([p('d')])).toMatchObject([{ outcome: 'whole', entries: [], temporaries: [] }]);
    const removed = await disk.remove(p('e'), { ...expected, stat: moved.stat }, { reason: 'removed', ids: IDS });
    expect(removed.outcome).toBe('removed');
    const { entries } = await disk.trash.list({ limit: 5 });
    expect(entries).toMatchObject([{ path: 'e', stat: { size: 3_000_000 } }]);
    expect(await disk.trash.restore(entries[0]!.id)).toMatchObject({ outcome: 'restored' });
    await disk.settle([p(''), p('d'), p('gone')]);
    expect((await readFile(at('e'))).equals(bytes)).toBe(true);
  });

  it('a file that was read-protected from others stays so when it is replaced', async () => {
    await writeFile(at('secret'), 'old', { mode: 0o600 });
    await utimes(at('secret'), OLD, OLD);
    const expected = await expectedAt({ disk }, p('secret'));
    const staged = await disk.stage(p('secret'), IDS, bodyOf('new'), { executable: true });
    await disk.place(staged, { expected, note: { reason: 'replaced', ids: IDS } });
    expect([(await lstat(at('secret'))).mode & 0o777, await readFile(at('secret'), 'utf8')]).toEqual([0o700, 'new']);
  });

  it('zeros take no room', async () => {
    const zeros = Buffer.alloc(1_000_000);
    await disk.place(await disk.stage(p('sparse'), IDS, bodyOf(...Array.from({ length: 20 }, () => zeros)), {}));
    const { size, blocks } = await lstat(at('sparse'));
    expect([size, blocks * 512 < 1_000_000]).toEqual([20_000_000, true]);
  });

  it('names that are no text, links and pipes are listed as they are', async () => {
    execFileSync('sh', ['-c', 'printf x > "$(printf \'a\\377b\')"; mkfifo pipe'], { cwd: dir.path });
    await symlink('/etc', at('link'));
    await mkdir(at('d'));
    const [listing] = await disk.list([p('')]);
    const kinds = listing?.outcome === 'whole' ? listing.entries.map(({ name, stat }) => [name, stat.kind]) : [];
    expect(kinds).toEqual([
      ['a\xffb', 'file'],
      ['d', 'directory'],
      ['link', 'link'],
      ['pipe', 'other'],
    ]);
    // A pipe that nobody writes into does not hold anybody up.
    expect((await disk.contentOf([{ path: p('pipe') }]))[0]).toMatchObject({ outcome: 'changing' });
    await expect(disk.stage(p('link/x'), IDS, bodyOf('x'), {})).rejects.toMatchObject({ code: 'outside' });
  });

  it('a directory that may not be read is unknown', async () => {
    await mkdir(at('locked'));
    await writeFile(at('locked/a'), '1');
    await chmod(at('locked'), 0);
    const [listing] = await disk.list([p('locked')]);
    // For root nothing is locked.
    if (process.getuid?.() === 0) expect(listing?.outcome).toBe('whole');
    else expect(listing).toMatchObject({ outcome: 'unknown', code: 'EACCES' });
    await chmod(at('locked'), 0o700);
  });
});
