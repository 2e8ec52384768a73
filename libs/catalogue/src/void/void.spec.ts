import { day, hour } from '@dfs/runtime';
import { EMPTY_CONTENT, parseRecord, type SignedRecord } from '@dfs/protocol';
import {
  brief,
  content,
  fileDraft,
  recordOf,
  recordsOf,
  START,
  testNode,
  testSigner,
  type TestNode,
} from '../../testing/nodes.js';
import { Catalogue, recount, type Commit, type VoidVersion } from '../index.js';

const [dora, other] = [testSigner(1), testSigner(2)];
const UNKNOWN = '0'.repeat(64);

let node: TestNode;
beforeEach(async () => (node = await testNode({ members: [dora, other] })));
afterEach(async () => {
  expect((await recount(node.db)).miscounts).toEqual([]);
  await node[Symbol.asyncDispose]();
});

type Record = SignedRecord & { id: string };
const at = (hours: number) => ({ ms: START + hours * hour, counter: 0 });
/** Dora's records, in a chain. */
function chain(...steps: Parameters<typeof recordOf>[1][]): Record[] {
  let prev: string | null = null;
  return steps.map((fields, step) => {
    const record = recordOf(dora, { clock: at(step - 50), prev, ...fields });
    prev = record.id;
    return record;
  });
}
/** Another content of `a` by Dora, in place of what she wrote there before, so many hours later. */
function following(before: Record, number: number, hours: number): Record {
  return recordOf(dora, {
    path: 'a',
    content: content(number),
    prev: before.id,
    parents: [before.id],
    clock: at(hours),
  });
}
async function removed(last: string | null, ...records: readonly SignedRecord[]): Promise<void> {
  await node.catalogue.receive(records, other.peerId);
  node.members.remove(dora.peerId, last);
  await node.catalogue.judgeNow();
}
const list = async (query: Partial<Parameters<Catalogue['voids']['list']>[0]> = {}): Promise<VoidVersion[]> =>
  (await node.catalogue.voids.list({ limit: 1000, ...query })).items;
const adopt = (version: string): Promise<Commit> => node.db.write((tx) => node.catalogue.adopt(tx, version));
const heads = async (path: string) => {
  const entry = await node.catalogue.byPath(path);
  const { items } = await node.catalogue.versions(entry!.fileId, { limit: 100 });
  return items.filter(({ head }) => head).map(({ kind, contentId }) => contentId ?? kind);
};
const lastEvents = async (count: number): Promise<string[]> =>
  (await node.events.since(0, 1000)).items.slice(-count).map(({ type }) => type);

