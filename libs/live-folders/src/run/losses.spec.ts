import { MEMORY_ROOT } from '../testing/memory-root.js';
import { TestMembers } from '../testing/members.js';
import { deletions, issuesOf, many, passUnder, records, two, twoWithMore } from '../testing/world.suite.js';

// Ways in which a folder could lose what somebody has.

describe('a disk that goes while files come in', () => {
  it('and is back later: what went into its mount point was never on it, and is not deleted for everybody', async () => {
    for (let nth = 10; nth <= 130; nth += 40) {
      await using world = await twoWithMore();
      const { a, b, members } = world;
      await passUnder(a, { nth, fate: { unmount: MEMORY_ROOT } });
      await a.restart();
      await members.settle();
      expect([nth, await deletions(b)]).toEqual([nth, 0]);
      expect(a.files()).toEqual(b.files());
    }
  });

  it('and is back before the pass ends: the same', async () => {
    for (let nth = 10; nth <= 130; nth += 40) {
      await using world = await twoWithMore();
      const { a, b, members } = world;
      const back = { nth: nth + 36, fate: { act: () => a.root.files.remount(MEMORY_ROOT) } };
      await passUnder(a, { nth, fate: { unmount: MEMORY_ROOT } }, back);
      await members.settle();
      expect([nth, await deletions(b)]).toEqual([nth, 0]);
      expect(a.files()).toEqual(b.files());
    }
  });
});

describe('a disk that is away for some seconds within a pass', () => {
  it('is no witness of an absence', async () => {
    for (const [nth, back] of [
      [5, 5],
      [8, 5],
      [12, 5],
    ] as const) {
      await using world = await two({ a: 'one', b: 'two' });
      const { a, b, members } = world;
      const begin = a.root.time.ticks();
      const isLater = (): boolean => a.root.time.ticks() > begin + 1900;
      await passUnder(
        a,
        { nth, fate: { unmount: MEMORY_ROOT } },
        {
          when: ({ name, path }) => name === 'lstat' && path === MEMORY_ROOT && isLater(),
          nth: back,
          fate: { act: () => a.root.files.remount(MEMORY_ROOT) },
        },
      );
      await members.meet();
      expect([nth, back, await deletions(b)]).toEqual([nth, back, 0]);
      await members.settle();
      expect(await a.info()).toMatchObject({ state: 'up-to-date' });
      expect([nth, back, await deletions(b)]).toEqual([nth, back, 0]);
    }
  });
});

describe('an old copy', () => {
  it('of a folder that only received since: rolls nothing back', async () => {
    await using world = await two({ a: 'old a' });
    const { a, b, members } = world;
    const backup = b.root.all();
    b.root.time.advance(120_000);
    a.root.time.advance(120_000);
    a.write('a', 'new a');
    await members.settle();
    expect(b.files()).toEqual({ a: 'new a' });
    for (const [path, text] of Object.entries(backup)) b.write(path, text);
    await members.settle();
    expect(await b.info()).toMatchObject({ state: 'paused', reason: 'old-copy' });
    expect(a.files()).toEqual({ a: 'new a' });
  });
});

