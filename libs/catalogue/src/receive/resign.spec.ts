import { hour } from '@dfs/runtime';
import { parseRecord } from '@dfs/protocol';
import {
  brief,
  content,
  fileDraft,
  recordsOf,
  START,
  testNode,
  testSigner,
  type TestNode,
} from '../../testing/nodes.js';
import { recount } from '../store/recount.js';

const YEAR = 365 * 24 * hour;
const other = testSigner(1);

/** Every record without its stamps and its links, in the order of its author's chain. */
async function said(node: TestNode): Promise<unknown[]> {
  const records = (await recordsOf(node)).map(({ body }) => parseRecord(body));
  const ids = new Map(
    records.map(({ id, fields }) => [id, `${fields!.kind} ${fields!.path} ${fields!.content ?? ''}`]),
  );
  return records
    .map(({ fields }) => fields!)
    .sort((a, b) => a.clock.ms - b.clock.ms || a.clock.counter - b.clock.counter)
    .map(({ kind, path, content: id, parents, prev, attributes }) => ({
      ...{ kind, path, id, attributes },
      prev: prev && ids.get(prev),
      parents: parents.map((parent) => ids.get(parent)),
    }));
}

describe('a node that was always alone, and whose clock was ahead', () => {
  it('has the same files with right stamps once its clock is right, tells nothing as deleted, and writes on', async () => {
    await using node = await testNode();
    await node.write(fileDraft('kept', 1), fileDraft('gone', 2));
    node.clock.advance(10 * YEAR);
    await node.write(fileDraft('new', 3, { attributes: { executable: true } }), fileDraft('kept', 4));
    await node.write({ kind: 'deletion', path: 'gone', replaces: 'all' }, { kind: 'folder', path: 'empty' });
    await node.write(fileDraft('new', 5));
    const before = await said(node);
    const { stream } = node.events;
    const told = (await node.events.since(0, 100)).items.length;
    node.clock.advance(-10 * YEAR + hour);
    await node.catalogue.writable();
    expect(await said(node)).toEqual(before);
    const clocks = (await recordsOf(node)).map(({ body }) => parseRecord(body).envelope.clock.ms);
    expect(Math.max(...clocks)).toBe(START + hour);
    const found = async (path: string) => (await node.catalogue.byPath(path))!;
    expect(brief(await found('new'))).toEqual({ path: 'new', contentId: content(5), deleted: false, conflict: false });
    expect(await found('new')).toMatchObject({ modifiedAt: START + hour, createdAt: START + hour });
    expect(await found('kept')).toMatchObject({ contentId: content(4), createdAt: START, modifiedAt: START + hour });
    expect((await found('gone')).deleted).toBe(true);
    expect(node.events.stream).not.toBe(stream);
    expect((await node.events.since(0, 100)).items).toHaveLength(told);
    expect((await recount(node.db)).miscounts).toEqual([]);
    await node.write(fileDraft('new', 6));
    expect(await node.catalogue.forks()).toBe(0);
    // One who joins sees it all.
    await using joined = await testNode({ signer: other, members: [node.signer] });
    await joined.catalogue.receive(await recordsOf(node), node.signer.peerId);
    expect((await joined.catalogue.byPath('new'))!.contentId).toBe(content(6));
    expect(joined.catalogue.records.root()).toEqual(node.catalogue.records.root());
  });

  it('is left as it is while the clock shows a time that no clock can have, and once there was another member', async () => {
    await using node = await testNode();
    await node.write(fileDraft('a', 1));
    const set = node.catalogue.records.root();
    node.clock.advance(-START);
    await node.catalogue.judgeNow();
    expect(node.catalogue.records.root()).toEqual(set);
    node.clock.advance(START + YEAR);
    await node.write(fileDraft('a', 2));
    node.members.admit(other.peerId);
    const later = node.catalogue.records.root();
    node.clock.advance(-YEAR);
    await node.catalogue.judgeNow();
    expect(node.catalogue.records.root()).toEqual(later);
  });
});
