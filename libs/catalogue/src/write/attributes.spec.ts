import { encodeAttributes, parseRecord, type RecordAttributes, type RecordFields } from '@dfs/protocol';
import { hour, minute } from '@dfs/runtime';
import {
  content,
  fileDraft,
  recordOf,
  recordsOf,
  START,
  testNode,
  testSigner,
  type TestNode,
} from '../../testing/nodes.js';

const other = testSigner(1);
/** Names of a later release. */
const later = { 'x-later': Buffer.from([1, 2, 3]), 'x-size': 2 ** 40 };
const all: RecordAttributes = { mtime: START - hour, executable: true, meta: { colour: 'größe' }, ...later };

let node: TestNode;
beforeEach(async () => {
  node = await testNode({ members: [other] });
});
afterEach(() => node[Symbol.asyncDispose]());

const entry = async (path: string) => (await node.catalogue.byPath(path))!;
const bytes = (attributes: RecordAttributes): string => Buffer.from(encodeAttributes(attributes)).toString('hex');
/** All records of a path, in the order of their clocks. */
async function said(path: string): Promise<RecordFields[]> {
  const records = (await recordsOf(node)).map(({ body }) => parseRecord(body).fields!);
  return records
    .filter((fields) => fields.path === path)
    .sort((a, b) => a.clock.ms - b.clock.ms || a.clock.counter - b.clock.counter);
}
const sets = async (): Promise<number> => node.catalogue.records.root().count;

describe('attributes', () => {
  it('are signed with the version and shown of it', async () => {
    await node.write(fileDraft('a', 1, { attributes: all }));
    expect((await entry('a')).attributes).toEqual(all);
    const [fields] = await said('a');
    expect([fields!.attributes, fields!.time]).toEqual([all, START]);
    const { items } = await node.catalogue.list({ limit: 1 });
    expect(items[0]!.attributes).toEqual(all);
  });

  it('make a version over equal bytes where executable or meta is another, and none for another mtime', async () => {
    await node.write(fileDraft('a', 1, { attributes: all }));
    for (const attributes of [undefined, {}, { mtime: 5 }, { executable: true }, { meta: { colour: 'größe' } }]) {
      const [again] = await node.write(fileDraft('a', 1, attributes && { attributes }));
      expect(again!.outcome).toBe('unchanged');
    }
    expect(await sets()).toBe(1);
    expect((await entry('a')).attributes.mtime).toBe(START - hour);
    const [changed] = await node.write(fileDraft('a', 1, { attributes: { executable: false, mtime: 7 } }));
    expect(changed).toMatchObject({ outcome: 'updated', entry: { conflict: false, contentId: content(1) } });
    expect((await entry('a')).attributes).toEqual({ ...all, executable: false, mtime: 7 });
    await node.write(fileDraft('a', 1, { attributes: { meta: {} } }));
    const { meta, ...rest } = all;
    expect([meta !== undefined, (await entry('a')).attributes]).toEqual([
      true,
      { ...rest, executable: false, mtime: 7 },
    ]);
    expect(await sets()).toBe(3);
  });

  it('are not those of the version before once the bytes are others', async () => {
    await node.write(fileDraft('a', 1, { attributes: all }));
    await node.write(fileDraft('a', 2));
    expect((await entry('a')).attributes).toEqual({});
  });

  it('move along, bytes of unknown names included, with the time of writing; both records are one act', async () => {
    await node.write(fileDraft('a', 1, { attributes: all }));
    node.clock.advance(hour);
    const { fileId } = await entry('a');
    await node.db.write((tx) => node.catalogue.move(tx, fileId, 'b'));
    const [moved] = await said('b');
    const { act, ...kept } = moved!.attributes;
    expect([bytes(kept), moved!.time, act!.length]).toEqual([bytes(all), START, 16]);
    expect((await said('a')).at(-1)).toMatchObject({ kind: 'deletion', attributes: { act }, time: START + hour });
    expect(await entry('b')).toMatchObject({ modifiedAt: START, createdAt: START });
    node.clock.advance(hour);
    await node.db.write(async (tx) => node.catalogue.move(tx, (await entry('b')).fileId, 'c'));
    expect((await said('c'))[0]!.attributes.act).not.toEqual(act);
  });

  it('come back with a version that is restored or chosen, at a time of its own', async () => {
    await node.write(fileDraft('a', 1, { attributes: { ...all, act: Buffer.alloc(16) } }));
    const { fileId } = await entry('a');
    await node.write({ kind: 'deletion', path: 'a', replaces: 'all' });
    expect((await entry('a')).attributes).toEqual(all);
    node.clock.advance(hour);
    await node.db.write((tx) => node.catalogue.restore(tx, fileId));
    expect(await entry('a')).toMatchObject({ deleted: false, attributes: all, modifiedAt: START + hour });
    expect((await said('a')).at(-1)!.attributes).toEqual(all);
    const theirs = recordOf(other, {
      content: content(5),
      attributes: { executable: false, ...later },
      clock: { ms: START + hour, counter: 9 },
    });
    await node.catalogue.receive([theirs], other.peerId);
    await node.db.write((tx) => node.catalogue.choose(tx, fileId, theirs.id));
    expect(await entry('a')).toMatchObject({ conflict: false, attributes: { executable: false, ...later } });
    const first = (await node.catalogue.versions(fileId, { limit: 9 })).items.at(-1)!;
    await node.db.write((tx) => node.catalogue.restore(tx, fileId, first.version));
    expect((await entry('a')).attributes).toEqual(all);
  });

  it('are of an author that says more than is known here', async () => {
    const record = recordOf(other, { attributes: all });
    await node.catalogue.receive([record], other.peerId);
    expect((await entry('a')).attributes).toEqual(all);
    const [stored] = await recordsOf(node);
    expect(stored!.body).toEqual(record.body);
  });

  it('do not count among the versions that are kept when they alone are new', async () => {
    let ran = 0;
    await using kept = await testNode({ stopwatch: () => ran });
    await kept.write(fileDraft('a', 1));
    for (const executable of [true, false, true]) await kept.write(fileDraft('a', 2, { attributes: { executable } }));
    await kept.write(fileDraft('a', 3));
    ran = hour;
    const due = (versions: number) => kept.catalogue.retention.contentsDue({ retentionMs: minute, versions }, null, 10);
    expect((await due(2)).contents).toEqual([content(1)]);
    expect((await due(3)).contents).toEqual([]);
  });
});

