import { cidFromDigest, sha256 } from '@dfs/protocol';
import { KiB } from '@dfs/runtime';
import { encodeInner, encodeLeaf, manifestId, manifestParts } from './format.js';

const digest = (label: string): Uint8Array => sha256(Buffer.from(label));

describe('what a manifest block leads to, of which nothing else is known', () => {
  it('is its chunks, or the blocks below it, with their bytes', () => {
    const chunks = ['a', 'b', 'c'].map((label) => ({ digest: digest(label), size: 300 * KiB }));
    expect(manifestParts(encodeLeaf(chunks))).toEqual({
      ...{ size: 900 * KiB, chunkCount: 3, canBeRoot: true },
      ids: chunks.map((chunk) => cidFromDigest(chunk.digest)),
    });
    const children = [
      { digest: digest('full'), size: 1024 * 400 * KiB, chunkCount: 1024 },
      { digest: digest('rest'), size: 300 * KiB, chunkCount: 1 },
    ];
    expect(manifestParts(encodeInner(1, children))).toEqual({
      ...{ size: (1024 * 400 + 300) * KiB, chunkCount: 1025, canBeRoot: true },
      ids: children.map((child) => manifestId(child.digest)),
    });
    expect(manifestParts(encodeLeaf(chunks.slice(0, 1)))).toMatchObject({ canBeRoot: false });
  });

  it('is nothing for other bytes', () => {
    const leaf = encodeLeaf([{ digest: digest('a'), size: 300 * KiB }]);
    for (const bytes of [new Uint8Array(0), Buffer.from('DFSM'), leaf.subarray(0, -1), Buffer.alloc(60, 0xff)]) {
      expect(manifestParts(bytes)).toBeUndefined();
    }
  });
});
