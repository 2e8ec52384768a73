import { MiB } from '@dfs/runtime';
import type { StoredContent } from '@dfs/chunks';
import { eventually, isLong, seededRandom, sha256Hex } from '@dfs/testing';
import { World, type WorldNode } from '../testing/world.js';

const SIZE = (isLong ? 200 : 32) * MiB;
/** Ten nodes share one process, and that the machine. */
const TIMEOUT = isLong ? 900_000 : 600_000;
const random = seededRandom(23);

/** Copies of the file that a node has sent, payload bytes alone. */
const copiesSent = (node: WorldNode, file: StoredContent): number => node.placement.status().sentBytes / file.size;

/** Ten nodes and one that uploads. */
async function eleven(replicas: number) {
  const world = await World.of(11, { replicas });
  const [uploader, ...fetchers] = world.nodes as [WorldNode, ...WorldNode[]];
  return { world, uploader, fetchers };
}

describe('ten nodes that want one new file at the same time', () => {
  it(
    'share it among themselves when all of them are to hold it',
    async () => {
      const { world, uploader, fetchers } = await eleven(11);
      await using _ = world;
      const file = await uploader.put('new', random.bytes(SIZE));
      for (const node of fetchers) {
        await eventually(async () => (await node.pinned(file.contentId)) === 1, { deadline: TIMEOUT, poll: 100 });
      }
      const sent = world.nodes.map((node) => copiesSent(node, file));
      // Of ten. On a busy machine some ask the uploader for what others are slow to bring.
      expect(copiesSent(uploader, file)).toBeLessThan(3);
      expect(sent.reduce((sum, copies) => sum + copies, 0)).toBeLessThan(14);
    },
    TIMEOUT,
  );

  it(
    'share it among themselves when all of them read it',
    async () => {
      const { world, uploader, fetchers } = await eleven(1);
      await using _ = world;
      const bytes = random.bytes(SIZE);
      const expected = await sha256Hex(bytes);
      const file = await uploader.put('new', bytes);
      const got = await Promise.all(fetchers.map((node) => node.read(file.contentId, file.size)));
      for (const read of got) expect(await sha256Hex(read)).toBe(expected);
      expect(copiesSent(uploader, file)).toBeLessThan(3);
    },
    TIMEOUT,
  );
});
