import {
  bodyOf,
  expectedAt,
  IDS,
  memoryRoot,
  p,
  statIn,
  textOf,
  type MemoryRoot,
  type MemoryRootOptions,
} from '../../testing/memory-root.js';
import { ROOT, temporaryName } from '../names.js';
import type { TrashNote } from '../root-disk.js';

const note: TrashNote = { reason: 'replaced', ids: IDS, contentId: 'bafy-old' };
const MINUTE = 60_000;

/** A root with some files that have stood still for long. */
function rootWith(files: Record<string, string>, options: MemoryRootOptions = {}): MemoryRoot {
  const root = memoryRoot(options);
  for (const [path, text] of Object.entries(files)) root.user.write(root.at(path), text);
  root.time.advance(MINUTE);
  return root;
}

const stage = ({ disk }: MemoryRoot, path: string, text: string, attributes = {}) =>
  disk.stage(p(path), IDS, bodyOf(text), attributes);
const visible = (root: MemoryRoot) =>
  Object.fromEntries(Object.entries(root.all()).filter(([path]) => !path.startsWith('.dfs-trash')));
const trashed = async ({ disk }: MemoryRoot) => {
  const { entries } = await disk.trash.list({ limit: 100 });
  return Promise.all(
    entries.map(async ({ id, path, reason }) => [path, reason, await textOf(await disk.trash.read(id))]),
  );
};

describe.each([
  ['with links', {}],
  ['without links', { noLinks: true }],
  ['that folds case and decomposes', { foldsCase: true, decomposes: true }],
])('acts on a disk %s (rule 8)', (_what, options) => {
  it('a new file takes its place with its attributes, and its temporary name is gone', async () => {
    const root = rootWith({ 'd/x': '1' }, options);
    const staged = await stage(root, 'd/new', 'hello', { mtime: 1_600_000_000_123, executable: true });
    expect(staged.temporary).toBe(`d/${temporaryName('staged', IDS)}`);
    const placed = await root.disk.place(staged);
    expect(placed).toMatchObject({ outcome: 'placed', racy: false, stat: { mtimeNs: 1_600_000_000_123_000_000n } });
    expect(visible(root)).toEqual({ 'd/new': 'hello', 'd/x': '1' });
    expect(await statIn(root, 'd', 'new')).toEqual(placed.outcome === 'placed' && placed.stat);
  });

  it('a file that came to the place first stays; ours is gone', async () => {
    const root = rootWith({}, options);
    const staged = await stage(root, 'new', 'ours');
    root.user.write(root.at('new'), 'theirs');
    expect(await root.disk.place(staged)).toEqual({ outcome: 'taken' });
    expect(visible(root)).toEqual({ new: 'theirs' });
  });

  it('the old file goes to the trash once the new one stands', async () => {
    const root = rootWith({ a: 'old' }, options);
    const expected = await expectedAt(root, p('a'));
    const placed = await root.disk.place(await stage(root, 'a', 'new'), { expected, note });
    expect(placed.outcome).toBe('placed');
    expect(visible(root)).toEqual({ a: 'new' });
    expect(await trashed(root)).toEqual([['a', 'replaced', 'old']]);
  });

  it('a local change is left alone, however small: bytes, time, permissions, another file, none', async () => {
    const changes: [string, (root: MemoryRoot) => void][] = [
      ['bytes', ({ user, at }) => user.write(at('a'), 'own')],
      ['touch', ({ user, at }) => user.touch(at('a'), 5)],
      ['chmod', ({ user, at }) => user.chmod(at('a'))],
      ['saved by rename', ({ user, at }) => user.save(at('a'), 'own')],
      ['gone', ({ user, at }) => user.remove(at('a'))],
    ];
    for (const [, change] of changes) {
      const root = rootWith({ a: 'old' }, options);
      const expected = await expectedAt(root, p('a'));
      change(root);
      const before = visible(root);
      expect(await root.disk.place(await stage(root, 'a', 'new'), { expected, note })).toEqual({ outcome: 'changed' });
      expect(await root.disk.remove(p('a'), expected, note)).toEqual({ outcome: 'changed' });
      expect(await root.disk.move(p('a'), p('b'), expected, IDS)).toEqual({ outcome: 'changed' });
      expect(await root.disk.setAttributes(p('a'), expected, { mtime: 1 })).toEqual({ outcome: 'changed' });
      expect(visible(root)).toEqual(before);
      expect(await trashed(root)).toEqual([]);
    }
  });

  it('removes to the trash, and from there back to its place', async () => {
    const root = rootWith({ 'd/a': 'old' }, options);
    const removed = await root.disk.remove(p('d/a'), await expectedAt(root, p('d/a')), { ...note, reason: 'removed' });
    expect(visible(root)).toEqual({});
    expect(await trashed(root)).toEqual([['d/a', 'removed', 'old']]);
    expect(await root.disk.removeDirectory(p('d'), note)).toBe('removed');
    const id = removed.outcome === 'removed' ? removed.id : '';
    expect(await root.disk.trash.restore(id)).toMatchObject({ outcome: 'restored', path: 'd/a' });
    expect(visible(root)).toEqual({ 'd/a': 'old' });
    expect(await root.disk.trash.restore('0000000000-0000000000')).toEqual({ outcome: 'gone' });
  });

  it('moves, and never over a file', async () => {
    const root = rootWith({ a: 'moved', 'd/taken': 'other' }, options);
    const expected = await expectedAt(root, p('a'));
    expect(await root.disk.move(p('a'), p('d/taken'), expected, IDS)).toEqual({ outcome: 'taken' });
    expect(visible(root)).toEqual({ a: 'moved', 'd/taken': 'other' });
    root.time.advance(MINUTE);
    const again = await expectedAt(root, p('a'));
    const moved = await root.disk.move(p('a'), p('d/b'), again, IDS);
    expect(visible(root)).toEqual({ 'd/b': 'moved', 'd/taken': 'other' });
    expect(moved).toMatchObject({ outcome: 'moved', stat: await statIn(root, 'd', 'b') });
  });

  it('a rename of case alone is a rename on the disk (rule 11)', async () => {
    const root = rootWith({ 'Read.me': 'text' }, options);
    const moved = await root.disk.move(p('Read.me'), p('README.md'), await expectedAt(root, p('Read.me')), IDS);
    expect(moved.outcome).toBe('moved');
    const back = await root.disk.move(p('README.md'), p('readme.MD'), await expectedAt(root, p('README.md')), IDS);
    expect(back.outcome).toBe('moved');
    expect(visible(root)).toEqual({ 'readme.MD': 'text' });
  });

  it('attributes are set on the expected bytes alone (rule 15)', async () => {
    const root = rootWith({ a: 'text' }, options);
    const expected = await expectedAt(root, p('a'));
    const set = await root.disk.setAttributes(p('a'), expected, { mtime: Date.UTC(2099, 0, 1), executable: true });
    expect(set).toMatchObject({ outcome: 'set', racy: false, stat: { executable: true } });
    expect(await statIn(root, '', 'a')).toEqual(set.outcome === 'set' && set.stat);
  });
});

