import { hour } from '@dfs/runtime';
import type { SignedRecord } from '@dfs/protocol';
import { fileDraft, recordsOf, testNode, testSigner, type TestNode } from '../../testing/nodes.js';

const YEAR = 365 * 24 * hour;
const AHEAD = 10 * YEAR;

describe('a lone node whose records were signed anew, and that is restored from its journal', () => {
  /** Its records ahead of time, then all its records, in the order in which they were stored. */
  async function history(node: TestNode): Promise<{ early: number; journal: SignedRecord[] }> {
    const journal: SignedRecord[] = [];
    node.catalogue.onStored((records) => journal.push(...records));
    await node.write(fileDraft('before', 9));
    node.clock.advance(AHEAD);
    await node.write(fileDraft('gone', 1), fileDraft('changed', 2), fileDraft('kept', 3));
    await node.write(fileDraft('kept', 5));
    const early = journal.length;
    node.clock.advance(-AHEAD + hour);
    await node.catalogue.writable();
    await node.write({ kind: 'deletion', path: 'gone', replaces: 'all' });
    await node.write(fileDraft('changed', 4));
    return { early, journal };
  }

  async function isLike(again: TestNode, node: TestNode): Promise<void> {
    for (const path of ['gone', 'changed', 'kept', 'before'])
      expect(await again.catalogue.byPath(path)).toEqual({
        ...(await node.catalogue.byPath(path)),
        modifiedAt: expect.any(Number) as number,
        createdAt: expect.any(Number) as number,
      });
    expect((await recordsOf(again)).length).toBe((await recordsOf(node)).length);
    expect(again.catalogue.records.root()).toEqual(node.catalogue.records.root());
    expect(await again.catalogue.forks()).toBe(0);
  }

  it('does not bring back what was deleted since', async () => {
    await using node = await testNode();
    const { journal } = await history(node);
    await using again = await testNode();
    again.clock.advance(hour);
    await again.catalogue.receive(journal, again.signer.peerId);
    await again.catalogue.judgeNow();
    await isLike(again, node);
  });

  it('nor where its snapshot was taken before', async () => {
    await using node = await testNode();
    const { early, journal } = await history(node);
    await using again = await testNode();
    again.clock.advance(AHEAD);
    await again.catalogue.receive(journal.slice(0, early), again.signer.peerId);
    again.clock.advance(-AHEAD + hour);
    await again.catalogue.receive(journal.slice(early), again.signer.peerId);
    await again.catalogue.judgeNow();
    await isLike(again, node);
  });

  it('nor where others have joined since, and it writes on', async () => {
    await using node = await testNode();
    const { journal } = await history(node);
    await using again = await testNode({ members: [testSigner(1)] });
    again.clock.advance(hour);
    await again.catalogue.receive(journal, again.signer.peerId);
    await again.catalogue.judgeNow();
    await isLike(again, node);
    await again.catalogue.writable();
    await again.write(fileDraft('next', 6));
  });

  it('signs anew what was not when the journal was torn off', async () => {
    await using node = await testNode();
    const { early, journal } = await history(node);
    await using again = await testNode();
    again.clock.advance(hour);
    await again.catalogue.receive(journal.slice(0, early + 2), again.signer.peerId);
    await again.catalogue.judgeNow();
    for (const path of ['gone', 'changed', 'kept']) {
      expect(await again.catalogue.byPath(path)).toMatchObject({ deleted: false, conflict: false });
    }
    expect((await recordsOf(again)).length).toBe(early);
    expect(await again.catalogue.forks()).toBe(0);
  });
});
