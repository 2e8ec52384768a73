import { hour } from '@dfs/runtime';
import { peerIdToBytes } from '@dfs/protocol';
import { recordOf, testNode, testSigner, type TestNode } from '../../testing/nodes.js';
import { MAX_WAITING } from './waiting-room.js';

const [hostile, honest] = [testSigner(1).peerId, testSigner(2).peerId];
const stranger = testSigner(3);
/** Of authors that nobody has admitted. */
const bring = (node: TestNode, path: string, from: string): Promise<unknown> =>
  node.catalogue.receive([recordOf(stranger, { path })], from);
const refusedNow = (node: TestNode): number => node.catalogue.refused().get('ceiling') ?? 0;

let ran = 0;
let node: TestNode;
beforeEach(async () => {
  ran = 0;
  node = await testNode({ members: [testSigner(1), testSigner(2)], stopwatch: () => ran });
});
afterEach(() => node[Symbol.asyncDispose]());

const waiting = async (): Promise<number> => {
  const rows = await node.db.query<{ n: number }>('SELECT count(*) AS n FROM catalogue_record WHERE state = 3');
  return rows[0]!.n;
};

/** As when a peer had brought so many: copies of a record that waits, under other ids. */
async function fill(from: string, count: number): Promise<void> {
  await bring(node, 'one', from);
  const columns = await node.db.query<{ name: string }>(
    "SELECT name FROM pragma_table_info('catalogue_record') WHERE name NOT IN ('seq', 'id')",
  );
  const list = columns.map(({ name }) => name).join();
  await node.db.write(async (tx) => {
    await tx.run(
      `WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < ?)
       INSERT INTO catalogue_record (id, ${list}) SELECT randomblob(32), ${list} FROM n,
       (SELECT * FROM catalogue_record WHERE state = 3 LIMIT 1)`,
      [count - 1],
    );
    await tx.run(`INSERT OR IGNORE INTO catalogue_waiting SELECT id, ?, ? FROM catalogue_record WHERE state = 3`, [
      peerIdToBytes(from),
      hour,
    ]);
  });
}

describe('records that wait for their authors', () => {
  it('go after an hour that this node has run, and leave nothing behind', async () => {
    const before = await node.db.query('SELECT records, bytes FROM catalogue_author');
    await bring(node, 'a', honest);
    ran += hour - 1;
    await node.catalogue.judgeNow();
    expect(await waiting()).toBe(1);
    ran += 1;
    await node.catalogue.judgeNow();
    expect(await waiting()).toBe(0);
    expect(await node.db.query('SELECT * FROM catalogue_waiting')).toEqual([]);
    // Nor is an author remembered that nobody has made known.
    expect(await node.db.query('SELECT records, bytes FROM catalogue_author')).toEqual(before);
    // It comes again with a later sync, and counts once its author is known.
    await bring(node, 'a', honest);
    node.members.admit(stranger.peerId);
    await node.catalogue.judgeNow();
    expect(await node.catalogue.byPath('a')).toBeDefined();
    expect(await node.db.query('SELECT * FROM catalogue_waiting')).toEqual([]);
  });

  it('of a peer that fills the room make way for those that others bring, the oldest first', async () => {
    await fill(hostile, MAX_WAITING);
    expect(await waiting()).toBe(MAX_WAITING);
    await bring(node, 'more of the same', hostile);
    await node.catalogue.judgeNow();
    expect(await waiting()).toBe(MAX_WAITING);
    expect(refusedNow(node)).toBe(1);
    await bring(node, 'from another', honest);
    await node.catalogue.judgeNow();
    expect(await waiting()).toBe(MAX_WAITING - 1);
    await bring(node, 'from another', honest);
    expect(await waiting()).toBe(MAX_WAITING);
    const by = await node.db.query<{ n: number }>('SELECT count(*) AS n FROM catalogue_waiting WHERE bringer = ?', [
      peerIdToBytes(honest),
    ]);
    expect(by).toEqual([{ n: 1 }]);
  });
});