describe('bytes that a clock cannot tell apart (rule 8: hashed again within 2 s)', () => {
  it('a write of the same size in the same tick as the hash is found before the file is given away', async () => {
    const root = memoryRoot({ callsTakeNoTime: true });
    root.user.write(root.at('a'), 'one');
    // The first look is older than the write would need it to be: as a file that was written while it was read.
    const stat = (await statIn(root, '', 'a'))!;
    const [content] = await root.disk.contentOf([{ path: p('a'), seen: { stat, at: -1000 } }]);
    if (content?.outcome !== 'content') throw new Error('no content');
    expect(content.end.racy).toBe(true);
    root.user.write(root.at('a'), 'two');
    expect(await statIn(root, '', 'a')).toEqual(stat);
    const expected = { stat, contentId: content.contentId, racy: true };
    expect(await root.disk.remove(p('a'), expected, note)).toEqual({ outcome: 'changed' });
    expect(visible(root)).toEqual({ a: 'two' });
  });

  it('attributes over such a write are no success', async () => {
    const root = memoryRoot({ callsTakeNoTime: true });
    root.user.write(root.at('a'), 'one');
    const stat = (await statIn(root, '', 'a'))!;
    const [content] = await root.disk.contentOf([{ path: p('a'), seen: { stat, at: -1000 } }]);
    root.user.write(root.at('a'), 'two');
    const contentId = content?.outcome === 'content' ? content.contentId : '';
    expect(await root.disk.setAttributes(p('a'), { stat, contentId, racy: false }, { mtime: 5 })).toEqual({
      outcome: 'changed',
    });
  });
});