describe('void versions', () => {
  it('are listed newest first, with all that they say, and none of what counts', async () => {
    const [kept, file, deletion] = chain(
      { path: 'kept' },
      { path: 'x/file', content: content(2), size: 1002 },
      { path: 'x/gone', kind: 'deletion' },
    ) as [Record, Record, Record];
    await removed(kept.id, kept, file, deletion);
    expect(await list()).toEqual([
      expect.objectContaining({ version: deletion.id, path: 'x/gone', kind: 'deletion', contentId: null, size: 0 }),
      {
        ...{
          version: file.id,
          path: 'x/file',
          kind: 'file',
          contentId: content(2),
          size: 1002,
          mediaType: 'text/plain',
        },
        ...{ author: dora.peerId, modifiedAt: START - 49 * hour, adoptedAs: null, purged: false },
        reason: 'removed',
        fileId: expect.stringMatching(/^[a-z2-7]{26}$/) as string,
      },
    ]);
    expect(await node.catalogue.voids.version(file.id)).toMatchObject({ path: 'x/file' });
    expect(await node.catalogue.voids.version(kept.id)).toBeUndefined();
    expect(await node.catalogue.byPath('x/file')).toBeUndefined();
    // Somebody may still want it: it is among what members hold for each other.
    expect((await node.catalogue.everyContent(null, 10)).map(({ contentId }) => contentId)).toContain(content(2));
    expect((await node.catalogue.contents(null, 10)).map(({ contentId }) => contentId)).toEqual([content(1)]);
  });

  it('come with a branch of a fork that is void, and go when the author is a member again', async () => {
    const [first, ours] = chain({ path: 'a' }, { path: 'b' }) as [Record, Record];
    const branch = recordOf(dora, { path: 'c', prev: first.id, clock: at(-40) });
    await removed(ours.id, first, ours, branch);
    expect((await list()).map(({ path }) => path)).toEqual(['c']);
    node.members.admit(dora.peerId);
    await node.catalogue.judgeNow();
    expect(await list()).toEqual([]);
    expect(await node.catalogue.byPath('c')).toBeDefined();
  });

  it('are paged by a cursor that is stable, whatever comes and goes, and filtered by author and prefix', async () => {
    const mine = Array.from({ length: 25 }, (_, n) => ({ path: `${n % 2 === 0 ? 'even' : 'odd'}/${n}` }));
    const records = chain(...mine);
    // The same moment for several: the record id decides.
    const tied = Array.from({ length: 5 }, (_, n) => recordOf(dora, { path: `tied/${n}`, clock: at(-60) }));
    const theirs = recordOf(other, { path: 'even/other', clock: at(-70) });
    await removed(null, ...records, ...tied, theirs);
    node.members.remove(other.peerId, null);
    await node.catalogue.judgeNow();
    const all = await list();
    expect(all).toHaveLength(31);
    expect(all.slice(0, 3).map(({ path }) => path)).toEqual(['even/24', 'odd/23', 'even/22']);
    expect(all.at(-1)!.version).toBe(theirs.id);
    for (const query of [{}, { prefix: 'even/' }, { author: dora.peerId }, { author: dora.peerId, prefix: 'tied/' }]) {
      const expected = await list(query);
      const paged: VoidVersion[] = [];
      let cursor: string | undefined;
      do {
        const page = await node.catalogue.voids.list({ limit: 2, ...query, ...(cursor ? { cursor } : {}) });
        expect(page.total).toBe(expected.length);
        paged.push(...page.items);
        cursor = page.nextCursor ?? undefined;
      } while (cursor);
      expect(paged).toEqual(expected);
      const fits = ({ path, author }: VoidVersion): boolean =>
        path.startsWith(query.prefix ?? '') && (query.author ?? author) === author;
      expect(expected).toEqual(all.filter(fits));
    }
    const { nextCursor } = await node.catalogue.voids.list({ limit: 3 });
    // The one the page ended with is gone, and newer ones have come.
    node.members.admit(other.peerId);
    const late = recordOf(dora, { path: 'late', clock: at(1) });
    await node.catalogue.receive([late], other.peerId);
    await node.catalogue.judgeNow();
    const rest = await node.catalogue.voids.list({ limit: 1000, cursor: nextCursor! });
    expect(rest.items).toEqual(all.slice(3, -1));
    await expect(node.catalogue.voids.list({ limit: 3, prefix: 'x', cursor: nextCursor! })).rejects.toMatchObject({
      code: 'invalid-cursor',
    });
  });

  it('are listed by an index, however they are asked for', async () => {
    const plan = async (where: string): Promise<string> => {
      const sql = `EXPLAIN QUERY PLAN SELECT v.id FROM catalogue_void v WHERE v.path IS NOT NULL ${where} ORDER BY v.ms DESC, v.counter DESC, v.id DESC LIMIT 5`;
      return (await node.db.query<{ detail: string }>(sql)).map(({ detail }) => detail).join();
    };
    const next = "AND (v.ms, v.counter, v.id) < (5, 5, x'00')";
    for (const where of ['', next, `AND v.author = 1`, `AND v.author = 1 ${next}`]) {
      expect(await plan(where)).toMatch(/catalogue_void_(newest|author)/);
      expect(await plan(where)).not.toContain('TEMP B-TREE');
    }
    expect(await plan(`AND v.path >= 'a' AND v.path < 'b'`)).toMatch(/catalogue_void_(path|newest)/);
  });

  it('and what was adopted are still known after a restart', async () => {
    const records = chain({ path: 'a' }, { path: 'b' });
    await removed(null, ...records);
    const { entry } = await adopt(records[0]!.id);
    const before = await list();
    const root = node.catalogue.voids.records.root();
    const { db, events, signer, members: membership, clock } = node;
    const again = await Catalogue.open({ db, events, signer, membership, clock });
    expect((await again.voids.list({ limit: 10 })).items).toEqual(before);
    expect(before.map(({ adoptedAs }) => adoptedAs)).toEqual([null, entry.recordId]);
    expect(again.voids.records.root()).toEqual(root);
    expect((await db.write((tx) => again.adopt(tx, records[0]!.id))).outcome).toBe('unchanged');
    await again.close();
  });
});

