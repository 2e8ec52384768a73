import { eventually } from '@dfs/testing';
import { MEMORY_ROOT } from '../testing/memory-root.js';
import { TestMembers, type TestMember } from '../testing/members.js';
import { deletions, issuesOf, many, passUnder, records, two } from '../testing/world.suite.js';
import { isPauseOver, LONGEST_PAUSE, untilPauseEnds } from './pause.js';

// Rules of live folders that no loss of others stands for, each by its number.

const MINUTE = 60_000;
/** Seconds. */
const HOUR = 3600;
const DAY = 24 * 60 * MINUTE;

function kindAt(member: TestMember, path: string): string | undefined {
  return member.root.files.tree.find(member.root.at(path))?.kind;
}

describe('a root that can only be read (rule 1)', () => {
  it('has no marker, only sends, and every deletion waits for a person', async () => {
    await using members = new TestMembers();
    const [a, b] = [await members.add(), await members.add()];
    a.write('a', 'one');
    a.write('b', 'two');
    a.root.files.tree.readOnly = true;
    await expect(a.bind()).rejects.toMatchObject({ code: 'validation-failed' });
    await a.bind({ mode: 'send' });
    await b.bind();
    await members.settle();
    expect(b.files()).toEqual({ a: 'one', b: 'two' });
    expect(Object.keys(a.root.all())).toEqual(['a', 'b']);
    a.root.files.tree.readOnly = false;
    a.remove('a');
    a.root.files.tree.readOnly = true;
    await members.settle();
    expect(await a.info()).toMatchObject({ state: 'held', held: 1 });
    expect(await deletions(b)).toBe(0);
    const { id } = await a.info();
    const [hold] = await a.live.held(id);
    await a.live.answerHold(id, hold?.id ?? '', { action: 'delete' });
    await members.settle();
    expect(b.files()).toEqual({ b: 'two' });
    expect(await a.info()).toMatchObject({ state: 'up-to-date' });
  });
});

describe('parents come from the base tree (rule 3)', () => {
  it('a local change replaces what the disk had and nothing else: what others wrote meanwhile is beside it', async () => {
    await using world = await two({ a: 'one' });
    const { a, b, members } = world;
    const before = (await a.catalogue.folders.heads(['p/a'])).get('p/a')?.[0]?.record;
    b.isOnline = false;
    b.write('a', 'by b');
    await b.settle();
    a.write('a', 'by a');
    await a.settle();
    b.isOnline = true;
    await members.meet();
    const heads = (await a.catalogue.folders.heads(['p/a'])).get('p/a') ?? [];
    expect(heads.map(({ record }) => record)).not.toContain(before);
    expect(heads).toHaveLength(2);
    await members.settle();
    expect(a.files()).toEqual(b.files());
    expect(await a.versions('p/a')).toEqual(expect.arrayContaining(['by a', 'by b']));
  });

  it('a deletion is signed only where others have written nothing since; else their version stands on the disk again', async () => {
    await using world = await two({ a: 'one', b: 'two' });
    const { a, b, members } = world;
    b.write('a', 'by b');
    await b.settle();
    await members.meet();
    a.remove('a');
    a.remove('b');
    await members.settle();
    expect(a.files()).toEqual({ a: 'by b' });
    expect(b.files()).toEqual({ a: 'by b' });
    expect(await deletions(b)).toBe(1);
  });

  it('that is judged anew when it is signed: what others said since the plan was made counts', async () => {
    await using world = await two({ a: 'one', b: 'two' });
    const { a, b, members } = world;
    b.write('a', 'by b');
    await b.settle();
    a.remove('a');
    // The record of the other comes between the second look and the unit of work.
    const isSecond = ({ name, path }: { name: string; path: string }): boolean =>
      name === 'readdir' && path === MEMORY_ROOT;
    let met = 0;
    const meet = async (): Promise<void> => {
      await members.meet();
      met++;
    };
    await passUnder(a, { when: isSecond, nth: 4, fate: { act: meet } });
    expect(met).toBe(1);
    await members.settle();
    expect(a.files()).toEqual({ a: 'by b', b: 'two' });
    expect(await deletions(b)).toBe(0);
  });
});