describe('nothing lands outside the root (rule 8)', () => {
  it('a directory that became a link, a border or a file takes nothing', async () => {
    const root = rootWith({ 'd/a': 'old', 'e/x': '1' });
    const expected = await expectedAt(root, p('d/a'));
    const staged = await stage(root, 'd/b', 'new');
    root.user.rename(root.at('d'), root.at('was-d'));
    root.user.special(root.at('d'), 'link');
    for (const act of [
      () => root.disk.place(staged),
      () => root.disk.remove(p('d/a'), expected, note),
      () => root.disk.move(p('was-d/a'), p('d/c'), expected, IDS),
      () => stage(root, 'd/c', '1'),
      () => root.disk.read(p('d/a')),
      () => root.disk.setAttributes(p('d/a'), expected, { mtime: 1 }),
    ]) {
      await expect(act()).rejects.toMatchObject({ code: 'outside' });
    }
    expect(await root.disk.makeDirectory(p('d/deep'))).toEqual({ outcome: 'taken' });
    root.files.tree.mount(root.at('e'));
    await expect(stage(root, 'e/c', '1')).rejects.toMatchObject({ code: 'outside' });
    await expect(stage(root, '../c', '1')).rejects.toMatchObject({ code: 'outside' });
    await expect(root.disk.makeDirectory(p('../c'))).rejects.toMatchObject({ code: 'outside' });
    expect(Object.keys(root.user.files('/mnt')).every((path) => path.startsWith('root/'))).toBe(true);
  });

  it('a trash that is a link is no trash', async () => {
    const root = rootWith({ a: 'old' });
    const expected = { ...(await expectedAt(root, p('a'))) };
    for (const name of Object.keys(root.user.files(root.at('.dfs-trash'))))
      root.user.remove(root.at(`.dfs-trash/${name}`));
    root.user.remove(root.at('.dfs-trash'));
    root.user.special(root.at('.dfs-trash'), 'link');
    await expect(root.disk.remove(p('a'), expected, note)).rejects.toMatchObject({ code: 'outside' });
    expect(visible(root)).toEqual({ a: 'old' });
  });
});

describe('room (rule 14)', () => {
  it('a disk that is full takes nothing and keeps nothing of it', async () => {
    const root = rootWith({ a: 'old' }, { room: 1000 });
    const expected = await expectedAt(root, p('a'));
    const body = bodyOf(Buffer.alloc(600, 1), Buffer.alloc(600, 2));
    await expect(root.disk.stage(p('a'), IDS, body, {})).rejects.toMatchObject({ name: 'DiskError', code: 'ENOSPC' });
    expect(visible(root)).toEqual({ a: 'old' });
    expect(await statIn(root, '', 'a')).toEqual(expected.stat);
  });

  it('the reserve of the node is left alone', async () => {
    const root = rootWith({}, { room: 10_000, reserveBytes: 500 });
    await root.disk.place(await stage(root, 'a', 'x'.repeat(9501)));
    expect(await root.disk.room()).toBe(0);
    await expect(stage(root, 'b', 'more')).rejects.toMatchObject({ code: 'ENOSPC' });
    expect(Object.keys(visible(root))).toEqual(['a']);
  });

  it('the reserve is a small share of a small file system', async () => {
    const root = rootWith({}, { room: 1000, reserveBytes: 500 });
    expect(await root.disk.room()).toBe(950);
    await root.disk.place(await stage(root, 'a', 'x'.repeat(501)));
  });

  it('without links a full disk leaves no part of a copy', async () => {
    const root = rootWith({}, { noLinks: true, room: 3000 });
    const staged = await stage(root, 'a', 'x'.repeat(1800));
    await expect(root.disk.place(staged)).rejects.toMatchObject({ code: 'ENOSPC' });
    expect(visible(root)).toEqual({});
  });

  it('whole blocks of zeros become holes, wherever they are', async () => {
    const root = rootWith({});
    const zeros = Buffer.alloc(10_000);
    const staged = await root.disk.stage(p('a'), IDS, bodyOf('head', zeros, 'middle', zeros, zeros), {});
    await root.disk.place(staged);
    const bytes = Buffer.concat([Buffer.from('head'), zeros, Buffer.from('middle'), zeros, zeros]);
    expect(root.user.read(root.at('a'))).toBe(bytes.toString());
    const written = root.files.calls.reduce((sum, { bytes: count = 0 }) => sum + count, 0);
    // Of each run of zeros at most what is no whole block, at its two ends.
    expect(written).toBeLessThan(3 * 2 * 4096 + 10);
  });
});