describe('adopting', () => {
  it('says the same anew as this node, in place of what it replaced, and tells of it as of a restore', async () => {
    const [base] = await node.write(fileDraft('a', 1));
    const [edit] = chain({ path: 'a', content: content(2), size: 1002, parents: [base!.entry.recordId], clock: at(1) });
    await removed(null, edit!);
    expect(brief(await node.catalogue.byPath('a'))).toMatchObject({ contentId: content(1) });
    const { outcome, entry } = await adopt(edit!.id);
    expect(outcome).toBe('updated');
    expect(entry).toMatchObject({ contentId: content(2), size: 1002, author: node.signer.peerId, conflict: false });
    expect(await heads('a')).toEqual([content(2)]);
    expect(await lastEvents(1)).toEqual(['file.restored']);
    expect((await list())[0]).toMatchObject({ version: edit!.id, adoptedAs: entry.recordId });
    // As another node works it out from the records.
    await using elsewhere = await testNode({ signer: other, members: [node.signer] });
    await elsewhere.catalogue.receive(await recordsOf(node), node.signer.peerId);
    expect(await elsewhere.catalogue.byPath('a')).toEqual(await node.catalogue.byPath('a'));
  });

  it('leaves what others have written since as a conflict', async () => {
    const [base] = await node.write(fileDraft('a', 1));
    const parents = [base!.entry.recordId];
    const [edit] = chain({ path: 'a', content: content(2), parents, clock: at(1) });
    await removed(null, edit!);
    await node.write(fileDraft('a', 3));
    const { entry } = await adopt(edit!.id);
    expect(entry).toMatchObject({ contentId: content(2), conflict: true });
    expect(await heads('a')).toEqual([content(2), content(3)]);
    expect(await lastEvents(2)).toEqual(['file.restored', 'file.conflict']);
  });

  it('goes back through void versions to those that count, and past those of other paths', async () => {
    const [a, b] = await node.write(fileDraft('a', 1), fileDraft('b', 9));
    const [first] = chain({ path: 'a', content: content(2), parents: [a!.entry.recordId, b!.entry.recordId] });
    const second = following(first!, 3, 1);
    const third = following(second, 4, 2);
    await removed(null, first!, second, third);
    expect((await adopt(third.id)).entry).toMatchObject({ contentId: content(4), conflict: false });
    expect([await heads('a'), await heads('b')]).toEqual([[content(4)], [content(9)]]);
  });

  it('in the order in which they were written follows on what was adopted before', async () => {
    const [first] = chain({ path: 'a', content: content(2) });
    const second = following(first!, 3, 1);
    await removed(null, first!, second);
    expect((await adopt(first!.id)).outcome).toBe('created');
    expect((await adopt(second.id)).outcome).toBe('updated');
    expect(await heads('a')).toEqual([content(3)]);
    expect((await node.catalogue.versions((await list())[0]!.fileId, { limit: 10 })).total).toBe(2);
  });

  it('an older one after a newer one keeps both: neither replaced the other', async () => {
    const [first] = chain({ path: 'a', content: content(2) });
    const second = following(first!, 3, 1);
    await removed(null, first!, second);
    await adopt(second.id);
    await adopt(first!.id);
    expect(await heads('a')).toEqual([content(2), content(3)]);
  });

  it('a second time, or what is shown already, changes nothing', async () => {
    const [edit, same] = chain({ path: 'a', content: content(2) }, { path: 'b', content: content(5) });
    await node.write(fileDraft('b', 5));
    await removed(null, edit!, same!);
    const first = await adopt(edit!.id);
    const { count } = node.catalogue.records.root();
    expect(await adopt(edit!.id)).toEqual({ outcome: 'unchanged', entry: first.entry });
    expect(await adopt(same!.id)).toMatchObject({ outcome: 'unchanged', entry: { path: 'b', contentId: content(5) } });
    expect(node.catalogue.records.root().count).toBe(count);
    // In conflict, and not the one that is shown: it stands all the same.
    const late = recordOf(other, { path: 'a', content: content(7), clock: at(1) });
    await node.catalogue.receive([late], other.peerId);
    expect(await adopt(edit!.id)).toMatchObject({
      outcome: 'unchanged',
      entry: { contentId: content(7), conflict: true },
    });
    // Replaced, it may come back.
    await node.write({ kind: 'deletion', path: 'a' });
    expect(await adopt(edit!.id)).toMatchObject({
      outcome: 'created',
      entry: { contentId: content(2), conflict: true },
    });
  });

  it('on two nodes at a time is no conflict', async () => {
    const [edit] = chain({ path: 'a', content: content(2) });
    await removed(null, edit!);
    await using elsewhere = await testNode({ signer: other, members: [node.signer, dora] });
    await elsewhere.catalogue.receive([edit!], dora.peerId);
    elsewhere.members.remove(dora.peerId, null);
    await elsewhere.catalogue.judgeNow();
    await adopt(edit!.id);
    await elsewhere.db.write((tx) => elsewhere.catalogue.adopt(tx, edit!.id));
    await node.catalogue.receive(await recordsOf(elsewhere), other.peerId);
    expect(await node.catalogue.byPath('a')).toMatchObject({ contentId: content(2), conflict: false });
    expect(await heads('a')).toEqual([content(2), content(2)]);
  });

  it('a deletion deletes what it had seen, and not what has been written since', async () => {
    const [a, b] = await node.write(fileDraft('a', 1), fileDraft('b', 2));
    const [goneA, goneB] = chain(
      { path: 'a', kind: 'deletion', parents: [a!.entry.recordId], clock: at(1) },
      { path: 'b', kind: 'deletion', parents: [b!.entry.recordId], clock: at(2) },
    ) as [Record, Record];
    await removed(null, goneA, goneB);
    await node.write(fileDraft('b', 3));
    const { outcome, entry } = await adopt(goneA.id);
    expect([outcome, entry.deleted, entry.contentId]).toEqual(['deleted', true, content(1)]);
    expect(await lastEvents(1)).toEqual(['file.deleted']);
    expect((await adopt(goneB.id)).entry).toMatchObject({ deleted: false, contentId: content(3), conflict: true });
    expect(await heads('b')).toEqual(['deletion', content(3)]);
  });

  it('replaces what it had seen also where that comes later', async () => {
    const late = recordOf(other, { path: 'a', content: content(1), clock: at(-5) });
    const [edit] = chain({ path: 'a', content: content(2), parents: [late.id], clock: at(1) });
    await removed(null, edit!);
    await adopt(edit!.id);
    await node.catalogue.receive([late], other.peerId);
    expect(await heads('a')).toEqual([content(2)]);
    // It cannot be known when that was written, but that it was before what replaced it.
    const [{ ms }] = (await node.db.query('SELECT ms FROM catalogue_record WHERE head = 1')) as [{ ms: number }];
    expect(ms).toBe(START + hour);
  });

  it('is not put off by an ancestor whose time has not come', async () => {
    const future = recordOf(other, { path: 'a', content: content(1), clock: { ms: START + 10 * day, counter: 0 } });
    const [edit] = chain({
      path: 'a',
      content: content(2),
      parents: [future.id],
      clock: { ms: START + 11 * day, counter: 0 },
    });
    await removed(null, future, edit!);
    expect((await adopt(edit!.id)).entry).toMatchObject({ contentId: content(2), modifiedAt: START });
  });

  it('takes empty files and folders as well', async () => {
    const [empty, folder] = chain({ path: 'e', content: EMPTY_CONTENT, size: 0 }, { path: 'f', kind: 'folder' });
    await removed(null, empty!, folder!);
    expect((await adopt(empty!.id)).entry).toMatchObject({ contentId: EMPTY_CONTENT, size: 0 });
    expect((await adopt(folder!.id)).entry).toMatchObject({ path: 'f', deleted: false });
  });

  it('is refused of what is not void, by one who may not write, and by a clock that is wrong', async () => {
    const [mine] = await node.write(fileDraft('a', 1));
    const [edit] = chain({ path: 'x' });
    await removed(null, edit!);
    for (const version of [UNKNOWN, mine!.entry.recordId]) {
      await expect(adopt(version)).rejects.toMatchObject({ code: 'not-found' });
    }
    await using reader = await testNode({ role: 'storage', members: [dora] });
    await reader.catalogue.receive([edit!], other.peerId);
    reader.members.remove(dora.peerId, null);
    await reader.catalogue.judgeNow();
    const byReader = reader.db.write((tx) => reader.catalogue.adopt(tx, edit!.id));
    await expect(byReader).rejects.toMatchObject({ code: 'read-only-member' });
    await using skewed = await testNode({ members: [dora], clockProblem: () => 'The clock is wrong.' });
    await skewed.catalogue.receive([edit!], other.peerId);
    skewed.members.remove(dora.peerId, null);
    await skewed.catalogue.judgeNow();
    const bySkewed = skewed.db.write((tx) => skewed.catalogue.adopt(tx, edit!.id));
    await expect(bySkewed).rejects.toMatchObject({ code: 'clock-skew' });
    expect((await list())[0]!.adoptedAs).toBeNull();
  });
});

