import type { QueryRunner } from 'typeorm';
import type { Tx } from '@dfs/database';
import { content, fileDraft, recordOf, START, testNode, testSigner, type TestNode } from '../../testing/nodes.js';
import { CatalogueActs1799000400000 } from '../migrations/acts.js';
import { recount } from '../store/recount.js';

const other = testSigner(1);
let node: TestNode;
beforeEach(async () => {
  node = await testNode({ members: [other] });
});
afterEach(() => node[Symbol.asyncDispose]());

describe('a path before an act', () => {
  it('is found however many records of the act follow on each other, and by however many ways', async () => {
    const act = Buffer.alloc(16, 7);
    const first = recordOf(other, { content: content(1) });
    await node.catalogue.receive([first], other.peerId);
    let parents = [first.id];
    for (let level = 1; level <= 40; level++) {
      const records = [1, 2].map((counter) =>
        recordOf(other, {
          clock: { ms: START + level, counter },
          content: content(2 * level + counter),
          attributes: { act },
          parents,
        }),
      );
      await node.catalogue.receive(records, other.peerId);
      parents = records.map(({ id }) => id).sort();
    }
    const [former, ...others] = await node.catalogue.folders.beforeAct('', act, () => true);
    expect([former, others]).toEqual([
      { shown: expect.objectContaining({ path: 'a' }), changed: false, was: first.id },
      [],
    ]);
  });
});

describe('a folder that is deleted', () => {
  it('is no deleted file, before and after a database of an earlier version is changed', async () => {
    const { catalogue, db } = node;
    const acts = new CatalogueActs1799000400000();
    const act = Buffer.alloc(16, 7);
    await node.write({ kind: 'folder', path: 'made' }, fileDraft('file', 1), {
      ...fileDraft('of-an-act', 1),
      attributes: { act },
    });
    await node.write({ kind: 'deletion', path: 'made' }, { kind: 'deletion', path: 'file' });
    const seen = async () => {
      const { items, total } = await catalogue.list({ state: 'deleted', limit: 10 });
      const before = await catalogue.folders.beforeAct('', act, () => true);
      return [items.map(({ path }) => path), total, before.map(({ shown }) => shown.path)];
    };
    expect(await seen()).toEqual([['file'], 1, ['of-an-act']]);
    await db.write((tx) => acts.down(runnerOf(tx)));
    await db.write((tx) => acts.up(runnerOf(tx)));
    expect(await seen()).toEqual([['file'], 1, ['of-an-act']]);
    expect((await recount(db)).miscounts).toEqual([]);
    const [plan] = await db.query<{ detail: string }>(
      'EXPLAIN QUERY PLAN SELECT 1 FROM catalogue_record r WHERE r.state = 1 AND r.act = ?',
      [act],
    );
    expect(plan?.detail).toContain('catalogue_record_act');
  });
});

/** As far as a migration without questions needs one. */
const runnerOf = (tx: Tx) => ({ query: (sql: string) => tx.run(sql) }) as unknown as QueryRunner;
