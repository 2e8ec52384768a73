import { TestMembers, type TestMember } from '../testing/members.js';
import { issuesOf, many, two } from '../testing/world.suite.js';

/** Calls of the file system so far, by name. */
function calls({ root }: TestMember, name: string): number {
  return root.files.calls.filter((call) => call.name === name).length;
}

describe('many small files', () => {
  it('come whole and as they are, by few units of work; those that fail stop no other', async () => {
    await using world = await two({ a: 'one' });
    const { a, b, members } = world;
    const files = many(300, 'd/');
    for (const [path, text] of Object.entries({ ...files, empty: '', zeros: '\0'.repeat(10_000) })) a.write(path, text);
    a.root.files.tree.resolve(a.root.at('d/f00007')).mode |= 0o111;
    b.root.files.script({
      when: ({ name, path }) => name === 'open' && path.startsWith(b.root.at('d/.dfs-tmp')),
      nth: 5,
      fate: { errno: 'EACCES' },
    });
    await members.settle();
    expect(b.files()).toEqual({ a: 'one', empty: '', zeros: '\0'.repeat(10_000), ...files });
    expect(b.root.files.tree.statOf(b.root.files.tree.resolve(b.root.at('d/f00007'))).executable).toBe(true);
    expect(await issuesOf(b)).toEqual([]);
    expect(await b.info()).toMatchObject({ state: 'up-to-date', files: 303 });
  });

  it('each is synced before it has its place', async () => {
    await using world = await two({ a: 'one' });
    const { a, b, members } = world;
    for (const [path, text] of Object.entries(many(100))) a.write(path, text);
    await a.settle();
    await members.meet();
    const [syncs, links] = [calls(b, 'sync'), calls(b, 'link')];
    const synced = new Set<string>();
    b.root.files.onCall = ({ name, path }) => {
      b.root.time.advance(1);
      if (name === 'sync') synced.add(path);
      if (name === 'link' && !synced.has(path)) throw new Error(`${path} has its place before it is on the disk`);
    };
    await b.settle();
    expect(calls(b, 'link') - links).toBe(100);
    expect(calls(b, 'sync') - syncs).toBeGreaterThanOrEqual(101);
    expect(b.files()).toEqual(a.files());
  });

  it('in a directory that only they have: on a disk that folds case too, it is one directory for all of them', async () => {
    await using members = new TestMembers();
    const [a, b] = [await members.add(), await members.add({ foldsCase: true })];
    await a.bind();
    await b.bind();
    for (const [path, text] of Object.entries(many(200, 'new/deep/'))) a.write(path, text);
    await members.settle();
    expect(await issuesOf(b)).toEqual([]);
    expect(b.files()).toEqual(a.files());
  });

  it('one that changes while others are read is read when it stands still', async () => {
    await using world = await two({ a: 'one' });
    const { a, b, members } = world;
    for (const [path, text] of Object.entries(many(100))) a.write(path, text);
    a.root.files.script({
      when: ({ name, path }) => name === 'read' && path === a.root.at('f00050'),
      nth: 1,
      fate: { act: () => a.write('f00050', 'written meanwhile') },
    });
    await members.settle();
    expect(b.files()).toEqual({ ...many(100), a: 'one', f00050: 'written meanwhile' });
    expect(await a.versions('p/f00050')).toEqual(['written meanwhile']);
  });

  it('those whose bytes nobody has are told of, and come when a member is there that has them', async () => {
    await using world = await two({ a: 'one' });
    const { a, b, members } = world;
    for (const [path, text] of Object.entries(many(20))) a.write(path, text);
    await a.settle();
    await members.meet();
    a.isOnline = false;
    await b.settle();
    expect(await issuesOf(b)).toEqual(Object.keys(many(20)).map((path) => ['unavailable', path]));
    a.isOnline = true;
    b.compare();
    await b.folder?.passOverDirty();
    expect(await issuesOf(b)).toEqual([]);
    expect(b.files()).toEqual(a.files());
  });

  it('that the folder signed itself are not looked at once more', async () => {
    await using world = await two({ a: 'one' });
    const { a } = world;
    for (const [path, text] of Object.entries(many(50))) a.write(path, text);
    a.root.time.advance(60_000);
    a.tell(['']);
    const before = calls(a, 'readdir');
    await a.folder?.passOverDirty();
    expect(await a.info()).toMatchObject({ state: 'up-to-date', files: 51 });
    // One listing: the names before and after.
    expect(calls(a, 'readdir') - before).toBe(2);
  });
});