describe('versions whose time is yet to come', () => {
  const ahead = (hours: number) => at(80 + hours);

  it('are listed with their reason, and not passed on as void ones are', async () => {
    const [future] = chain({ path: 'x/later', content: content(3), clock: ahead(0), time: ahead(0).ms });
    await node.catalogue.receive([future!], other.peerId);
    expect(await list()).toMatchObject([
      { version: future!.id, path: 'x/later', contentId: content(3), reason: 'future', modifiedAt: START },
    ]);
    expect(node.catalogue.voids.records.root().count).toBe(0);
    expect(await node.catalogue.byPath('x/later')).toBeUndefined();
    node.clock.advance(10 * hour);
    await node.catalogue.judgeNow();
    expect(await list()).toEqual([]);
    expect(await node.catalogue.byPath('x/later')).toMatchObject({ contentId: content(3) });
  });

  it('are adopted in place of what they replaced, and are never heads when their time comes', async () => {
    const [first] = await node.write(fileDraft('a', 1));
    const [one] = chain({ path: 'a', content: content(2), parents: [first!.entry.recordId], clock: ahead(0) });
    const two = following(one!, 3, 81);
    await node.catalogue.receive([one!, two], other.peerId);
    const adopted = await adopt(two.id);
    expect(adopted).toMatchObject({ outcome: 'updated', entry: { contentId: content(3), conflict: false } });
    expect(await heads('a')).toEqual([content(3)]);
    expect((await adopt(two.id)).outcome).toBe('unchanged');
    const [written] = (await recordsOf(node)).slice(-1).map(({ body }) => parseRecord(body).fields!);
    expect(written!.attributes.supersedes).toEqual([one!.id, two.id].sort());
    await node.write(fileDraft('a', 4));
    const told = (await node.events.since(0, 100)).items.length;
    node.clock.advance(20 * hour);
    await node.catalogue.judgeNow();
    expect(await heads('a')).toEqual([content(4)]);
    expect((await node.catalogue.byPath('a'))!.conflict).toBe(false);
    const news = (await node.events.since(0, 100)).items.slice(told);
    expect(news.filter(({ type }) => type.startsWith('file.'))).toEqual([]);
  });

  it('that were shown here while this clock was ahead are told as deleted to nobody: clients read anew', async () => {
    const clock = { now: () => START + (isAhead ? 1000 * hour : 0) };
    let isAhead = true;
    await using ahead = await testNode({ clock, members: [other], isClockConfirmed: () => !isAhead });
    await ahead.write(fileDraft('new', 1));
    const { stream } = ahead.events;
    isAhead = false;
    await ahead.catalogue.judgeNow();
    expect(await ahead.catalogue.byPath('new')).toBeUndefined();
    const events = (await ahead.events.since(0, 100)).items.map(({ type }) => type);
    expect([events.includes('file.deleted'), ahead.events.stream === stream]).toEqual([false, false]);
    const [listed] = (await ahead.catalogue.voids.list({ limit: 10 })).items;
    expect(listed).toMatchObject({ path: 'new', reason: 'future' });
    await ahead.db.write((tx) => ahead.catalogue.adopt(tx, listed!.version));
    expect(await ahead.catalogue.byPath('new')).toMatchObject({ contentId: content(1), modifiedAt: START });
  });
});