describe('first meeting (rule 4)', () => {
  it('equal bytes are adopted, an old copy makes way, never-seen bytes are imported, and what was deleted stays deleted', async () => {
    await using members = new TestMembers();
    const [a, b] = [await members.add(), await members.add()];
    const files = { equal: 'equal', old: 'version one', seen: 'seen by a', deleted: 'was here', gone: 'was there' };
    for (const [path, text] of Object.entries(files)) a.write(path, text);
    await a.bind();
    await members.settle();
    a.write('old', 'version two');
    a.write('seen', 'of the network');
    a.remove('deleted');
    a.remove('gone');
    await members.settle();
    const before = await records(a);
    b.root.time.advance(100_000);
    b.write('equal', 'equal');
    b.write('old', 'version one');
    b.write('seen', 'never seen by anybody');
    b.write('deleted', 'was here');
    b.write('gone', 'another one');
    b.write('new', 'only here');
    await b.bind();
    await members.settle();
    // A content that no member had seen is signed: beside the head, over a deletion, and where there was nothing.
    expect(await records(a)).toBe(before + 3);
    const shown = { equal: 'equal', old: 'version two', seen: 'of the network', gone: 'another one', new: 'only here' };
    expect(a.files()).toEqual(shown);
    expect(b.files()).toEqual({ ...shown, deleted: 'was here' });
    expect(await a.versions('p/seen')).toContain('never seen by anybody');
    expect(b.trash()).toEqual(expect.arrayContaining(['version one', 'never seen by anybody']));
    expect(await issuesOf(b)).toEqual([['deleted-elsewhere', 'deleted']]);
  });

  it('begins only when this node knows what the others know', async () => {
    await using members = new TestMembers();
    const [a, b] = [await members.add(), await members.add()];
    a.write('a', 'one');
    await a.bind();
    await members.settle();
    b.write('own', 'only here');
    b.isSynced = false;
    await b.bind();
    const before = await records(b);
    await members.settle();
    expect(await b.info()).toMatchObject({ state: 'paused', reason: 'not-synced' });
    expect([b.files(), await records(b)]).toEqual([{ own: 'only here' }, before]);
    b.sync(true);
    await members.settle();
    expect(b.files()).toEqual({ a: 'one', own: 'only here' });
    expect(a.files()).toEqual(b.files());
  });
});

describe('deletions from a disk (rule 5)', () => {
  it('more than 100, and more than half of all: they wait; half of them do not', async () => {
    await using world = await two(many(240));
    const { a, b, members } = world;
    const paths = Object.keys(a.files());
    for (const path of paths.slice(0, 100)) a.remove(path);
    await members.settle();
    expect(await deletions(b)).toBe(100);
    for (const path of paths.slice(100, 125)) a.remove(path);
    await members.settle();
    expect(await a.info()).toMatchObject({ state: 'held', held: 25 });
    expect(await deletions(b)).toBe(100);
    // Ten minutes later they are few of those that there are; held ones wait all the same.
    a.root.time.advance(11 * MINUTE);
    a.remove(paths[130] as string);
    await members.settle();
    expect(await deletions(b)).toBe(101);
    expect(await a.info()).toMatchObject({ state: 'held', held: 25 });
  });

  it('of all by others: the folder asks, and is emptied to its trash where a person says so', async () => {
    await using world = await two(many(12));
    const { a, b, members } = world;
    const id = (await b.info()).id;
    for (const path of Object.keys(b.files())) b.remove(path);
    await members.settle();
    const [hold] = await b.live.held(id);
    await b.live.answerHold(id, hold?.id ?? '', { action: 'delete' });
    await members.settle();
    expect(await a.info()).toMatchObject({ state: 'paused', reason: 'prefix-gone', movedTo: null });
    expect(Object.keys(a.files())).toHaveLength(12);
    await a.live.patch((await a.info()).id, { prefixGone: 'empty' });
    await members.settle();
    expect(a.files()).toEqual({});
    expect(a.trash().filter((text) => text.startsWith('text '))).toHaveLength(12);
    expect(await a.info()).toMatchObject({ state: 'up-to-date' });
  });
});

describe('the trash (rule 6)', () => {
  it('keeps what went there for 30 days', async () => {
    await using world = await two();
    const { a, b, members } = world;
    b.remove('a');
    await members.settle();
    a.root.time.advance(29 * DAY);
    await members.settle();
    expect(a.trash()).toContain('one');
    a.root.time.advance(2 * DAY);
    await members.settle();
    expect(a.trash()).not.toContain('one');
  });
});

