import { setTimeout as delay } from 'node:timers/promises';
import type { StoredContent } from '@dfs/chunks';
import { cidOf } from '@dfs/protocol';
import { KiB, MiB, second } from '@dfs/runtime';
import { eventually, seededRandom } from '@dfs/testing';
import { checkPins } from '../pins/check-pins.js';
import { DEEP_SEARCHES } from '../limits.js';
import { rank } from '../testing/ranking.js';
import { peerIdOf, World, type WorldNode } from '../testing/world.js';

const random = seededRandom(57);
const GRACE = 1 * second;

const FILES = [300 * KiB, 2 * KiB, 2 * KiB, 5 * MiB, 40 * KiB, 1, 900 * KiB, 2 * MiB, 7 * KiB, 3 * KiB];

/** Files of all sizes, each put in by the first node. */
async function filesOf(node: WorldNode): Promise<{ file: StoredContent; bytes: Buffer }[]> {
  const bytes = [...FILES, ...FILES].map((size) => Buffer.from(random.bytes(size)));
  const files = await node.putMany(bytes.map((content, index) => ({ path: `f${index}`, bytes: content })));
  return files.map((file, index) => ({ file, bytes: bytes[index]! }));
}

async function holdersOf(world: World, { contentId }: StoredContent): Promise<string[]> {
  const nodes = world.running();
  const pinned = await Promise.all(nodes.map((node) => node.pinned(contentId)));
  return nodes.filter((_, index) => pinned[index]! > 0).map(({ peerId }) => peerId);
}

/** Until those hold each file whom placement gives it to, and nobody else, as all have heard. */
async function trimmed(world: World, files: readonly { file: StoredContent }[], copies: number): Promise<void> {
  const members = world.nodes.map(({ peerId }) => ({ peerId, capacity: 6 }));
  for (const { file } of files) {
    const placed = rank(file.contentId, 0, members).slice(0, copies).sort().join();
    const isSo = async (): Promise<boolean> => (await holdersOf(world, file)).sort().join() === placed;
    await eventually(isSo, { what: 'no surplus' });
    for (const node of world.running()) {
      await eventually(async () => (await node.state(file)) === `safe ${copies}`, { what: 'its state everywhere' });
    }
  }
}

/** Contents that the node wrote and has let go of: some of them, at least. */
async function letGo(node: WorldNode, files: readonly { file: StoredContent }[]): Promise<StoredContent[]> {
  const gone: StoredContent[] = [];
  for (const { file } of files) if ((await node.pinned(file.contentId)) === 0) gone.push(file);
  expect(gone.length).toBeGreaterThan(0);
  return gone;
}

describe('what a member holds beyond its share', () => {
  it('is let go of by who wrote it, and is safe and readable everywhere at all times', async () => {
    await using world = await World.of(5, { replicas: 2, graceMs: GRACE });
    const [writer, other] = world.nodes as [WorldNode, WorldNode];
    const files = await filesOf(writer);
    await Promise.all(files.map(({ file }) => eventually(async () => (await other.state(file)).startsWith('safe'))));
    let [watching, worst] = [true, Infinity];
    const watched = (async () => {
      while (watching) {
        const states = await other.placement.replication(files.map(({ file }) => file));
        worst = Math.min(worst, ...[...states.values()].map(({ copies }) => copies));
        await delay(5);
      }
    })();
    await trimmed(world, files, 2);
    watching = false;
    await watched;
    expect(worst).toBe(2);
    const kept = await Promise.all(files.map(({ file }) => writer.pinned(file.contentId)));
    const gone = kept.filter((extents) => extents === 0).length;
    expect(gone).toBeGreaterThan(0);
    // It promises them no more before it has let go of them, and counts those a moment later.
    await eventually(() => writer.placement.status().lettingGo.letGo >= gone, { what: 'all of them let go of' });
    // Contents that it let go of are cache; with those gone it has its share on disk, and nobody misses a byte.
    const { chunks: before } = writer.chunks.usage();
    await writer.placement.reclaim(0);
    expect(writer.chunks.usage().chunks).toBeLessThan(before);
    for (const node of world.nodes) {
      for (const { file, bytes } of files) {
        expect(Buffer.compare(await node.read(file.contentId, file.size), bytes)).toBe(0);
      }
      await checkPins(node.db, node.chunks, (finding) => expect(finding).toBeUndefined());
    }
  });

  it('is not promised again by a restart, and comes back without a byte moving when it is wanted', async () => {
    await using world = await World.of(4, { replicas: 2, graceMs: GRACE });
    const [writer, ...others] = world.nodes as [WorldNode, WorldNode];
    const files = await filesOf(writer);
    await trimmed(world, files, 2);
    const gone = await letGo(writer, files);
    await writer.restart();
    const after = await writer.put('after', random.bytes(2 * KiB));
    await eventually(async () => (await others[0].state(after)).startsWith('safe'));
    for (const file of gone) expect(await writer.pinned(file.contentId)).toBe(0);
    // All others are gone for good: what is left here is kept, and promised again.
    for (const node of others) {
      writer.outOfGrace.add(node.peerId);
      await node.stop();
    }
    await writer.placement.reclaim(0);
    for (const { file, bytes } of files) {
      await eventually(async () => (await writer.pinned(file.contentId)) === 1);
      expect(Buffer.compare(await writer.read(file.contentId, file.size), bytes)).toBe(0);
    }
  });

  it('is promised again by who has it still, once the others are gone, though much else is lost for good', async () => {
    await using world = await World.of(4, { replicas: 2, graceMs: GRACE });
    const [writer, ...others] = world.nodes as [WorldNode, WorldNode];
    const files = await filesOf(writer);
    await trimmed(world, files, 2);
    const gone = await letGo(writer, files);
    // Files that nobody has, before all others in the catalogue: as many as are searched for at once.
    const ids = Array.from({ length: 4000 }, () => cidOf(random.bytes(16))).sort();
    const author = peerIdOf(9);
    writer.learn(
      ids.slice(0, DEEP_SEARCHES).map((contentId, index) => {
        return { fileId: `lost-${index}`, path: `lost ${index}`, contentId, size: 16, author, deleted: false };
      }),
    );
    for (const node of others) {
      writer.outOfGrace.add(node.peerId);
      await node.stop();
    }
    for (const { contentId } of gone) {
      await eventually(async () => (await writer.pinned(contentId)) === 1);
    }
  });

  it('is kept while there are no more members than copies wanted', async () => {
    await using world = await World.of(3, { replicas: 3, graceMs: 1 });
    const files = await filesOf(world.nodes[0] as WorldNode);
    for (const { file } of files) {
      await eventually(async () => (await holdersOf(world, file)).length === 3);
    }
    for (const node of world.nodes) {
      const looked = node.placement.status().lettingGo.runs;
      await node.put(`news of ${node.peerId}`, random.bytes(1 * KiB));
      await eventually(() => node.placement.status().lettingGo.runs > looked);
      expect(node.placement.status().lettingGo).toMatchObject({ letGo: 0, refused: 0 });
    }
  });
});
