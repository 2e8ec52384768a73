import { symlink } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { tempDir } from '@dfs/testing';
import { fileSystemLaws } from '../../testing/file-system.suite.js';
import { memoryDisk } from '../../testing/memory-user.js';
import { Crashed } from '../../testing/scripted-file-system.js';
import { NodeFileSystem } from './node-file-system.js';

/** File systems stamp by the tick of the kernel: at most 10 ms. */
const TICK = 20;

fileSystemLaws('of this machine', async () => {
  const dir = await tempDir('dfs-files-');
  return {
    files: new NodeFileSystem(),
    top: dir.path,
    later: () => delay(TICK),
    symlink: (path) => symlink('/etc/passwd', path),
    dispose: () => dir.remove(),
  };
});

fileSystemLaws('in memory', () => {
  let now = 1_800_000_000_000_000_000n;
  const { files, user } = memoryDisk({ now: () => now });
  user.mkdir('/top');
  return Promise.resolve({
    files,
    top: '/top',
    later: () => Promise.resolve(void (now += 1_000_000n)),
    symlink: (path: string) => Promise.resolve(user.special(path, 'link')),
    dispose: () => Promise.resolve(),
  });
});

describe('the script', () => {
  const make = (options = {}) => {
    const disk = memoryDisk({ now: () => 5n, ...options });
    disk.user.mkdir('/m/root');
    return disk;
  };

  it('fails the n-th call that matches, and no other', async () => {
    const { files, user } = make();
    user.write('/m/root/a', '1');
    files.script({ when: ({ name }) => name === 'lstat', nth: 2, fate: { errno: 'EIO' } });
    await files.lstat('/m/root/a');
    await files.readdir('/m/root');
    await expect(files.lstat('/m/root/a')).rejects.toHaveProperty('code', 'EIO');
    await files.lstat('/m/root/a');
  });

  it('a crash keeps what was synced, and as many later names as the script says', async () => {
    const { files, user } = make();
    files.tree.settle();
    const file = await files.open('/m/root/a', 'create');
    await file.write(Buffer.from('one'), 0);
    await file.sync();
    await file.write(Buffer.from('two'), 0);
    await files.link('/m/root/a', '/m/root/b');
    await files.unlink('/m/root/a');
    files.script({ nth: 1, fate: { crash: { keep: 2, bytes: false } } });
    await expect(files.readdir('/m/root')).rejects.toBeInstanceOf(Crashed);
    await expect(files.lstat('/m/root/a')).rejects.toBeInstanceOf(Crashed);
    expect(user.files('/m/root')).toEqual({ a: 'one', b: 'one' });
    expect(await files.restarted().lstat('/m/root/a')).toMatchObject({ links: 2 });
  });

  it('a synced directory keeps its names', async () => {
    const { files, user } = make();
    files.tree.settle();
    user.write('/m/root/a', 'one');
    await (await files.open('/m/root', 'directory')).sync();
    user.rename('/m/root/a', '/m/root/b');
    files.tree.cut({ keep: 0, bytes: true });
    expect(user.files('/m/root')).toEqual({ a: 'one' });
  });

  it('a disk that is gone leaves an empty directory of another device, or errors, until it is back', async () => {
    const { files, user } = make();
    files.tree.mount('/m/root');
    user.write('/m/root/a', 'one');
    const { device } = await files.lstat('/m/root');
    files.script({ nth: 2, fate: { unmount: '/m/root' } });
    expect(await files.readdir('/m/root')).toEqual(['a']);
    expect(await files.readdir('/m/root')).toEqual([]);
    expect((await files.lstat('/m/root')).device).not.toBe(device);
    files.remount('/m/root');
    expect(await files.readdir('/m/root')).toEqual(['a']);
    files.script({ nth: 1, fate: { unmount: '/m/root', errno: 'ENOTCONN' } });
    await expect(files.readdir('/m/root')).rejects.toHaveProperty('code', 'ENOTCONN');
    await expect(files.lstat('/m/root/a')).rejects.toHaveProperty('code', 'ENOTCONN');
    files.remount('/m/root');
    await files.lstat('/m/root/a');
  });

  it('a call that hangs comes back when it is released', async () => {
    const { files } = make();
    files.script({ nth: 1, fate: 'hang' });
    let done = false;
    const reading = files.readdir('/m/root').then(() => (done = true));
    await files.readdir('/m');
    expect([done, files.hanging]).toEqual([false, 1]);
    files.release();
    await reading;
  });

  it('folds case and forms, refuses links, loses the executable bit, rounds mtime, gives inode numbers out again', async () => {
    let now = 3_500_000_000n;
    const { files, user } = make({
      now: () => now,
      foldsCase: true,
      decomposes: true,
      noLinks: true,
      noExecutableBit: true,
      mtimeStepNs: 2_000_000_000n,
    });
    user.write('/m/root/\u00c3\u00a4', 'umlaut');
    expect(await files.readdir('/m/root')).toEqual(['a\u00cc\u0088']);
    expect(await files.lstat('/m/root/A\u00cc\u0088')).toMatchObject({ executable: true, mtimeNs: 2_000_000_000n });
    await expect(files.link('/m/root/\u00c3\u00a4', '/m/root/b')).rejects.toHaveProperty('code', 'EPERM');
    const { inode } = await files.lstat('/m/root/\u00c3\u00a4');
    await files.unlink('/m/root/\u00c3\u00a4');
    now += 10n;
    user.write('/m/root/new', '');
    expect((await files.lstat('/m/root/new')).inode).toBe(inode);
  });
});