describe('names (rule 11)', () => {
  it('that are no text, and those of two forms of one path, are told and never signed; the other one of the two is', async () => {
    await using world = await two({ b: 'two' });
    const { a, b, members } = world;
    const before = await records(a);
    a.root.user.write(`${a.root.at('')}\xff.txt`, 'no text');
    a.write(Buffer.from('\u00e9.txt').toString('latin1'), 'composed');
    a.write(Buffer.from('e\u0301.txt').toString('latin1'), 'decomposed');
    await members.settle();
    expect(await records(a)).toBe(before + 1);
    const kinds = (await issuesOf(a)).map(([kind]) => kind);
    expect(kinds).toEqual(['hidden', 'hidden']);
    expect(await a.info()).toMatchObject({ state: 'up-to-date' });
    expect(Object.keys(b.files())).toHaveLength(2);
  });

  it('a file and a folder of one name, by two members: the disks show the folder, and tell of the file', async () => {
    await using world = await two({ b: 'two' });
    const { a, b, members } = world;
    a.write('x', 'a file');
    b.write('x/inside', 'in a folder');
    await a.settle();
    await b.settle();
    await members.settle();
    expect(b.files()).toEqual({ b: 'two', 'x/inside': 'in a folder' });
    expect(a.files()).toEqual(b.files());
    expect(await issuesOf(b)).toEqual([['hidden', 'x']]);
    expect(await a.versions('p/x')).toContain('a file');
    expect(await deletions(a)).toBe(0);
  });
});

describe('directories (rule 12)', () => {
  it('that a person made empty are folders; those that the network emptied go, with what programs dropped in them', async () => {
    await using world = await two();
    const { a, b, members } = world;
    a.root.user.mkdir(a.root.at('empty'));
    b.write('d/.DS_Store', 'dropped');
    await members.settle();
    expect(kindAt(b, 'empty')).toBe('directory');
    expect(await b.catalogue.folders.shown(['p/empty'])).toEqual(
      new Map([['p/empty', expect.objectContaining({ kind: 'folder' }) as unknown]]),
    );
    a.remove('d/c');
    a.remove('d');
    a.remove('empty');
    await members.settle();
    expect(kindAt(b, 'd')).toBeUndefined();
    expect(kindAt(b, 'empty')).toBeUndefined();
    expect(b.trash()).toEqual(expect.arrayContaining(['three', 'dropped']));
    expect(await b.info()).toMatchObject({ state: 'up-to-date', issues: 0 });
  });

  it('that the network emptied stay, unsigned, where something is in them that a person leaves out', async () => {
    await using world = await two();
    const { a, b, members } = world;
    await b.live.patch((await b.info()).id, { ignore: ['*.mine'] });
    b.write('d/x.mine', 'of this disk alone');
    a.remove('d/c');
    a.remove('d');
    await members.settle();
    expect(b.files()).toEqual({ a: 'one', b: 'two', 'd/x.mine': 'of this disk alone' });
    expect(a.files()).toEqual({ a: 'one', b: 'two' });
    expect(kindAt(a, 'd')).toBeUndefined();
  });
});

describe('a member that may not write (rule 13)', () => {
  it('binds to receive only; one that loses the right pauses and says so', async () => {
    await using members = new TestMembers();
    const [a, b] = [await members.add(), await members.add({ role: 'storage' })];
    a.write('a', 'one');
    await a.bind();
    await expect(b.bind()).rejects.toMatchObject({ code: 'read-only-member' });
    await b.bind({ mode: 'receive' });
    await members.settle();
    expect(b.files()).toEqual({ a: 'one' });
    members.setRole(a, 'storage');
    const before = await records(a);
    a.write('a', 'changed');
    await members.settle();
    expect(await a.info()).toMatchObject({ state: 'paused', reason: 'read-only-member' });
    expect(await records(a)).toBe(before);
    members.setRole(a, 'owner');
    await members.settle();
    expect(b.files()).toEqual({ a: 'changed' });
  });
});

describe('what a record says beside the bytes (rule 15)', () => {
  it('a time of 2099 goes along, and keeps no file from being taken', async () => {
    await using world = await two();
    const { a, b, members } = world;
    const later = Date.UTC(2099, 0, 1);
    a.write('late', 'of the future');
    a.root.user.touch(a.root.at('late'), later);
    await members.settle();
    expect(b.files()).toMatchObject({ late: 'of the future' });
    expect(b.root.files.tree.resolve(b.root.at('late')).mtimeNs).toBe(BigInt(later) * 1_000_000n);
    const before = await records(a);
    await members.settle();
    expect(await records(a)).toBe(before);
    a.write('late', 'and written on');
    a.root.user.touch(a.root.at('late'), later);
    await members.settle();
    expect(b.files()).toMatchObject({ late: 'and written on' });
  });
});

