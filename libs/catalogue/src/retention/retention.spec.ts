import { day, hour } from '@dfs/runtime';
import { EMPTY_CONTENT, type Cid, type SignedRecord } from '@dfs/protocol';
import { content, fileDraft, recordOf, START, testNode, testSigner, type TestNode } from '../../testing/nodes.js';
import { Catalogue } from '../catalogue.js';
import type { Bound, Concluded } from './retention.js';

const RULE = { retentionMs: 30 * day, versions: 5 };
const other = testSigner(1);

let ran = 0;
let node: TestNode;
beforeEach(async () => {
  ran = 0;
  node = await testNode({ members: [other], stopwatch: () => ran });
});
afterEach(() => node[Symbol.asyncDispose]());

/** Everything that a run of purging would do. */
async function purge(rule = RULE, bound?: Bound): Promise<Concluded> {
  const { retention } = node.catalogue;
  const all: Concluded = { purged: [], kept: [], freed: [] };
  for (let after: string | null = null; ;) {
    const page: { files: number[]; next: string | null } = await retention.deletedDue(rule, after, 2);
    const done = await node.db.write((tx) => retention.conclude(tx, rule, page.files, bound));
    for (const key of ['purged', 'kept'] as const) all[key].push(...done[key]);
    all.freed.push(...done.freed);
    if ((after = page.next) === null) break;
  }
  for (let after: Cid | null = null; ;) {
    const page: { contents: Cid[]; next: Cid | null } = await retention.contentsDue(rule, after, 2);
    all.freed.push(...(await node.db.write((tx) => retention.free(tx, rule, page.contents, bound))));
    if ((after = page.next) === null) return all;
  }
}
const freed = async (rule = RULE): Promise<Set<Cid>> => new Set((await purge(rule)).freed);
const contents = (...numbers: number[]): Set<Cid> => new Set(numbers.map(content));
const remove = (path: string): Promise<unknown> => node.write({ kind: 'deletion', path, replaces: 'all' });
const purgedEvents = async (): Promise<string[]> =>
  (await node.events.since(0, 1000)).items.flatMap((event) =>
    event.type === 'file.purged' ? event.data.files.map(({ path }) => path) : [],
  );
const deletionOf = async (path: string): Promise<string> => (await node.catalogue.byPath(path))!.recordId;

