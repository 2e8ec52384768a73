import { content, recordOf, START, testNode, testSigner, type TestNode } from '../../testing/nodes.js';

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