describe('what is no file (rule 15)', () => {
  it('links, pipes and the like are told and not followed; one in place of a file deletes nothing', async () => {
    await using world = await two();
    const { a, b, members } = world;
    a.root.user.special(a.root.at('link'), 'link');
    a.root.user.special(a.root.at('pipe'), 'other');
    a.remove('a');
    a.root.user.special(a.root.at('a'), 'link');
    const before = await records(a);
    await members.settle();
    expect(await records(a)).toBe(before);
    expect(b.files()).toHaveProperty('a', 'one');
    expect(await issuesOf(a)).toEqual([
      ['hidden', 'a'],
      ['hidden', 'link'],
      ['hidden', 'pipe'],
    ]);
    expect(await a.info()).toMatchObject({ state: 'up-to-date' });
  });
});

describe('a pause', () => {
  it('outlives a restart, and ends when a person says so', async () => {
    await using world = await two();
    const { a, b, members } = world;
    const { id } = await a.info();
    // Told at once, whatever is under way.
    const paused = { state: 'paused', reason: 'asked', detail: 'It was paused: resume it to go on.' };
    expect(await a.live.patch(id, { paused: true })).toMatchObject(paused);
    await a.restart();
    b.write('a', 'from b');
    a.write('b', 'from a');
    await members.settle();
    expect(await a.info()).toMatchObject({ state: 'paused', reason: 'asked' });
    expect(a.files()).toHaveProperty('a', 'one');
    expect(b.files()).toHaveProperty('b', 'two');
    const resumed = await a.live.patch(id, { paused: false });
    expect(resumed).toMatchObject({ paused: false, reason: null, detail: null });
    expect(resumed.state).not.toBe('paused');
    await members.settle();
    expect(a.files()).toEqual(b.files());
    expect(a.files()).toMatchObject({ a: 'from b', b: 'from a' });
  });

  it('of all for an hour outlives a restart and ends by itself; who was paused without an end stays so', async () => {
    await using world = await two();
    const { a, b, members } = world;
    await b.live.patch((await b.info()).id, { paused: true });
    await b.live.pause(HOUR);
    expect(await b.info()).toMatchObject({ paused: true, pausedUntil: null });
    await b.live.pause(0);
    expect(await b.info()).toMatchObject({ paused: true, pausedUntil: null });
    await b.live.patch((await b.info()).id, { paused: false });
    const [paused] = await a.live.pause(HOUR);
    const until = Date.parse(paused?.pausedUntil ?? '');
    expect(until - a.root.time.now()).toBeGreaterThan((HOUR - 60) * 1000);
    await a.restart();
    b.write('a', 'from b');
    await members.settle();
    a.root.time.advance(until - a.root.time.now() - 1000);
    await members.settle();
    expect(await a.info()).toMatchObject({ state: 'paused', reason: 'asked', pausedUntil: paused?.pausedUntil });
    expect(a.files()).toMatchObject({ a: 'one' });
    a.folder?.start();
    await eventually(async () => {
      a.root.time.advance(3000);
      return (await a.info()).state === 'up-to-date' && a.files()['a'] === 'from b';
    });
    await a.restart();
    expect(await a.info()).toMatchObject({ paused: false, pausedUntil: null });
  });

  it('of all is ended for all, or made one without an end, by a person', async () => {
    await using world = await two();
    const { a, members } = world;
    const { id } = await a.info();
    await a.live.pause(HOUR);
    expect(await a.live.pause(0)).toMatchObject([{ paused: false, pausedUntil: null }]);
    await a.live.pause(HOUR);
    await a.live.patch(id, { paused: true });
    a.root.time.advance(2 * HOUR * 1000);
    await members.settle();
    expect(await a.info()).toMatchObject({ state: 'paused', pausedUntil: null });
  });
});

describe('the end of a pause for a time', () => {
  const at = (pausedUntil: number | null, paused = true) => ({ paused, pausedUntil });

  it('is looked for each minute, since the timers of a machine that sleeps stand still', () => {
    expect(untilPauseEnds(at(10 * MINUTE), 0)).toBe(MINUTE);
    expect(untilPauseEnds(at(10 * MINUTE), 10 * MINUTE - 5)).toBe(5);
    expect([untilPauseEnds(at(null), 0), untilPauseEnds(at(5, false), 0)]).toEqual([Infinity, Infinity]);
  });

  it('comes at its time, and where the clock was set back by more than a pause may last', () => {
    expect([4, 5].map((now) => isPauseOver(at(5), now))).toEqual([false, true]);
    expect(isPauseOver(at(LONGEST_PAUSE), 0)).toBe(false);
    expect(isPauseOver(at(LONGEST_PAUSE + 1), 0)).toBe(true);
    expect([isPauseOver(at(null), 9), isPauseOver(at(5, false), 9)]).toEqual([false, false]);
  });
});