describe('deletions', () => {
  it('of a pass that fails afterwards are counted with those of the next', async () => {
    for (let nth = 40; nth <= 48; nth += 2) {
      await using world = await two(many(12));
      const { a, b, members } = world;
      const paths = Object.keys(a.files());
      for (const path of paths.slice(0, 6)) a.remove(path);
      a.root.files.script({ nth, fate: { errno: 'EIO' } });
      await a.folder?.pass().catch(() => undefined);
      a.root.files.script();
      for (const path of paths.slice(6)) a.remove(path);
      await a.settle();
      await members.meet();
      expect([nth, (await deletions(b)) < 12]).toEqual([nth, true]);
    }
  });

  it('are counted over a restart that came before the pass ended', async () => {
    await using world = await two(many(12));
    const { a, b, members } = world;
    const paths = Object.keys(a.files());
    for (const path of paths.slice(0, 6)) a.remove(path);
    let signed = false;
    a.catalogue.onChange(() => (signed = true));
    a.root.files.script({ when: () => signed, fate: { crash: { keep: 100, bytes: true } } });
    await a.folder?.pass().catch(() => undefined);
    expect(signed).toBe(true);
    await a.restart();
    for (const path of paths.slice(6)) a.remove(path);
    await a.settle();
    await members.meet();
    expect(await deletions(b)).toBe(6);
    expect(await a.info()).toMatchObject({ state: 'held' });
  });

  it('are not signed where the machine slept since the pass began', async () => {
    await using world = await two();
    const { a, b, members } = world;
    a.remove('a');
    await passUnder(a, { nth: 5, fate: { act: () => void (a.isSynced = false) } });
    await members.meet();
    expect(await deletions(b)).toBe(0);
    a.sync(true);
    await members.settle();
    expect(await deletions(b)).toBe(1);
  });
});

describe('a person who changes a folder during a pass', () => {
  it('and pauses it: nothing is signed or written afterwards', async () => {
    await using world = await two();
    const { a, b, members } = world;
    const { id } = await a.info();
    b.write('b', 'from b');
    await b.settle();
    await members.meet();
    const before = await records(a);
    a.write('a', 'changed');
    await passUnder(a, { nth: 6, fate: { act: () => void a.live.patch(id, { paused: true }) } });
    expect(await records(a)).toBe(before);
    expect(a.files()['b']).toBe('two');
    await a.live.patch(id, { paused: false });
    await members.settle();
    expect(a.files()).toEqual(b.files());
    expect(b.files()).toMatchObject({ a: 'changed', b: 'from b' });
  });

  it('and links it again: both sides meet anew, whatever the pass was about', async () => {
    await using world = await two();
    const { a, members } = world;
    const { id } = await a.info();
    a.remove('a');
    const relinked: Promise<unknown>[] = [];
    await passUnder(a, { nth: 6, fate: { act: () => void relinked.push(a.live.relink(id)) } });
    await Promise.all(relinked);
    expect(a.folder?.stored.meeting).toBe(true);
    await members.settle();
    expect(await deletions(a)).toBe(0);
    expect(a.files()).toMatchObject({ a: 'one' });
  });
});

describe('two bindings at once', () => {
  it('of what overlaps: one of them is refused', async () => {
    await using members = new TestMembers();
    const a = await members.add();
    const asked = await Promise.allSettled([
      a.live.bind({ root: MEMORY_ROOT, prefix: 'p' }),
      a.live.bind({ root: '/mnt/other', prefix: 'p/q' }),
    ]);
    expect(asked).toMatchObject([{ status: 'fulfilled' }, { reason: { code: 'folder-overlap' } }]);
    expect(await a.live.list()).toHaveLength(1);
  });
});

describe('what is found under a name of ours', () => {
  it('that nobody knows: goes to the trash, and is no file of the network', async () => {
    await using world = await two();
    const { a, members } = world;
    const before = await records(a);
    a.write(`.dfs-tmp-${'a'.repeat(26)}-f00d`, 'of nobody knows what');
    await members.settle();
    a.root.time.advance(5000);
    await members.settle();
    expect(a.trash()).toContain('of nobody knows what');
    expect(await records(a)).toBe(before);
  });
});

