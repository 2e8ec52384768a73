import type { AnyEvent } from '@dfs/contracts';
import { hour } from '@dfs/runtime';
import type { SignedRecord } from '@dfs/protocol';
import { fileDraft, recordOf, recordsOf, START, testNode, testSigner, type TestNode } from '../../testing/nodes.js';

const author = testSigner(1);
const other = testSigner(2);
const at = (counter: number): { ms: number; counter: number } => ({ ms: START, counter });

const root = recordOf(author, { path: 'root', prev: null, clock: at(0) });
const left = recordOf(author, { path: 'left', prev: root.id, clock: at(1) });
const leftAgain = recordOf(author, { path: 'left again', prev: left.id, clock: at(2) });
const right = recordOf(author, { path: 'right', prev: root.id, clock: at(5) });
const others = recordOf(other, { path: 'other', prev: root.id, clock: at(5) });

function node(): Promise<TestNode> {
  return testNode({ members: [author, other] });
}

async function forksTold(of: TestNode): Promise<string[]> {
  const { items } = await of.events.since(0, 1000);
  return items.flatMap((event: AnyEvent) =>
    event.type === 'node.warning' && event.data.code === 'fork' ? [event.data.detail] : [],
  );
}

describe('a fork', () => {
  it.each<[string, SignedRecord[]]>([
    ['in order', [root, left, leftAgain, right]],
    ['the other branch first', [root, right, left, leftAgain]],
    ['before what both follow on', [leftAgain, right, left, root]],
    ['without what both follow on', [right, left]],
  ])('is found and told once, when records come %s: one by one, and at once', async (_name, records) => {
    for (const batches of [records.map((record) => [record]), [records]]) {
      await using here = await node();
      for (const batch of batches) await here.catalogue.receive(batch, author.peerId);
      expect(await here.catalogue.forks()).toBe(1);
      await here.catalogue.receive(records, other.peerId);
      const told = await forksTold(here);
      expect(told).toHaveLength(1);
      for (const part of [author.peerId, left.id, right.id]) expect(told[0]).toContain(part);
      // Both are valid.
      expect(here.catalogue.records.root().count).toBe(records.length);
      expect(await here.catalogue.forks()).toBe(1);
    }
  });

  it('of first records is one too; records of two authors never are, nor is one chain', async () => {
    await using here = await node();
    await here.catalogue.receive([root, left, leftAgain, others], author.peerId);
    expect(await here.catalogue.forks()).toBe(0);
    await here.catalogue.receive([recordOf(author, { path: 'second start', prev: null })], author.peerId);
    expect(await here.catalogue.forks()).toBe(1);
  });

  it('counts when a record that waited comes into the set, and is not told again when records are judged anew', async () => {
    await using here = await node();
    const ahead = recordOf(author, { path: 'ahead', prev: root.id, clock: { ms: START + 73 * hour, counter: 0 } });
    await here.catalogue.receive([root, ahead, left], author.peerId);
    expect(await here.catalogue.forks()).toBe(0);
    here.clock.advance(2 * hour);
    await here.catalogue.judgeNow();
    expect(await here.catalogue.forks()).toBe(1);
    here.members.remove(author.peerId, left.id);
    await here.catalogue.judgeNow();
    here.members.admit(author.peerId);
    await here.catalogue.judgeNow();
    expect(here.catalogue.records.root().count).toBe(3);
    expect(await here.catalogue.forks()).toBe(1);
    expect(await forksTold(here)).toHaveLength(1);
  });

  it('of this node itself is told as well', async () => {
    await using old = await testNode();
    await old.write(fileDraft('lost', 1));
    await using here = await testNode({ signer: old.signer });
    await here.write(fileDraft('written by the copy', 2));
    await here.catalogue.receive(await recordsOf(old), author.peerId);
    expect(await forksTold(here)).toHaveLength(1);
    expect((await here.catalogue.list({ limit: 10 })).total).toBe(2);
  });

  it('by one who forks without end is counted without end, and told a few times', async () => {
    await using here = await node();
    await here.catalogue.receive([root], author.peerId);
    for (let n = 0; n < 30; n++) {
      await here.catalogue.receive(
        [recordOf(author, { path: `f${n}`, prev: root.id, clock: at(n + 1) })],
        author.peerId,
      );
    }
    expect(await here.catalogue.forks()).toBe(29);
    expect(await forksTold(here)).toHaveLength(20);
  });
});
