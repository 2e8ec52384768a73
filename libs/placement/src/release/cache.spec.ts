import type { StoredContent } from '@dfs/chunks';
import { MiB } from '@dfs/runtime';
import { eventually, seededRandom, sha256Hex } from '@dfs/testing';
import type { Transport } from '@dfs/transport';
import { CACHE_SHARE } from '../read/read-cache.js';
import { rank } from '../testing/ranking.js';
import { answering, isWireMap, type Answered } from '../testing/tampering.js';
import { World, type NodeOptions, type WorldNode } from '../testing/world.js';

const random = seededRandom(31);

/** A file that one node is to hold, its holder, and others who do not hold it. */
async function heldOnce(bytes: Uint8Array, others: NodeOptions[] = [{}, {}]) {
  const world = await World.of(1, { replicas: 1 });
  const [uploader] = world.nodes as [WorldNode];
  const file = await uploader.put('film', bytes);
  for (const options of others) await world.add(options);
  for (const node of world.nodes) {
    node.contents.set(file.contentId, { contentId: file.contentId, size: file.size, author: uploader.peerId });
  }
  // The first member by placement takes it over from the start; it is no longer among the others.
  const candidates = world.nodes.map(({ peerId }) => ({ peerId, capacity: 6 }));
  const best = world.nodes.find(({ peerId }) => peerId === rank(file.contentId, 0, candidates)[0])!;
  return { world, uploader, file, best, readers: world.nodes.filter((node) => node !== uploader && node !== best) };
}

const blockCount = (file: StoredContent): number => file.chunkCount + 1;

describe('what a reader keeps', () => {
  it('serves it again without its holder, is no copy, and goes when it is in the way', async () => {
    const bytes = random.bytes(12 * MiB);
    const { world, uploader, file, best, readers } = await heldOnce(bytes);
    await using _ = world;
    const [reader] = readers as [WorldNode];
    expect(await sha256Hex(await reader.read(file.contentId, file.size))).toBe(await sha256Hex(bytes));
    await eventually(() => reader.chunks.usage().chunks === blockCount(file));
    expect(await reader.pinned(file.contentId)).toBe(0);
    const { extents } = await reader.placement.holders(file.contentId, file.size);
    expect(extents[0]!.holders.map(({ peerId }) => peerId)).not.toContain(reader.peerId);
    for (const node of new Set([uploader, best])) await node.stop();
    expect(await sha256Hex(await reader.read(file.contentId, file.size))).toBe(await sha256Hex(bytes));
    // The first run finds it unneeded, the next one frees it: what is cache is kept for a while.
    await reader.placement.reclaim(60_000);
    expect(reader.chunks.usage().chunks).toBe(blockCount(file));
    await reader.placement.reclaim(0);
    expect(reader.chunks.usage().chunks).toBe(0);
  });

  it('never takes the room that the data of others needs', async () => {
    const quotaBytes = 24 * MiB;
    const bytes = random.bytes(28 * MiB);
    const { world, file, readers } = await heldOnce(bytes, [{ quotaBytes }, { quotaBytes }, { quotaBytes }]);
    await using _ = world;
    const [reader] = readers as [WorldNode];
    expect(await sha256Hex(await reader.read(file.contentId, file.size))).toBe(await sha256Hex(bytes));
    await reader.placement.stop();
    expect(reader.chunks.usage().bytes).toBeLessThanOrEqual(quotaBytes * CACHE_SHARE);
    expect(reader.placement.status().full).toBe(false);
  });
});

/** Says that all is here, and has nothing. */
function boast(frame: Answered): Answered {
  const { header } = frame;
  if (!isWireMap(header)) return frame;
  if ('whole' in header) return { header: { ...header, whole: true, count: 0, have: new Uint8Array(0) }, payload: [] };
  if (!('sizes' in header) || frame.payload.reduce((sum, { length }) => sum + length, 0) < 256 * 1024) return frame;
  return { header: { sizes: new Uint8Array((header['sizes'] as Uint8Array).length) }, payload: [] };
}

describe('one who fetches the same', () => {
  it.each<[string, (transport: Transport) => Transport]>([
    ['says that it has all and gives nothing', (transport) => answering(transport, boast)],
    [
      'says nonsense about what it has',
      (transport) =>
        answering(transport, (frame) =>
          isWireMap(frame.header) && 'whole' in frame.header
            ? { header: { whole: false, count: 1000, have: new Uint8Array(1) }, payload: [] }
            : frame,
        ),
    ],
  ])('keeps nobody from the file when it %s', async (_, wrap) => {
    const bytes = random.bytes(20 * MiB);
    const { world, file, uploader } = await heldOnce(bytes, [{ wrap }, {}, {}, {}]);
    await using __ = world;
    const readers = world.nodes.filter((node) => node !== uploader);
    const expected = await sha256Hex(bytes);
    const got = await Promise.all(readers.map((node) => node.read(file.contentId, file.size)));
    for (const read of got) expect(await sha256Hex(read)).toBe(expected);
  });
});