describe('retention', () => {
  it('frees what was deleted once that is past, all of it, tells of it once, and keeps the records', async () => {
    for (const number of [1, 2, 3]) await node.write(fileDraft('a', number));
    await remove('a');
    ran += 30 * day - 1;
    expect(await purge()).toEqual({ purged: [], kept: [], freed: [] });
    ran += 1;
    const deletion = await deletionOf('a');
    const { purged, kept, freed } = await purge();
    expect([purged, kept, new Set(freed)]).toEqual([[deletion], [], contents(1, 2, 3)]);
    expect(await purge()).toEqual({ purged: [], kept: [], freed: [] });
    expect(await purgedEvents()).toEqual(['a']);
    const { fileId } = (await node.catalogue.byPath('a'))!;
    const { items } = await node.catalogue.versions(fileId, { limit: 10 });
    expect(items.map((version) => version.purged)).toEqual([false, true, true, true]);
    expect(await node.catalogue.everyContent(null, 10)).toEqual([]);
    expect(await node.catalogue.purged([content(1), content(9)])).toEqual(contents(1));
  });

  it('keeps for now what somebody was promised, says so, and frees it when that is over', async () => {
    for (const number of [1, 2]) await node.write(fileDraft('deleted', number));
    await remove('deleted');
    for (const number of [3, 4, 5]) await node.write(fileDraft('replaced', number));
    ran += 30 * day;
    const bound: Bound = async (_, asked) => new Set(asked.filter((id) => contents(2, 3).has(id)));
    const rule = { ...RULE, versions: 1 };
    const first = await purge(rule, bound);
    const deletion = await deletionOf('deleted');
    expect([first.purged, first.kept, new Set(first.freed)]).toEqual([[], [deletion], contents(1, 4)]);
    expect(await purge(rule, bound)).toEqual({ purged: [], kept: [], freed: [] });
    const { purged, kept, freed } = await purge(rule);
    expect([purged, kept, new Set(freed)]).toEqual([[deletion], [], contents(2, 3)]);
  });

  it('of a file that is there frees what is both old and not among the newest five', async () => {
    for (const number of [1, 2, 3]) await node.write(fileDraft('a', number));
    ran += 31 * day;
    expect(await freed()).toEqual(contents());
    for (const number of [4, 5, 6, 7, 8]) await node.write(fileDraft('a', number));
    // 3 was replaced just now; 1 and 2 a month ago, and five are newer.
    expect(await freed()).toEqual(contents(1, 2));
    ran += 30 * day;
    expect(await freed()).toEqual(contents(3));
    expect(await freed({ ...RULE, versions: 2 })).toEqual(contents(4, 5, 6));
    expect(await purgedEvents()).toEqual([]);
  });

  it('of a file that was deleted lately goes on as if it were there', async () => {
    for (const number of [1, 2, 3, 4, 5, 6, 7]) await node.write(fileDraft('a', number));
    ran += 20 * day;
    await remove('a');
    ran += 20 * day;
    expect(await freed()).toEqual(contents(1, 2));
    ran += 10 * day;
    expect(await freed()).toEqual(contents(3, 4, 5, 6, 7));
  });

  it('keeps what another file shows, and says so; and purges that too when it is needed no more', async () => {
    await node.write(fileDraft('a', 1), fileDraft('b', 1), fileDraft('b', 2), fileDraft('c', 2));
    await remove('a');
    await remove('b');
    ran += 30 * day;
    const [a, b] = [await deletionOf('a'), await deletionOf('b')];
    expect(await purge()).toEqual({ purged: [a], kept: [b], freed: [content(1)] });
    expect(await purge()).toEqual({ purged: [], kept: [], freed: [] });
    await remove('c');
    ran += 30 * day;
    const c = await deletionOf('c');
    const last = await purge();
    expect([new Set(last.purged), last.kept, last.freed]).toEqual([new Set([b, c]), [], [content(2)]]);
    expect(await purgedEvents()).toEqual(['a', 'b', 'c']);
  });

  it('is counted in running time: a clock set ahead frees nothing, and neither does time that was switched off', async () => {
    await node.write(fileDraft('a', 1));
    await remove('a');
    ran += 20 * day;
    node.clock.advance(3650 * day);
    expect(await freed()).toEqual(contents());
    await node.catalogue.retention.time.store();
    // As after a restart: the watch begins anew, and days have passed meanwhile.
    const { db, events, signer, members: membership, clock } = node;
    let again = 1000 * day;
    const catalogue = await Catalogue.open({ db, events, signer, membership, clock, stopwatch: () => again });
    expect(catalogue.retention.time.now()).toBe(20 * day);
    expect((await catalogue.retention.deletedDue(RULE, null, 10)).files).toHaveLength(0);
    again += 10 * day;
    expect((await catalogue.retention.deletedDue(RULE, null, 10)).files).toHaveLength(1);
    await catalogue.close();
  });

  it('counts from when the deletion came here, however long ago it was written', async () => {
    const file = recordOf(other, { path: 'a', clock: { ms: START - 400 * day, counter: 0 } });
    const gone = recordOf(other, {
      ...{ kind: 'deletion', path: 'a', parents: [file.id], prev: file.id },
      clock: { ms: START - 300 * day, counter: 0 },
    });
    await node.catalogue.receive([file], other.peerId);
    ran += 100 * day;
    await node.catalogue.receive([gone], other.peerId);
    expect(await freed()).toEqual(contents());
    ran += 30 * day;
    expect(await freed()).toEqual(contents(1));
  });

  it('lets win what is written at the same moment: the page is a hint', async () => {
    await node.write(fileDraft('a', 1), fileDraft('b', 2), fileDraft('b', 3), fileDraft('c', 4));
    for (const path of ['a', 'b', 'c']) await remove(path);
    ran += 30 * day;
    const { retention } = node.catalogue;
    const page = await retention.deletedDue(RULE, null, 10);
    expect(page.files).toHaveLength(3);
    const due = await retention.contentsDue(RULE, null, 10);
    expect(new Set(due.contents)).toEqual(contents(1, 2, 3, 4));
    const { fileId } = (await node.catalogue.byPath('a'))!;
    await node.db.write((tx) => node.catalogue.restore(tx, fileId));
    await node.write(fileDraft('new', 2));
    const [b, c] = [await deletionOf('b'), await deletionOf('c')];
    const done = await node.db.write((tx) => retention.conclude(tx, RULE, page.files));
    expect([done.purged, done.kept, new Set(done.freed)]).toEqual([[c], [b], contents(3, 4)]);
    expect(await node.db.write((tx) => retention.free(tx, RULE, due.contents))).toEqual([]);
  });

  it('begins anew for what was brought back and deleted again, purged or not', async () => {
    await node.write(fileDraft('a', 1));
    await remove('a');
    ran += 30 * day;
    expect(await freed()).toEqual(contents(1));
    const { fileId } = (await node.catalogue.byPath('a'))!;
    await node.db.write((tx) => node.catalogue.restore(tx, fileId));
    expect(await node.catalogue.purged([content(1)])).toEqual(contents());
    await remove('a');
    expect(await freed()).toEqual(contents());
    expect(await node.catalogue.everyContent(null, 10)).toMatchObject([{ contentId: content(1) }]);
    ran += 30 * day;
    expect(await freed()).toEqual(contents(1));
    expect(await purgedEvents()).toEqual(['a', 'a']);
  });

  it('keeps what a record outside the set, or a file from another network, may bring back', async () => {
    await node.write(fileDraft('a', 1), fileDraft('b', 2), fileDraft('c', 3), fileDraft('d', 4));
    const waiting = recordOf(testSigner(7), { path: 'w', content: content(1) });
    const future = recordOf(other, { path: 'f', content: content(2), clock: { ms: START + 100 * day, counter: 0 } });
    await node.catalogue.receive([waiting, future], other.peerId);
    for (const path of ['a', 'b', 'c', 'd']) await remove(path);
    await node.db.write((tx) =>
      tx.run(`INSERT INTO catalogue_import (kind, path, content, size, media_type, ms)
              SELECT 1, 'i', content, size, '', 0 FROM catalogue_record WHERE kind = 1 AND size = 1003`),
    );
    ran += 30 * day;
    expect(await freed()).toEqual(contents(4));
    await node.db.write((tx) => tx.run('DELETE FROM catalogue_import'));
    expect(await freed()).toEqual(contents(3));
  });

  it('keeps the versions of a member that was removed, which nobody has adopted yet', async () => {
    const theirs = recordOf(other, { path: 'x', content: content(1) });
    await node.catalogue.receive([theirs], other.peerId);
    await node.write(fileDraft('a', 1));
    node.members.remove(other.peerId, null);
    await node.catalogue.judgeNow();
    await remove('a');
    ran += 30 * day;
    const deletion = await deletionOf('a');
    expect(await purge()).toEqual({ purged: [], kept: [deletion], freed: [] });
  });

  it('frees nothing as long as there is a record of a later release: nobody here knows what that needs', async () => {
    await node.write(fileDraft('a', 1));
    await remove('a');
    ran += 30 * day;
    const { body } = recordOf(other);
    const later = laterVersion(body);
    await node.catalogue.receive([later], other.peerId);
    expect(await node.catalogue.retention.isBlocked()).toBe(true);
    expect(await freed()).toEqual(contents());
  });

  it('of files without bytes and of folders frees nothing, and says that nothing is left', async () => {
    await node.write(fileDraft('empty', 1, { contentId: EMPTY_CONTENT, size: 0 }), { kind: 'folder', path: 'folder' });
    await remove('empty');
    await remove('folder');
    ran += 30 * day;
    expect(await purge()).toEqual({ purged: [await deletionOf('empty')], kept: [], freed: [] });
    expect(await purgedEvents()).toEqual(['empty']);
  });

  it('waits for the last of several deletions of one path', async () => {
    const file = recordOf(other, { path: 'a' });
    const deletions = [1, 2].map((hours) =>
      recordOf(other, {
        kind: 'deletion',
        path: 'a',
        parents: [file.id],
        clock: { ms: START + hours * hour, counter: 0 },
      }),
    );
    await node.catalogue.receive([file, deletions[0]!], other.peerId);
    ran += 29 * day;
    await node.catalogue.receive([deletions[1]!], other.peerId);
    ran += 1 * day;
    expect(await freed()).toEqual(contents());
    ran += 29 * day;
    const { purged } = await purge();
    expect(new Set(purged)).toEqual(new Set(deletions.map(({ id }) => id)));
  });
});

