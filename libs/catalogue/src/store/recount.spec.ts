import { seededRandom } from '@dfs/testing';
import { content, fileDraft, recordOf, START, testNode, testSigner, type TestNode } from '../../testing/nodes.js';
import { pathsWith, recount } from './recount.js';

const other = testSigner(1);
const from = other.peerId;

/** A catalogue that has seen a bit of everything. */
async function lived(seed?: number): Promise<TestNode> {
  const random = seededRandom(seed);
  const node = await testNode({ members: [other] });
  for (let turn = 0; turn < 60; turn++) {
    node.clock.advance(10);
    const path = `${['', 'a/', 'a/b/', 'c/d/e/'][random.int(0, 3)]}f${random.int(0, 5)}`;
    const act = random.int(0, 3);
    if (act === 0) await node.write({ kind: 'deletion', path, replaces: 'all' }).catch(() => undefined);
    else if (act === 1) await node.write({ kind: 'folder', path: `d${random.int(0, 3)}` }).catch(() => undefined);
    else if (act === 2) {
      const clock = { ms: START + turn, counter: turn };
      await node.catalogue.receive([recordOf(other, { path, content: content(turn), size: turn + 1, clock })], from);
    } else await node.write(fileDraft(path, random.int(0, 20)));
  }
  return node;
}

describe('recount', () => {
  it('finds every kept count right, whatever happened', async () => {
    for (let round = 0; round < 3; round++) {
      const seed = seededRandom().int(0, 1e9);
      await using node = await lived(seed);
      const found = await recount(node.db);
      expect({ seed, miscounts: found.miscounts }).toEqual({ seed, miscounts: [] });
      const totals = await node.catalogue.totals();
      expect({ count: found.files, bytes: found.bytes }).toEqual(totals);
      expect(found.records).toBe(node.catalogue.records.root().count);
    }
  });

  it.each([
    ['UPDATE catalogue_total SET count = count + 1 WHERE state = 1', 'current files'],
    ['UPDATE catalogue_total SET bytes = bytes - 1 WHERE state = 2', 'deleted files'],
    ['UPDATE catalogue_total SET count = 99 WHERE state = 4', 'conflicts'],
    ['UPDATE catalogue_folder SET files = files + 1 WHERE files > 0', 'folders'],
    ["UPDATE catalogue_folder SET folders = folders + 1 WHERE path = ''", 'folders'],
    ["DELETE FROM catalogue_folder WHERE path <> ''", 'folders'],
    ['UPDATE catalogue_author SET records = records - 1', `records of ${testSigner(0).peerId}`],
    [
      'DELETE FROM catalogue_fingerprint WHERE bucket = (SELECT max(bucket) FROM catalogue_fingerprint)',
      'fingerprints',
    ],
    ['UPDATE catalogue_fingerprint SET sum = zeroblob(32)', 'fingerprints'],
    ['DELETE FROM catalogue_record WHERE seq = (SELECT max(seq) FROM catalogue_record)', 'fingerprints'],
  ])('finds what is wrong: %s', async (statement, what) => {
    await using node = await lived(5);
    await node.db.write((tx) => tx.run(statement));
    const { miscounts } = await recount(node.db);
    expect(miscounts.length).toBeGreaterThan(0);
    expect(miscounts.map((miscount) => miscount.what).join()).toContain(what);
  });

  it('names some of the files that have a content', async () => {
    await using node = await testNode();
    for (const path of ['a', 'b', 'c']) await node.write(fileDraft(path, 1));
    await node.write({ kind: 'deletion', path: 'a', replaces: 'all' });
    const found = await pathsWith(node.db, [content(1), content(2)], 1);
    expect(['b', 'c']).toContain(found.get(content(1))?.join());
    expect(found.get(content(2))).toEqual([]);
    expect((await pathsWith(node.db, [content(1)], 9)).get(content(1))?.sort()).toEqual(['b', 'c']);
  });
});