describe('a folder that only received', () => {
  it('and sends from now on: what differed from the beginning replaces nothing', async () => {
    await using members = new TestMembers();
    const [a, b] = [await members.add(), await members.add()];
    a.write('a', 'first');
    await a.bind();
    await members.settle();
    a.write('a', 'of the network');
    await members.settle();
    b.root.time.advance(100_000);
    b.write('a', 'was here before');
    const { id } = await b.bind({ mode: 'receive' });
    await members.settle();
    expect(b.files()).toEqual({ a: 'was here before' });
    await b.live.patch(id, { mode: 'both' });
    await members.settle();
    expect(a.files()).toEqual({ a: 'of the network' });
    expect(b.files()).toEqual({ a: 'of the network' });
    expect(b.trash()).toContain('was here before');
    expect(await a.versions('p/a')).toContain('was here before');
  });

  it('and sends from now on: what was never here is not deleted', async () => {
    await using members = new TestMembers();
    const [a, b] = [await members.add(), await members.add()];
    a.write('a', 'of the network');
    await a.bind();
    await members.settle();
    b.write('a', 'was here before');
    const { id } = await b.bind({ mode: 'receive' });
    await members.settle();
    b.remove('a');
    await members.settle();
    await b.live.patch(id, { mode: 'both' });
    await members.settle();
    expect(await deletions(a)).toBe(0);
    expect(b.files()).toEqual({ a: 'of the network' });
  });
});

describe('a disk that folds case', () => {
  it('moves nothing of others, whatever is looked at', async () => {
    await using members = new TestMembers();
    const [a, b] = [await members.add(), await members.add({ foldsCase: true })];
    a.write('A/x', 'in the upper one');
    await a.bind();
    await b.bind();
    await members.settle();
    const before = await records(a);
    a.write('a/y', 'in the lower one');
    await a.settle();
    await members.meet();
    for (let turn = 0; turn < 4; turn++) {
      await b.passOverDirty();
      b.tell(['A']);
      b.tell(['']);
    }
    await members.meet();
    expect(await records(a)).toBe(before + 1);
  });
});

describe('a pass over what is dirty alone', () => {
  it('sees what is beneath a directory that took the place of another', async () => {
    await using world = await two({ 'd/x/one': '1', 'e/x/two': '2' });
    const { a, b, members } = world;
    a.rename('d', 'away');
    a.rename('e', 'd');
    a.write('d/x/three', '3');
    a.tell(['']);
    await a.passOverDirty();
    await members.meet();
    await b.passOverDirty();
    expect(a.files()).toEqual({ 'away/x/one': '1', 'd/x/two': '2', 'd/x/three': '3' });
    expect(b.files()).toEqual(a.files());
    expect(await deletions(b)).toBe(2);
  });

  it('sees what is beneath a directory that was elsewhere for a while', async () => {
    await using world = await two({ 'd/x/one': '1' });
    const { a, b, members } = world;
    a.root.user.rename(a.root.at('d'), '/mnt/away');
    a.tell(['']);
    await a.passOverDirty();
    a.root.user.write('/mnt/away/x/one', 'changed there');
    a.root.user.rename('/mnt/away', a.root.at('d'));
    a.tell(['']);
    await a.passOverDirty();
    await members.meet();
    await b.passOverDirty();
    expect(b.files()).toEqual({ 'd/x/one': 'changed there' });
  });

  it('takes away directories that others emptied, and those above them', async () => {
    await using world = await two({ 'x/y/z/a': 'one', b: 'two' });
    const { a, b, members } = world;
    for (const path of ['x/y/z/a', 'x/y/z', 'x/y', 'x']) a.remove(path);
    await a.settle();
    await members.meet();
    await b.passOverDirty();
    expect(b.root.files.tree.find(b.root.at('x'))).toBeUndefined();
  });

  it('leaves no end of a move that others made, where somebody took the new name meanwhile', async () => {
    await using world = await two({ a: 'one', b: 'two' });
    const { a, b, members } = world;
    b.rename('a', 'c');
    await b.settle();
    await members.meet();
    const isTaking = ({ name, to }: { name: string; to?: string }): boolean => name === 'link' && to === a.root.at('c');
    a.root.files.script({ when: isTaking, nth: 1, fate: { act: () => a.write('c', 'written on a') } });
    await a.passOverDirty();
    a.root.files.script();
    expect(a.files()).not.toHaveProperty('a');
    await members.meet();
    await b.passOverDirty();
    expect(b.files()).toEqual(a.files());
    expect(await b.versions('p/c')).toEqual(expect.arrayContaining(['one', 'written on a']));
  });

  it('leaves no end of a move that was made here, where others have written at the old path meanwhile', async () => {
    await using world = await two({ a: 'one', b: 'two' });
    const { a, b, members } = world;
    a.rename('a', 'c');
    b.write('a', 'written on b');
    await b.settle();
    a.root.files.script({ nth: 5, fate: { act: () => void members.meet() } });
    a.tell(['']);
    await a.passOverDirty();
    a.root.files.script();
    await members.meet();
    await b.passOverDirty();
    expect(a.files()).toEqual({ a: 'written on b', b: 'two', c: 'one' });
    expect(b.files()).toEqual(a.files());
  });
});

