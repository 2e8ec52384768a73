import { MEMORY_ROOT, memoryRoot, p } from '../../testing/memory-root.js';
import { temporaryName } from '../names.js';
import type { Listing } from '../root-disk.js';

const ids = { fileId: 'b'.repeat(26), recordId: '01' };
const names = (listing: Listing | undefined) =>
  listing?.outcome === 'whole' ? listing.entries.map(({ name, stat }) => `${name}:${stat.kind}`) : listing?.outcome;

describe('listing: whole or unknown (rule 2)', () => {
  it('tells every file and directory with its stat, in the order of bytes', async () => {
    const { disk, user, at } = memoryRoot();
    user.write(at('b'), '22');
    user.write(at('a/x'), '1');
    user.write(at('\u00c3\u00a4'), '');
    const [root, below, none] = await disk.list([p(''), p('a'), p('c')]);
    expect(names(root)).toEqual(['a:directory', 'b:file', '\u00c3\u00a4:file']);
    expect(names(below)).toEqual(['x:file']);
    expect(none).toEqual({ directory: 'c', outcome: 'absent' });
  });

  it.each(['EIO', 'EACCES', 'ESTALE', 'ENOTCONN'])('%s is unknown, and never an absence', async (errno) => {
    for (const call of ['readdir', 'lstat'] as const) {
      const { disk, user, files, at } = memoryRoot();
      user.write(at('a/x'), '1');
      files.script({ when: ({ name, path }) => name === call && path.startsWith(at('a')), fate: { errno } });
      expect(await disk.list([p('a')])).toEqual([{ directory: 'a', outcome: 'unknown', reason: 'error', code: errno }]);
    }
  });

  it('one name that cannot be looked at makes the directory unknown', async () => {
    const { disk, user, files, at } = memoryRoot();
    user.write(at('a/x'), '1');
    user.write(at('a/y'), '1');
    files.script({ when: ({ name, path }) => name === 'lstat' && path === at('a/y'), fate: { errno: 'EIO' } });
    expect(names((await disk.list([p('a')]))[0])).toBe('unknown');
  });

  it('a directory that changes whenever it is listed is unknown; one that changed once is listed again', async () => {
    const { disk, user, files, at } = memoryRoot();
    user.write(at('a/x'), '1');
    let count = 0;
    const act = () => void user.write(at(`a/new${count++}`), '');
    files.script({ when: ({ name, path }) => name === 'lstat' && path === at('a/x'), fate: { act } });
    expect(await disk.list([p('a')])).toEqual([{ directory: 'a', outcome: 'unknown', reason: 'changed' }]);
    files.script({ when: ({ name, path }) => name === 'lstat' && path === at('a/x'), nth: 1, fate: { act } });
    expect(names((await disk.list([p('a')]))[0])).toContain('x:file');
  });

  it('a change within one tick of the clock is seen by the names', async () => {
    const { disk, user, files, at } = memoryRoot({ callsTakeNoTime: true });
    user.write(at('a/x'), '1');
    let count = 0;
    const act = () => user.rename(at(count === 0 ? 'a/x' : `a/x${count}`), at(`a/x${++count}`));
    files.script({ when: ({ name }) => name === 'readdir', fate: { act } });
    expect(names((await disk.list([p('a')]))[0])).toBe('unknown');
  });

  it('a file that was removed between name and look is no error and no half of a list', async () => {
    const { disk, user, files, at } = memoryRoot();
    user.write(at('a/x'), '1');
    user.write(at('a/y'), '1');
    files.script({
      when: ({ name, path }) => name === 'lstat' && path === at('a/x'),
      nth: 1,
      fate: { act: () => user.remove(at('a/y')) },
    });
    expect(names((await disk.list([p('a')]))[0])).toEqual(['x:file']);
  });
});