describe('the time that is shown', () => {
  const at = (ms: number) => ({ ms, counter: 0 });

  it('is the author’s wall clock, or this node’s at intake where that was earlier, and stays', async () => {
    const ahead = recordOf(other, { path: 'ahead', clock: at(START + 20 * hour), time: START + 20 * hour });
    const before = recordOf(other, { path: 'before', clock: at(START + 20 * hour + 1), time: START - hour });
    await node.catalogue.receive([ahead, before], other.peerId);
    expect(await entry('ahead')).toMatchObject({ modifiedAt: START, createdAt: START });
    expect(await entry('before')).toMatchObject({ modifiedAt: START - hour, createdAt: START - hour });
    node.clock.advance(2 * hour);
    // Judged anew: out of the set, and in again.
    node.members.remove(other.peerId, null);
    await node.catalogue.judgeNow();
    expect(await node.catalogue.byPath('ahead')).toBeUndefined();
    node.members.admit(other.peerId);
    await node.catalogue.judgeNow();
    expect(await entry('ahead')).toMatchObject({ modifiedAt: START, createdAt: START });
  });

  it('does not pass from one that was ahead to those who write on it', async () => {
    const ahead = recordOf(other, { clock: at(START + 20 * hour), time: START + 20 * hour });
    await node.catalogue.receive([ahead], other.peerId);
    node.clock.advance(minute);
    await node.write(fileDraft('a', 2), fileDraft('b', 3));
    for (const path of ['a', 'b']) expect((await entry(path)).modifiedAt).toBe(START + minute);
    const { items } = await node.catalogue.versions((await entry('a')).fileId, { limit: 9 });
    expect(items.map(({ writtenAt }) => Date.parse(writtenAt))).toEqual([START + minute, START]);
    node.clock.advance(minute);
    await node.write(fileDraft('c', 4));
    const listed = await node.catalogue.list({ limit: 9, sort: '-modifiedAt' });
    expect(listed.items.map(({ path }) => path)).toEqual(['c', 'b', 'a']);
  });
});

describe('a record that supersedes another', () => {
  const at = (ms: number) => ({ ms, counter: 0 });
  const named = recordOf(other, { content: content(7), clock: at(START + 100 * hour) });
  const by = recordOf(other, { content: content(8), clock: at(START), attributes: { supersedes: [named.id] } });
  const heads = async () =>
    (await node.catalogue.versions((await entry('a')).fileId, { limit: 9 })).items.map(({ head, contentId }) => [
      contentId,
      head,
    ]);

  it.each(['before it', 'after it'])('replaces it though its clock is greater: when that comes %s', async (when) => {
    node.clock.advance(50 * hour);
    await node.catalogue.receive(when === 'before it' ? [named, by] : [by, named], other.peerId);
    expect(await heads()).toEqual([
      [content(7), false],
      [content(8), true],
    ]);
    expect(await entry('a')).toMatchObject({ contentId: content(8), conflict: false });
  });

  it('lets it into the set as replaced when it is due, and tells of nothing', async () => {
    await node.catalogue.receive([named], other.peerId);
    await node.catalogue.receive([by], other.peerId);
    expect(await sets()).toBe(1);
    node.clock.advance(50 * hour);
    const told = (await node.events.since(0, 10)).items.length;
    await node.catalogue.judgeNow();
    expect(await sets()).toBe(2);
    expect(await heads()).toEqual([
      [content(7), false],
      [content(8), true],
    ]);
    const news = (await node.events.since(0, 10)).items.slice(told);
    expect(news.filter(({ type }) => type.startsWith('file.'))).toEqual([]);
  });
});
