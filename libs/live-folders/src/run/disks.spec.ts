import { TestMembers } from '../testing/members.js';
import { MEMORY_ROOT } from '../testing/memory-root.js';
import { deletions, issuesOf, many, passUnder, records, two } from '../testing/world.suite.js';

// Accidents of others, each by its name.

describe('a disk', () => {
  it('unplugged during a pass: nothing is deleted, and all goes on when it is back', async () => {
    await using world = await two();
    const { a, b, members } = world;
    for (let nth = 1; nth <= 60; nth += 3) {
      await passUnder(a, { nth, fate: { unmount: MEMORY_ROOT } });
    }
    await members.settle();
    expect(await deletions(b)).toBe(0);
    expect(Object.keys(b.files())).toEqual(['a', 'b', 'd/c']);
    expect(await a.info()).toMatchObject({ state: 'up-to-date' });
  });

  it('unplugged while 1,000 files change: nothing is deleted, and all of them arrive when it is back', async () => {
    await using world = await two(many(100));
    const { a, b, members } = world;
    const changed = many(1000);
    for (const path of Object.keys(changed)) a.write(path, 'changed');
    a.remove('f00007');
    let signed = 0;
    a.catalogue.onChange((changes) => (signed += changes.length));
    a.root.files.script({ when: () => signed >= 500, fate: { unmount: MEMORY_ROOT } });
    await a.settle();
    a.root.files.script();
    await members.meet();
    expect(await a.info()).toMatchObject({ state: 'paused', reason: 'marker-missing' });
    expect(await deletions(b)).toBe(0);
    a.root.files.remount(MEMORY_ROOT);
    await members.settle();
    expect(await a.info()).toMatchObject({ state: 'up-to-date' });
    expect(b.files()).toEqual(a.files());
    expect(Object.values(b.files())).toEqual(Array.from({ length: 999 }, () => 'changed'));
    expect(await deletions(b)).toBe(1);
  });

  it('whose mount point is empty at the start: the folder pauses and says why', async () => {
    await using world = await two();
    const { a, b, members } = world;
    a.root.files.script({ nth: 1, fate: { unmount: MEMORY_ROOT } });
    await a.folder?.pass();
    const { files } = a.root;
    await a.restart();
    await members.settle();
    expect(await a.info()).toMatchObject({ state: 'paused', reason: 'marker-missing' });
    expect(await deletions(b)).toBe(0);
    files.remount(MEMORY_ROOT);
    await members.settle();
    expect(await a.info()).toMatchObject({ state: 'up-to-date' });
  });

  it('that is looked for again is told as away until it is back', async () => {
    await using world = await two();
    const { a, members } = world;
    a.root.files.script({ nth: 1, fate: { unmount: MEMORY_ROOT } });
    await a.folder?.pass();
    await members.settle();
    const told: ReturnType<typeof a.live.standing>[] = [];
    const look = (): boolean => {
      told.push(a.live.standing());
      return false;
    };
    a.root.files.script({ when: look, fate: { unmount: MEMORY_ROOT } });
    await a.folder?.pass();
    expect(told.length).toBeGreaterThan(0);
    for (const [standing] of await Promise.all(told)) {
      expect(standing).toMatchObject({ state: 'paused', reason: 'marker-missing' });
    }
    a.root.files.script();
    a.root.files.remount(MEMORY_ROOT);
    await members.settle();
    expect(await a.info()).toMatchObject({ state: 'up-to-date' });
  });

  it('of the network that is not yet mounted, or hangs: the same, and other folders go on', async () => {
    await using world = await two();
    const { a, b, members } = world;
    a.root.files.script({ fate: { errno: 'ENOTCONN' } });
    await a.folder?.pass();
    expect(await a.info()).toMatchObject({ state: 'error', reason: 'disk-error' });
    a.root.files.script({ fate: 'hang' });
    const pass = a.folder?.pass();
    b.write('a', 'changed on b');
    await b.settle();
    expect(await b.info()).toMatchObject({ state: 'up-to-date' });
    a.root.files.script();
    a.root.files.release();
    await pass;
    await members.settle();
    expect(a.files()['a']).toBe('changed on b');
    expect(await deletions(b)).toBe(0);
  });

  it('that is full stops what comes in, of that folder alone, and nothing half written is left', async () => {
    await using world = await two();
    const { a, b, members } = world;
    b.write('new', 'as long as it is');
    await b.settle();
    await members.meet();
    a.root.files.script({ when: ({ name }) => name === 'write', fate: { errno: 'ENOSPC' } });
    a.write('from a', 'goes out all the same');
    await a.settle();
    expect(await a.info()).toMatchObject({ state: 'error', reason: 'no-room' });
    expect(Object.keys(a.root.all()).filter((name) => name.includes('.dfs-tmp'))).toEqual([]);
    a.root.files.script();
    await members.settle();
    expect(a.files()).toEqual(b.files());
    expect(Object.keys(b.files())).toContain('from a');
  });
});