describe('a directory that cannot be listed for a while', () => {
  it('is looked at again by itself', async () => {
    await using world = await two();
    const { a, b, members } = world;
    a.write('d/new', 'new');
    a.root.files.script({
      when: ({ name, path }) => name === 'readdir' && path.endsWith('/d'),
      fate: { errno: 'EIO' },
    });
    a.tell(['d']);
    await a.passOverDirty();
    expect(await issuesOf(a)).toEqual([['unreadable', 'd']]);
    a.root.files.script();
    a.root.time.advance(60_000);
    await a.passOverDirty();
    await members.meet();
    await b.passOverDirty();
    expect(b.files()).toHaveProperty('d/new', 'new');
    expect(await issuesOf(a)).toEqual([]);
  });
});

describe('a directory that is left empty on one disk', () => {
  it('makes way for a file that others write in its place', async () => {
    await using world = await two({ 'd/y': 'one' });
    const { a, b, members } = world;
    a.rename('d/y', 'c');
    await members.settle();
    b.write('d', 'a file now');
    await members.settle();
    expect(a.files()).toEqual({ c: 'one', d: 'a file now' });
    expect(b.files()).toEqual(a.files());
    expect(await issuesOf(a)).toEqual([]);
  });

  it('stays where something is in it that is left out, and the file is told of', async () => {
    await using world = await two({ 'd/y': 'one' });
    const { a, b, members } = world;
    await a.live.patch((await a.info()).id, { ignore: ['*.mine'] });
    a.write('d/left.mine', 'of this disk alone');
    a.rename('d/y', 'c');
    await members.settle();
    b.write('d', 'a file now');
    await members.settle();
    expect(a.files()).toEqual({ c: 'one', 'd/left.mine': 'of this disk alone' });
    expect(await issuesOf(a)).toEqual([['hidden', 'd']]);
    expect(await a.info()).toMatchObject({ state: 'up-to-date' });
  });
});

describe('a file that was to come back from the trash', () => {
  it('by a copy that a crash cut short: its part is no file of the folder after the start', async () => {
    await using members = new TestMembers();
    const [a, b] = [await members.add({ noLinks: true }), await members.add()];
    for (const member of [a, b]) await member.bind();
    a.write('a', 'x'.repeat(100));
    await members.settle();
    b.remove('a');
    await members.settle();
    const { id } = await a.info();
    const [entry] = (await a.live.trash(id)).items;
    a.root.files.tree.settle();
    const isPart = ({ name, path }: { name: string; path: string }): boolean =>
      name === 'sync' && path === a.root.at('a');
    a.root.files.script({ when: isPart, nth: 1, fate: { crash: { keep: 100, bytes: true } } });
    await a.live.restoreTrash(id, entry?.id ?? '').catch(() => undefined);
    const part = a.root.files.tree.find(a.root.at('a'));
    expect(part).toBeDefined();
    a.root.files.tree.truncate(part as never, 40);
    await a.restart();
    const before = await records(a);
    await members.settle();
    expect(a.files()).toEqual({});
    expect(await records(a)).toBe(before);
    expect(a.trash()).toContain('x'.repeat(100));
  });
});