describe('several small files at once', () => {
  const small = (path: string, text: string, recordId = path) => ({
    ...{ path: p(path), ids: { ...IDS, recordId }, bytes: Buffer.from(text), attributes: {} },
  });

  it('each has its own outcome, in their order; of one that fails nothing is left', async () => {
    const root = rootWith({ a: 'old', 'd/taken': 'theirs', 'd/changed': 'before' });
    const expected = await expectedAt(root, p('a'));
    const other = await expectedAt(root, p('d/changed'));
    root.user.write(root.at('d/changed'), 'since');
    root.user.special(root.at('link'), 'link');
    const isBroken = ({ name, path }: { name: string; path: string }) => name === 'write' && path.endsWith('b0');
    root.files.script({ when: isBroken, fate: { errno: 'EIO' } });
    const written = await root.disk.writeAll([
      small('d/new', '1', 'a0'),
      small('d/broken', '2', 'b0'),
      small('d/taken', '3', 'c0'),
      { ...small('a', '4', 'd0'), replaced: { expected, note } },
      { ...small('d/changed', '5', 'e0'), replaced: { expected: other, note } },
      small('link/out', '6', 'f0'),
      small('none/in', '7', 'a1'),
    ]);
    expect(written).toMatchObject([
      { outcome: 'placed', stat: { size: 1 } },
      { outcome: 'failed', code: 'EIO' },
      { outcome: 'taken' },
      { outcome: 'placed', trashed: expect.any(String) as string },
      { outcome: 'changed' },
      { outcome: 'failed', code: 'outside' },
      { outcome: 'failed', code: 'ENOENT' },
    ]);
    expect(visible(root)).toEqual({ a: '4', 'd/new': '1', 'd/taken': 'theirs', 'd/changed': 'since' });
    expect(await trashed(root)).toEqual([['a', 'replaced', 'old']]);
  });

  it('all are complete and synced before the first one has its place', async () => {
    const root = rootWith({});
    const before = root.files.calls.length;
    await root.disk.writeAll(['a', 'b', 'c'].map((name, at) => small(name, name, `${at}`)));
    const names = root.files.calls.slice(before).map(({ name }) => name);
    expect(names.lastIndexOf('write')).toBeLessThan(names.indexOf('sync'));
    expect(names.lastIndexOf('sync')).toBeLessThan(names.indexOf('link'));
    expect(names.filter((name) => name === 'sync')).toHaveLength(3);
  });

  it('take nothing of the reserve of the node', async () => {
    const root = rootWith({}, { room: 10_000, reserveBytes: 500 });
    await root.disk.place(await stage(root, 'a', 'x'.repeat(9501)));
    expect(await root.disk.writeAll([small('b', '1')])).toEqual([{ outcome: 'failed', code: 'ENOSPC' }]);
    expect(Object.keys(visible(root))).toEqual(['a']);
  });
});

describe('directories (rule 12)', () => {
  it('are made with those above them, and removed when nothing or only droppings are left', async () => {
    const root = rootWith({ 'x/file': '1' });
    expect(await root.disk.makeDirectory(p('a/b/c'))).toMatchObject({ outcome: 'made', stat: { kind: 'directory' } });
    expect((await root.disk.makeDirectory(p('a/b'))).outcome).toBe('there');
    expect(await root.disk.makeDirectory(p('x/file/below'))).toEqual({ outcome: 'taken' });
    root.user.write(root.at('a/b/c/.DS_Store'), 'mac');
    expect(await root.disk.removeDirectory(p('a/b'), note)).toBe('kept');
    expect(await root.disk.removeDirectory(p('a/b/c'), { ...note, reason: 'directory-removed' })).toBe('removed');
    expect(await root.disk.removeDirectory(p('a/b'), note)).toBe('removed');
    expect(await root.disk.removeDirectory(p('a/b'), note)).toBe('absent');
    expect(await trashed(root)).toEqual([['a/b/c/.DS_Store', 'directory-removed', 'mac']]);
  });

  it('what a person ignores by rules of their own keeps its directory', async () => {
    const root = rootWith({ 'd/build.log': '1', 'd/.DS_Store': 'mac' });
    expect(await root.disk.removeDirectory(p('d'), note)).toBe('kept');
    expect(visible(root)).toEqual({ 'd/build.log': '1', 'd/.DS_Store': 'mac' });
  });

  it('settle makes names durable, and a directory that is gone stops nothing', async () => {
    const root = rootWith({ 'd/a': '1' });
    root.files.tree.settle();
    await root.disk.place(await stage(root, 'd/b', 'new'));
    await root.disk.settle([p('d'), p('gone'), ROOT]);
    root.files.tree.cut({ keep: 0, bytes: false });
    expect(visible(root)).toEqual({ 'd/a': '1', 'd/b': 'new' });
  });
});