describe('a disk that is full', () => {
  it('takes what comes in in place of files in the trash that others hold, the oldest first; bytes of no version stay', async () => {
    await using members = new TestMembers();
    const [a, b] = [await members.add(), await members.add({ room: 40_000 })];
    const text = (of: string): string => of.repeat(8000);
    for (const name of ['1', '2', '3']) a.write(name, text(name));
    await a.bind();
    await b.bind();
    await members.settle();
    for (const name of ['1', '2', '3']) {
      a.root.time.advance(120_000);
      b.root.time.advance(120_000);
      a.remove(name);
      await members.settle();
    }
    // Never seen by anybody, and in the trash since a person took the path of the network for it.
    b.root.user.write(b.root.at('.dfs-trash/00000000aa-aaaaaaaaaa'), text('x'));
    b.root.time.advance(120_000);
    a.write('new', text('n'));
    await members.settle();
    expect(await b.info()).toMatchObject({ state: 'up-to-date', reason: null });
    expect(b.files()).toEqual({ new: text('n') });
    expect(b.trash()).toEqual(expect.arrayContaining([text('x'), text('3'), text('2')]));
    expect(b.trash()).not.toContain(text('1'));
    // Where nobody else promises them, they stay, and what comes in waits.
    a.promises = false;
    a.write('more', text('m'));
    await members.settle();
    expect(await b.info()).toMatchObject({ state: 'error', reason: 'no-room' });
    expect(b.trash()).toEqual(expect.arrayContaining([text('x'), text('3'), text('2')]));
    a.promises = true;
    b.root.time.advance(120_000);
    await members.settle();
    expect(b.files()).toEqual({ new: text('n'), more: text('m') });
    expect(b.trash()).not.toContain(text('2'));
  });
});

