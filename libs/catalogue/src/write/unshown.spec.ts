import type { Cid } from '@dfs/protocol';
import { hour } from '@dfs/runtime';
import { content, fileDraft, recordOf, START, testNode, testSigner, type TestNode } from '../../testing/nodes.js';

const dora = testSigner(1);

describe('contents of versions that no path comes to show', () => {
  let node: TestNode;
  let told: { contentId: Cid; size: number; author: string }[];
  let shown: (Cid | null)[];
  beforeEach(async () => {
    node = await testNode({ members: [dora] });
    told = [];
    shown = [];
    node.catalogue.onUnshown((contents) => told.push(...contents));
    node.catalogue.onChange((changes) => shown.push(...changes.map(({ contentId }) => contentId)));
  });
  afterEach(() => node[Symbol.asyncDispose]());

  const at = (hours: number) => ({ ms: START + (hours - 50) * hour, counter: 0 });
  const first = recordOf(dora, { clock: at(0), content: content(1), size: 1001 });
  const second = recordOf(dora, { clock: at(1), content: content(2), size: 1002, parents: [first.id], prev: first.id });
  const deletion = recordOf(dora, { clock: at(2), kind: 'deletion', parents: [second.id], prev: second.id });
  const ofFirst = { contentId: content(1), size: 1001, author: dora.peerId };

  it('are told of where they were replaced by what came with them, deletions too', async () => {
    await node.catalogue.receive([first, second, deletion], dora.peerId);
    expect(told).toEqual([ofFirst, { ...ofFirst, contentId: content(2), size: 1002 }]);
    expect(shown).toEqual([null]);
  });

  it('are told of where what replaces them came before', async () => {
    await node.catalogue.receive([second], dora.peerId);
    expect([told, shown]).toEqual([[], [content(2)]]);
    await node.catalogue.receive([first], dora.peerId);
    expect(told).toEqual([ofFirst]);
  });

  it('are not those of versions that a path showed for a time, nor of heads in conflict', async () => {
    await node.catalogue.receive([first], dora.peerId);
    await node.catalogue.receive([second], dora.peerId);
    await node.catalogue.receive([recordOf(dora, { clock: at(3), content: content(3) })], dora.peerId);
    await node.write(fileDraft('b', 4));
    await node.write(fileDraft('b', 5));
    expect(told).toEqual([]);
    expect(new Set(shown)).toEqual(new Set([1, 2, 3, 4, 5].map(content)));
  });

  it('are those of void records', async () => {
    node.members.remove(dora.peerId, null);
    await node.catalogue.receive([first], dora.peerId);
    expect([told, shown]).toEqual([[ofFirst], []]);
  });
});
