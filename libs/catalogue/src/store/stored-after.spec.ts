import { recordIdOf, type SignedRecord } from '@dfs/protocol';
import { fileDraft, recordOf, testNode, testSigner } from '../../testing/nodes.js';

const [other, stranger] = [testSigner(1), testSigner(2)];
const idsOf = (records: readonly SignedRecord[]): string[] => records.map(({ body }) => recordIdOf(body));

describe('records that are stored', () => {
  it('are told once, signed, in whatever state, after their commit, and can be read again in that order', async () => {
    await using node = await testNode({ members: [other] });
    const told: SignedRecord[] = [];
    node.catalogue.onStored((records) => told.push(...records));
    await node.write(fileDraft('own', 1), fileDraft('own', 2));
    const theirs = recordOf(other, { path: 'theirs' });
    const early = recordOf(stranger, { path: 'of nobody known here' });
    await node.catalogue.receive([theirs, early], other.peerId);
    await node.catalogue.receive([theirs, early], other.peerId);
    expect(idsOf(told)).toHaveLength(4);
    expect(idsOf(told).slice(2).sort()).toEqual([theirs.id, early.id].sort());
    expect(told.every(({ signature }) => signature.length === 64)).toBe(true);

    const pages = await node.catalogue.storedAfter(idsOf(told)[0]!);
    const read: SignedRecord[] = [];
    for await (const page of pages!) read.push(...page);
    expect(idsOf(read)).toEqual(idsOf(told).slice(1));
    expect(read.map(({ signature }) => Buffer.from(signature))).toEqual(
      told.slice(1).map(({ signature }) => Buffer.from(signature)),
    );
    let count = 0;
    for await (const page of (await node.catalogue.storedAfter(null))!) count += page.length;
    expect(count).toBe(4);
    expect(await node.catalogue.storedAfter('00'.repeat(32))).toBeUndefined();
    // A record that is judged anew is not stored anew.
    node.members.admit(stranger.peerId);
    await node.catalogue.judgeNow();
    expect(told).toHaveLength(4);
  });

  it('are not told of a unit that failed', async () => {
    await using node = await testNode();
    let told = 0;
    node.catalogue.onStored(() => told++);
    const failing = node.db.write(async (tx) => {
      await node.catalogue.commit(tx, [fileDraft('a', 1)]);
      throw new Error('on purpose');
    });
    await expect(failing).rejects.toThrow('on purpose');
    expect(told).toBe(0);
  });
});