/** A record that says it is of version 2, signed by its author. */
function laterVersion(body: Uint8Array): SignedRecord {
  const later = Buffer.from(body);
  // The first element of the list: a one-byte integer.
  later[1] = 2;
  const signature = other.sign(Buffer.concat([Buffer.from('dfs-record:'), later]));
  return { body: later, signature };
}

describe('a deletion that purges', () => {
  const purging = (path: string) =>
    node.write({ kind: 'deletion', path, replaces: 'all', attributes: { purge: true } });

  it('ends retention at once, for all versions, and is concluded like another', async () => {
    node.members.admit(node.signer.peerId, 'owner');
    for (const number of [1, 2, 3]) await node.write(fileDraft('a', number));
    await node.write(fileDraft('b', 2));
    await purging('a');
    const { purged, kept, freed } = await purge();
    expect([purged, kept, new Set(freed)]).toEqual([[], [await deletionOf('a')], contents(1, 3)]);
    await purging('b');
    const second = await purge();
    expect([new Set(second.purged), second.freed]).toEqual([
      new Set([await deletionOf('a'), await deletionOf('b')]),
      [content(2)],
    ]);
    expect(new Set(await purgedEvents())).toEqual(new Set(['a', 'b']));
  });

  it('may follow on one that does not', async () => {
    node.members.admit(node.signer.peerId, 'owner');
    await node.write(fileDraft('a', 1));
    await remove('a');
    expect((await purge()).freed).toEqual([]);
    const { length } = (await node.events.since(0, 100)).items;
    const [done] = await purging('a');
    expect(done).toMatchObject({ outcome: 'deleted', entry: { deleted: true, contentId: content(1) } });
    expect((await node.events.since(0, 100)).items).toHaveLength(length);
    expect((await purging('a'))[0]!.outcome).toBe('unchanged');
    expect((await purge()).freed).toEqual([content(1)]);
    await expect(purging('nothing')).rejects.toMatchObject({ code: 'file-not-found' });
  });

  it('is not written by one who is no owner, and says nothing where another has written it', async () => {
    await node.write(fileDraft('a', 1));
    await expect(purging('a')).rejects.toMatchObject({ code: 'not-an-owner' });
    const { recordId } = (await node.catalogue.byPath('a'))!;
    const theirs = recordOf(other, {
      kind: 'deletion',
      parents: [recordId],
      clock: { ms: START + hour, counter: 0 },
      attributes: { purge: true },
    });
    await node.catalogue.receive([theirs], other.peerId);
    expect((await node.catalogue.byPath('a'))!.deleted).toBe(true);
    expect(await purge()).toEqual({ purged: [], kept: [], freed: [] });
    node.members.admit(other.peerId, 'owner');
    expect(await purge()).toEqual({ purged: [theirs.id], kept: [], freed: [content(1)] });
  });

  it('leaves alone what it has not seen: the other side of a conflict with its versions, and what is written after it', async () => {
    node.members.admit(other.peerId, 'owner');
    await node.write(fileDraft('a', 1));
    const { recordId } = (await node.catalogue.byPath('a'))!;
    await node.write(fileDraft('a', 2));
    await node.write(fileDraft('a', 3));
    const theirs = recordOf(other, {
      kind: 'deletion',
      parents: [recordId],
      clock: { ms: START + hour, counter: 0 },
      attributes: { purge: true },
    });
    await node.catalogue.receive([theirs], other.peerId);
    expect(await node.catalogue.byPath('a')).toMatchObject({ deleted: false, contentId: content(3) });
    expect(await freed()).toEqual(contents(1));
    await remove('a');
    await node.write(fileDraft('a', 4));
    expect(await freed()).toEqual(contents());
  });

  it('names what is past alone, the oldest first, and of which files it is', async () => {
    await node.write(fileDraft('a', 1), fileDraft('b', 2), fileDraft('c', 3), fileDraft('d', 4), fileDraft('d', 5));
    ran += day;
    await node.write(fileDraft('b', 6));
    ran += day;
    await remove('a');
    // Another file shows the same bytes.
    await remove('c');
    await node.write(fileDraft('again', 3));
    const { retention } = node.catalogue;
    const past = await retention.past(null, 10);
    expect(past.map(({ contentId, deleted }) => [contentId, deleted])).toEqual([
      [content(4), false],
      [content(2), false],
      [content(1), true],
    ]);
    expect(await retention.past(past[0]!, 1)).toEqual([past[1]]);
    const asked = [1, 2, 3, 4, 5, 9].map(content);
    expect(await node.db.write((tx) => retention.onlyPast(tx, asked))).toEqual(contents(1, 2, 4));
  });

  it('tells what gave way for want of room, writes no receipt before retention ends, and one then', async () => {
    await node.write(fileDraft('a', 1), fileDraft('b', 2), fileDraft('b', 3));
    await remove('a');
    const { retention } = node.catalogue;
    await node.db.write((tx) => retention.gaveWay(tx, [content(1), content(2)]));
    const told = (await node.events.since(0, 1000)).items.filter(({ type }) => type === 'file.purged');
    expect(told).toMatchObject([{ data: { reason: 'room', files: [{ path: 'a' }, { path: 'b' }] } }]);
    expect(await node.catalogue.purged([1, 2, 3].map(content))).toEqual(contents(1, 2));
    expect(await retention.past(null, 10)).toEqual([]);
    const deletion = await deletionOf('a');
    expect(await purge()).toEqual({ purged: [], kept: [], freed: [] });
    ran += 30 * day;
    expect(await purge()).toEqual({ purged: [deletion], kept: [], freed: [] });
    // A content that is needed again is purged no more.
    await node.write(fileDraft('c', 1));
    expect(await node.catalogue.purged([1, 2].map(content))).toEqual(contents(2));
  });

  it('names nothing as past that a record outside the set names, or while records of a later release may need anything', async () => {
    await node.write(fileDraft('a', 1), fileDraft('b', 2));
    await remove('a');
    await remove('b');
    const clock = { ms: START - 9, counter: 0 };
    await node.catalogue.receive([recordOf(testSigner(2), { path: 'x', content: content(1), clock })], other.peerId);
    const { retention } = node.catalogue;
    expect((await retention.past(null, 10)).map(({ contentId }) => contentId)).toEqual([content(2)]);
    expect(await node.db.write((tx) => retention.onlyPast(tx, [content(1), content(2)]))).toEqual(contents(2));
  });
});
