import { MEMORY_ROOT } from '../testing/memory-root.js';
import { TestMembers } from '../testing/members.js';
import { deletions, issuesOf, many, records, two } from '../testing/world.suite.js';

// Accidents of others, each by its name.

describe('deletions', () => {
  it('of everything are held by name, and put back or done as a person says', async () => {
    await using world = await two(many(12));
    const { a, b, members } = world;
    for (const path of Object.keys(a.files())) a.remove(path);
    await members.settle();
    const { id, state, held } = await a.info();
    expect([state, held]).toEqual(['held', 12]);
    expect(Object.keys(b.files())).toHaveLength(12);
    const [hold] = await a.live.held(id);
    expect(hold).toMatchObject({ count: 12, paths: expect.arrayContaining(['p/f00000', 'p/f00011']) as string[] });
    await a.live.answerHold(id, hold?.id as string, { action: 'restore' });
    await members.settle();
    expect(Object.keys(a.files())).toHaveLength(12);
    for (const path of Object.keys(a.files())) a.remove(path);
    await members.settle();
    const [again] = await a.live.held(id);
    await a.live.answerHold(id, again?.id as string, { action: 'delete' });
    await members.settle();
    expect(await deletions(b)).toBe(12);
    // Of everything by others: it is asked about before the disk is touched.
    expect(await b.info()).toMatchObject({ state: 'paused', reason: 'prefix-gone' });
    expect(Object.keys(b.files())).toHaveLength(12);
    await b.live.patch((await b.info()).id, { prefixGone: 'empty' });
    await members.settle();
    expect(b.files()).toEqual({});
    expect(b.trash()).toEqual(expect.arrayContaining(['text 0', 'text 11']));
  });

  it('of everything are held also where others have removed some within the ten minutes', async () => {
    await using world = await two(many(12));
    const { a, b, members } = world;
    b.remove('f00000');
    await b.settle();
    await members.settle();
    expect(Object.keys(a.files())).toHaveLength(11);
    for (const path of Object.keys(a.files())) a.remove(path);
    await a.settle();
    expect(await a.info()).toMatchObject({ state: 'held', held: 11 });
  });

  it('that are held end where others edit: their version comes to the disk', async () => {
    await using world = await two(many(12));
    const { a, b, members } = world;
    for (const path of Object.keys(a.files())) a.remove(path);
    await members.settle();
    b.write('f00003', 'edited while it was held');
    await members.settle();
    expect(a.files()).toEqual({ f00003: 'edited while it was held' });
    expect(await a.info()).toMatchObject({ state: 'held', held: 11 });
  });

  it('one by one are counted together', async () => {
    await using world = await two(many(12));
    const { a, b, members } = world;
    for (const path of Object.keys(a.files())) {
      a.remove(path);
      await a.settle();
    }
    await members.settle();
    expect(Object.keys(b.files()).length).toBeGreaterThan(0);
    expect(await a.info()).toMatchObject({ state: 'held' });
  });

  it('wait until this node has synced', async () => {
    await using world = await two();
    const { a, b, members } = world;
    a.isSynced = false;
    a.remove('a');
    await members.settle();
    expect(await deletions(b)).toBe(0);
    a.sync(true);
    await members.settle();
    expect(await deletions(b)).toBe(1);
  });
});

describe('a folder', () => {
  it('that is idle asks nothing of the network and signs nothing, whatever passes over it', async () => {
    await using world = await two();
    const { a, members } = world;
    const before = await records(a);
    for (let round = 0; round < 3; round++) await members.settle();
    expect(await records(a)).toBe(before);
  });

  it('looks only at what is dirty', async () => {
    await using members = new TestMembers();
    const a = await members.add();
    for (const [path, text] of Object.entries({ ...many(20, 'x/'), ...many(20, 'y/') })) a.write(path, text);
    await a.bind();
    await members.settle();
    a.root.files.calls.length = 0;
    a.write('x/f00000', 'changed');
    a.tell(['x']);
    await a.passOverDirty();
    expect((await a.catalogue.byPath('p/x/f00000'))?.size).toBe('changed'.length);
    expect(a.root.files.calls.filter(({ path }) => path.startsWith(a.root.at('y/')))).toEqual([]);
  });

  it('that only receives lists local changes, and one that only sends those of others; each can be settled by name', async () => {
    await using members = new TestMembers();
    const [a, b, c] = [await members.add(), await members.add(), await members.add()];
    a.write('a', 'one');
    await a.bind();
    await b.bind({ mode: 'receive' });
    await c.bind({ mode: 'send' });
    await members.settle();
    a.write('a', 'two');
    await members.settle();
    expect(b.files()).toEqual({ a: 'two' });
    expect(c.files()).toEqual({});
    b.write('a', 'changed where it only receives');
    b.write('b', 'only here');
    c.write('a', 'changed where it only sends');
    await members.settle();
    expect(await issuesOf(b)).toEqual([
      ['local-change', 'a'],
      ['local-change', 'b'],
    ]);
    b.live.revert((await b.info()).id, ['b']);
    await members.settle();
    expect(b.files()).toEqual({ a: 'changed where it only receives' });
    expect(b.trash()).toContain('only here');
    expect(await issuesOf(c)).toEqual([['remote-change', 'a']]);
    c.live.override((await c.info()).id, ['a']);
    await members.settle();
    expect(a.files()).toEqual({ a: 'changed where it only sends' });
    expect(await issuesOf(c)).toEqual([]);
    // Now the network has changed that path.
    expect(b.files()).toEqual(a.files());
    expect(b.trash()).toContain('changed where it only receives');
  });

  it('is not bound where another one is, or where none may be', async () => {
    await using world = await two();
    const { a } = world;
    await expect(a.live.bind({ root: `${MEMORY_ROOT}/d`, prefix: 'z' })).rejects.toMatchObject({
      code: 'folder-overlap',
    });
    await expect(a.live.bind({ root: '/mnt/other', prefix: 'p/d' })).rejects.toMatchObject({ code: 'folder-overlap' });
    await expect(a.live.bind({ root: '/etc', prefix: 'z' })).rejects.toMatchObject({ code: 'folder-root-refused' });
  });
});