describe('what is not followed (rules 1 and 15)', () => {
  it('links, pipes and sockets are told by their kind', async () => {
    const { disk, user, at } = memoryRoot();
    user.special(at('l'), 'link');
    user.special(at('s'), 'other');
    expect(names((await disk.list([p('')]))[0])).toEqual(['l:link', 's:other']);
    expect(await disk.list([p('l'), p('l/below')])).toEqual([
      { directory: 'l', outcome: 'absent', instead: 'link' },
      { directory: 'l/below', outcome: 'absent', instead: 'link' },
    ]);
  });

  it('a directory on another device is a border: told, and unknown below', async () => {
    const { disk, user, files, at } = memoryRoot();
    user.write(at('other/x'), '1');
    files.tree.mount(at('other'));
    user.write(at('other/y'), '1');
    const [root, border, below] = await disk.list([p(''), p('other'), p('other/deep')]);
    expect(root).toMatchObject({ outcome: 'whole', entries: [], borders: ['other'] });
    expect(border).toEqual({ directory: 'other', outcome: 'border' });
    expect(below).toEqual({ directory: 'other/deep', outcome: 'border' });
  });

  it('names of ours are no entries; those beside a path make it unknown (rule 8)', async () => {
    const { disk, user, at } = memoryRoot();
    await disk.writeMarker({ folderId: 'f', nonce: 'n', epoch: 1 });
    user.write(at('.dfs-trash/x'), '1');
    user.write(at('.dfsignore'), '1');
    user.write(at(temporaryName('aside', ids)), '1');
    const [root] = await disk.list([p('')]);
    expect(root).toMatchObject({ entries: [], temporaries: [{ kind: 'aside', ...ids }] });
  });
});

describe('which folder it is (rule 1)', () => {
  const marker = { folderId: 'folder-1', nonce: 'abc', epoch: 7 };

  it('a marker is there, is not there, or is none of ours', async () => {
    const { disk, user, at } = memoryRoot();
    expect((await disk.identity()).marker).toBeUndefined();
    await disk.writeMarker(marker);
    await disk.writeMarker({ ...marker, epoch: 8 });
    expect(await disk.identity()).toMatchObject({ marker: { ...marker, epoch: 8 }, readOnly: false });
    for (const text of ['', '{"format":1}', 'x'.repeat(10_000), '{"format":2,"folderId":"a","nonce":"b","epoch":1}']) {
      user.write(at('.dfs-folder'), text);
      expect((await disk.identity()).marker).toBe('unreadable');
    }
    user.remove(at('.dfs-folder'));
    user.special(at('.dfs-folder'), 'link');
    expect((await disk.identity()).marker).toBe('unreadable');
  });

  it('a crash at any call leaves the marker before or the one after', async () => {
    for (let nth = 1; ; nth++) {
      const root = memoryRoot();
      await root.disk.writeMarker(marker);
      root.files.tree.settle();
      root.files.script({ nth, fate: { crash: { keep: nth % 3, bytes: false } } });
      const isDone = await root.disk.writeMarker({ ...marker, epoch: 8 }).then(
        () => true,
        () => false,
      );
      const found = (await root.restarted().disk.identity()).marker;
      expect([7, 8]).toContain(typeof found === 'object' ? found.epoch : found);
      if (isDone) {
        root.files.tree.cut({ keep: 0, bytes: false });
        expect((await root.restarted().disk.identity()).marker).toEqual({ ...marker, epoch: 8 });
        break;
      }
    }
  });

  it('disk unplugged: an empty mount point has another device and inode, and no marker', async () => {
    const { disk, files } = memoryRoot();
    await disk.writeMarker(marker);
    const before = await disk.identity();
    files.script({ nth: 1, fate: { unmount: MEMORY_ROOT } });
    const after = await disk.identity();
    expect(after.marker).toBeUndefined();
    expect([after.device === before.device, after.inode === before.inode]).toEqual([false, false]);
    files.remount(MEMORY_ROOT);
    expect(await disk.identity()).toEqual(before);
  });

  it('a network file system that is not there: an error, and no identity', async () => {
    const { disk, files } = memoryRoot();
    await disk.writeMarker(marker);
    files.script({ nth: 1, fate: { unmount: MEMORY_ROOT, errno: 'ENOTCONN' } });
    await expect(disk.identity()).rejects.toMatchObject({ name: 'DiskError', code: 'ENOTCONN' });
    expect((await disk.list([p('')]))[0]).toMatchObject({ outcome: 'unknown', code: 'ENOTCONN' });
  });

  it('a read-only root says so', async () => {
    const { disk, files } = memoryRoot();
    files.tree.readOnly = true;
    expect((await disk.identity()).readOnly).toBe(true);
    await expect(disk.writeMarker(marker)).rejects.toMatchObject({ code: 'EROFS' });
  });
});