describe('a marker', () => {
  it('made again by hand, of another folder or with another number, stops the folder until it is linked again', async () => {
    await using world = await two();
    const { a, b, members } = world;
    const marker = a.root.all()['.dfs-folder'] as string;
    a.remove('.dfs-folder');
    for (const path of ['a', 'b']) a.remove(path);
    await members.settle();
    expect(await a.info()).toMatchObject({ state: 'paused', reason: 'marker-missing' });
    a.write(
      '.dfs-folder',
      marker.replace(/"nonce":"(.)/, (_, digit) => `"nonce":"${digit === '0' ? '1' : '0'}`),
    );
    await members.settle();
    expect(await a.info()).toMatchObject({ state: 'paused', reason: 'marker-other' });
    a.write('.dfs-folder', marker.replace('"epoch":', '"epoch":9'));
    await members.settle();
    expect(await a.info()).toMatchObject({ state: 'paused', reason: 'old-copy' });
    expect(await deletions(b)).toBe(0);
    await a.live.relink((await a.info()).id);
    await members.settle();
    expect(a.files()).toEqual({ a: 'one', b: 'two', 'd/c': 'three' });
    expect(await deletions(b)).toBe(0);
  });

  it('of another folder: the root is not bound', async () => {
    await using world = await two();
    const { a, b } = world;
    await b.live.remove((await b.info()).id);
    b.folder = undefined;
    b.write('.dfs-folder', a.root.all()['.dfs-folder'] as string);
    await expect(b.bind()).rejects.toMatchObject({ code: 'folder-bound' });
  });

  it('of a folder that was removed here does not stand in the way of binding it again', async () => {
    await using world = await two();
    const { a, b, members } = world;
    await b.live.remove((await b.info()).id);
    b.folder = undefined;
    a.write('a', 'changed meanwhile');
    await members.settle();
    expect(b.files()['a']).toBe('one');
    await b.bind();
    await members.settle();
    expect(b.files()).toEqual(a.files());
    expect(a.files()['a']).toBe('changed meanwhile');
    expect(b.trash()).toContain('one');
  });
});

describe('an old copy', () => {
  it('of the folder rolls nothing back and brings nothing back', async () => {
    await using world = await two({ a: 'old a', b: 'old b', c: 'old c' });
    const { a, b, members } = world;
    const backup = a.root.all();
    a.root.time.advance(120_000);
    a.write('a', 'new a');
    a.remove('b');
    await members.settle();
    const { id } = await a.info();
    for (const [path, text] of Object.entries(backup)) a.write(path, text);
    a.write('never seen', 'only in the backup');
    a.root.time.advance(120_000);
    a.write('c', 'written after it');
    await members.settle();
    expect(await a.info()).toMatchObject({ state: 'paused', reason: 'old-copy' });
    await a.live.relink(id);
    await members.settle();
    expect(b.files()).toEqual({ a: 'new a', c: expect.any(String) as string, 'never seen': 'only in the backup' });
    expect(a.files()).toMatchObject({ a: 'new a', b: 'old b' });
    expect(await issuesOf(a)).toContainEqual(['deleted-elsewhere', 'b']);
    expect(await b.versions('p/c')).toEqual(expect.arrayContaining(['old c', 'written after it']));
    expect(a.trash()).toContain('old a');
    a.live.revert(id, ['b']);
    await members.settle();
    expect(a.files()).toEqual(b.files());
    expect(a.trash()).toContain('old b');
  });

  it('of the database of the node: the folder pauses before it signs anything', async () => {
    await using world = await two();
    const { a, b, members } = world;
    const stored = a.folder?.stored as { epoch: number };
    const before = await records(a);
    a.write('a', 'changed');
    await members.settle();
    // The database as it was before the epoch was raised.
    stored.epoch -= 1;
    a.remove('b');
    await members.settle();
    expect(await a.info()).toMatchObject({ state: 'paused', reason: 'old-copy' });
    expect(await records(b)).toBe(before + 1);
  });

  it('of the whole database: nothing that was deleted returns unasked, and nothing current is overwritten', async () => {
    await using world = await two({ a: 'old a', b: 'old b', c: 'old c', d: 'old d' });
    const { b, members } = world;
    let { a } = world;
    const copy = await a.copyDatabase();
    a.root.time.advance(120_000);
    a.write('a', 'new a');
    a.remove('b');
    a.write('e', 'made since');
    await members.settle();
    b.write('d', 'new d');
    await members.settle();
    a = await members.putBack(a, copy);
    // Changes from the time in which no pass looked.
    a.write('c', 'written since');
    const before = await deletions(b);
    await members.settle();
    expect(await a.info()).toMatchObject({ state: 'paused', reason: 'old-copy' });
    expect(b.files()).toEqual({ a: 'new a', c: 'old c', d: 'new d', e: 'made since' });
    await a.live.relink((await a.info()).id);
    await members.settle();
    expect(await a.info()).toMatchObject({ state: 'up-to-date' });
    expect(a.files()).toEqual(b.files());
    expect(b.files()).toMatchObject({ a: 'new a', d: 'new d', e: 'made since' });
    expect(b.files()).not.toHaveProperty('b');
    expect(await b.versions('p/c')).toEqual(expect.arrayContaining(['old c', 'written since']));
    expect(await deletions(b)).toBe(before);
  });

  it('that was away for longer than the retention, a laptop: nothing deleted returns, nothing current is overwritten', async () => {
    await using world = await two({ ...many(10), a: 'old a', b: 'old b', c: 'old c' });
    const { a, b, members } = world;
    b.isOnline = false;
    a.remove('a');
    a.write('b', 'new b');
    a.rename('f00000', 'moved');
    await a.settle();
    // Nobody has the contents of what was deleted and replaced any more.
    a.root.time.advance(60 * 24 * 3_600_000);
    b.root.time.advance(60 * 24 * 3_600_000);
    await a.settle();
    for (const path of ['p/a', 'p/b']) await a.forget(path);
    // Written on the laptop meanwhile, over what was deleted too.
    b.write('c', 'written on the way');
    b.write('own', 'only on the laptop');
    await b.restart();
    b.sync(false);
    await b.settle();
    b.isOnline = true;
    await members.meet();
    b.sync(true);
    await members.settle();
    expect(b.files()).toEqual(a.files());
    expect(a.files()).toMatchObject({
      b: 'new b',
      c: 'written on the way',
      own: 'only on the laptop',
      moved: 'text 0',
    });
    expect(Object.keys(a.files())).toHaveLength(13);
    expect(a.files()).not.toHaveProperty('a');
    expect(a.files()).not.toHaveProperty('f00000');
    expect(b.trash()).toEqual(expect.arrayContaining(['old a', 'old b']));
    expect(await issuesOf(b)).toEqual([]);
  });

  it('a new server that is empty deletes nothing: it meets only when it knows what the others know', async () => {
    await using world = await two();
    const { b, members } = world;
    const c = await members.add();
    c.isSynced = false;
    c.isOnline = false;
    await c.bind();
    await members.settle();
    expect(await c.info()).toMatchObject({ state: 'paused', reason: 'not-synced' });
    c.isOnline = true;
    await members.meet();
    c.sync(true);
    await members.settle();
    expect(c.files()).toEqual(b.files());
    expect(await deletions(b)).toBe(0);
  });
});

describe('rules', () => {
  it('that change drop nothing on either side; what was deleted meanwhile is asked about', async () => {
    await using world = await two({ 'keep.txt': 'kept', 'work.log': 'log' });
    const { a, b, members } = world;
    const { id } = await a.info();
    await a.live.patch(id, { ignore: ['*.log'] });
    await members.settle();
    expect(b.files()).toEqual({ 'keep.txt': 'kept', 'work.log': 'log' });
    expect(a.files()).toEqual({ 'keep.txt': 'kept', 'work.log': 'log' });
    b.remove('work.log');
    await members.settle();
    expect(a.files()['work.log']).toBe('log');
    await a.live.patch(id, { ignore: [] });
    await members.settle();
    expect(b.files()).toEqual({ 'keep.txt': 'kept' });
    expect(a.files()['work.log']).toBe('log');
    expect(await issuesOf(a)).toEqual([['deleted-elsewhere', 'work.log']]);
    a.live.override(id, ['work.log']);
    await members.settle();
    expect(b.files()).toEqual(a.files());
  });

  it('of the disk that cannot be read stop the folder: what they leave out is not signed, and nothing is deleted', async () => {
    await using world = await two();
    const { a, b, members } = world;
    a.write('.dfsignore', 'private\n');
    a.write('private', 'of this disk alone');
    await members.settle();
    const before = await records(a);
    a.root.files.script({ when: ({ path }) => path === a.root.at('.dfsignore'), fate: { errno: 'EACCES' } });
    a.remove('a');
    await a.settle();
    expect(await a.info()).toMatchObject({ state: 'error', reason: 'rules-unreadable', issues: 1 });
    expect(await issuesOf(a)).toEqual([['unreadable', '.dfsignore']]);
    expect(await records(a)).toBe(before);
    a.root.files.script();
    await members.settle();
    expect(b.files()).toEqual({ b: 'two', 'd/c': 'three' });
    expect(await issuesOf(a)).toEqual([]);
    expect(await a.info()).toMatchObject({ state: 'up-to-date' });
  });

  it('of the disk that an editor is writing count when they stand still, and then for everything', async () => {
    await using world = await two({ 'd/kept': 'kept' });
    const { a, b, members } = world;
    a.write('.dfsignore', 'private\n');
    a.write('d/private', 'of this disk alone');
    await members.settle();
    // Cut short for a moment, and whole again with a further line at the second look.
    const rules = a.root.user.write(a.root.at('.dfsignore'), '');
    const isRead = ({ name, path }: { name: string; path: string }): boolean =>
      name === 'open' && path === a.root.at('.dfsignore');
    const act = (): void => a.root.user.append(rules, 'private\nelse\n');
    a.root.files.script({ when: isRead, nth: 2, fate: { act } });
    a.write('d/else', 'left out from now on');
    a.tell(['']);
    await a.passOverDirty();
    await members.settle();
    expect(b.files()).toEqual({ 'd/kept': 'kept' });
    // A rule less concerns directories in which nothing has changed.
    a.write('.dfsignore', 'else\n');
    a.tell(['']);
    await a.passOverDirty();
    await members.settle();
    expect(b.files()).toEqual({ 'd/kept': 'kept', 'd/private': 'of this disk alone' });
  });

  it('never touch what is ours, whatever a member writes', async () => {
    await using world = await two();
    const { a, b, members } = world;
    const paths = ['.dfsignore', '.dfs-folder', '.dfs-trash/x', 'd/.dfs-tmp-x'];
    const before = a.root.all()['.dfs-folder'];
    for (const path of paths) {
      const batch = b.chunks.batch('local');
      await b.db.write(async (tx) => {
        await batch.commit(tx);
        const file = {
          contentId: (await b.catalogue.byPath('p/a'))?.contentId as string,
          size: 3,
          mediaType: 'text/plain',
        };
        await b.catalogue.commit(tx, [{ kind: 'file', path: `p/${path}`, ...file }]);
      });
    }
    await members.settle();
    expect(a.root.all()['.dfs-folder']).toBe(before);
    expect(Object.keys(a.files())).toEqual(['a', 'b', 'd/c']);
  });
});
