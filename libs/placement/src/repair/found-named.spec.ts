import { rm } from 'node:fs/promises';
import { MiB } from '@dfs/runtime';
import type { StoredContent } from '@dfs/chunks';
import { eventually, seededRandom } from '@dfs/testing';
import { World, type WorldNode } from '../testing/world.js';

const random = seededRandom(71);

/** Its database is gone, and its packs are found at the next start. */
async function loseDatabase(node: WorldNode): Promise<void> {
  await node.stop();
  for (const suffix of ['', '-wal', '-shm']) await rm(node.dir.file(`dfs.sqlite${suffix}`), { force: true });
  await node.restart();
}

describe('a node that lost its database, and has its packs', () => {
  it('promises what versions need of them, old ones too, and frees none of it', async () => {
    await using world = await World.of(2, { replicas: 1 });
    const [a, b] = world.nodes as [WorldNode, WorldNode];
    a.namesKnownAlone = true;
    await b.stop();
    const files: StoredContent[] = [];
    for (let n = 0; n < 8; n++) files.push(await a.put(`f${n}`, random.bytes(n === 0 ? 3 * MiB : 100_000)));
    for (const { contentId } of files.slice(0, 4)) a.replaced(contentId);
    const read = async ({ contentId, size }: StoredContent) => (await a.read(contentId, size)).length;
    // Another has said a size of one that it does not have.
    const [lie] = (await a.putMany([{ path: 'lie', bytes: random.bytes(3 * MiB) }])) as [StoredContent];
    a.contents.set(lie.contentId, { contentId: lie.contentId, size: 77, author: b.peerId });
    await loseDatabase(a);
    // As after what was found has been kept for long enough.
    await eventually(async () => (await a.chunks.found()).unread === 0);
    await a.db.write((tx) => tx.run('UPDATE pack SET found_at = 1'));
    await eventually(
      async () => {
        const held = await Promise.all(files.map(({ contentId }) => a.pinned(contentId)));
        return held.every((count) => count > 0);
      },
      { what: 'all is promised again' },
    );
    await a.placement.reclaim(0);
    for (const file of files) expect(await read(file)).toBe(file.size);
  });
});
