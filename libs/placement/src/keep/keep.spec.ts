import type { StoredContent } from '@dfs/chunks';
import { cidOf, EMPTY_CONTENT } from '@dfs/protocol';
import { KiB, MiB, second } from '@dfs/runtime';
import { eventually, seededRandom } from '@dfs/testing';
import { checkPins } from '../pins/check-pins.js';
import { rank } from '../testing/ranking.js';
import { World, type WorldNode } from '../testing/world.js';

const random = seededRandom(77);
const GRACE = 1 * second;
const PATH = 'films/a.mkv';

/** Puts a file in, and waits until those hold it whom placement gives it to, and nobody else. */
async function putPlaced(world: World, bytes: Uint8Array, path = PATH): Promise<Placed> {
  const [writer] = world.nodes as [WorldNode];
  const file = await writer.put(path, bytes);
  const ranked = rank(
    file.contentId,
    0,
    world.nodes.map(({ peerId }) => ({ peerId, capacity: 6 })),
  );
  const nodes = ranked.map((peerId) => world.nodes.find((node) => node.peerId === peerId)!);
  const placed = nodes.slice(0, world.replicas);
  const others = nodes.slice(world.replicas);
  const isSo = async (): Promise<boolean> => {
    const held = await Promise.all(nodes.map((node) => node.pinned(file.contentId)));
    return held.every((extents, index) => extents > 0 === index < world.replicas);
  };
  await eventually(isSo, { what: 'those hold it that should' });
  return { file, bytes, ref: refOf(file, writer), placed, others };
}

interface Placed {
  file: StoredContent;
  bytes: Uint8Array;
  ref: ReturnType<typeof refOf>;
  placed: WorldNode[];
  others: WorldNode[];
}

function refOf({ contentId, size }: StoredContent, author: WorldNode) {
  return { contentId, size, author: author.peerId };
}

const holds = (node: WorldNode, { contentId }: StoredContent) =>
  eventually(async () => (await node.pinned(contentId)) > 0, { what: 'it is kept here' });

/** Whether nothing of it is left on the disk. */
async function isGone(node: WorldNode, blocks: readonly string[]): Promise<boolean> {
  return (await node.chunks.has([...blocks])).size === 0;
}

/** Every block of a file that is here. */
async function blocksOf(node: WorldNode, { contentId, size }: StoredContent): Promise<string[]> {
  const { items } = await node.placement.chunkList(contentId, size, { limit: 1000 });
  return [contentId, ...items.map(({ id }) => id)];
}

describe('what a person wants on a node', () => {
  it('is got, stays beyond the share of the node, through a restart, and a new version follows', async () => {
    await using world = await World.of(4, { replicas: 2, graceMs: GRACE });
    const { file, ref, others } = await putPlaced(world, random.bytes(3 * MiB));
    const [keeper, other] = others as [WorldNode, WorldNode];
    await keeper.placement.keep(PATH, ref);
    await holds(keeper, file);
    expect([...(await keeper.placement.kept([PATH, 'films/b.mkv']))]).toEqual([PATH]);
    expect((await keeper.placement.standings([file])).get(file.contentId)?.local).toBe('whole');
    await keeper.restart();
    // Other things are handed on meanwhile, and a look over all pins lets go of none that is wished.
    const { lettingGo } = keeper.placement.status();
    await eventually(() => keeper.placement.status().lettingGo.runs > lettingGo.runs);
    expect(await keeper.pinned(file.contentId)).toBeGreaterThan(0);
    expect(await other.pinned(file.contentId)).toBe(0);
    await checkPins(keeper.db, keeper.chunks, (finding) => expect(finding).toBeUndefined());

    const [writer] = world.nodes as [WorldNode];
    const next = await writer.put(PATH, random.bytes(2 * KiB));
    await holds(keeper, next);
  });

  it('is freed at once when the wish is taken back, and read from others after that', async () => {
    await using world = await World.of(4, { replicas: 2, graceMs: GRACE });
    const { file, bytes, ref, others } = await putPlaced(world, random.bytes(3 * MiB));
    const [keeper] = others as [WorldNode];
    await keeper.placement.keep(PATH, ref);
    await holds(keeper, file);
    const blocks = await blocksOf(keeper, file);
    await keeper.placement.free(PATH, ref);
    expect(await keeper.pinned(file.contentId)).toBe(0);
    expect(await isGone(keeper, blocks)).toBe(true);
    expect([...(await keeper.placement.kept([PATH]))]).toEqual([]);
    expect(Buffer.compare(await keeper.read(file.contentId, file.size), Buffer.from(bytes))).toBe(0);
    await checkPins(keeper.db, keeper.chunks, (finding) => expect(finding).toBeUndefined());
  });

  it('stays where the node should keep it for the network, and says so', async () => {
    await using world = await World.of(3, { replicas: 2, graceMs: GRACE });
    const { file, ref, placed } = await putPlaced(world, random.bytes(700 * KiB));
    const [keeper] = placed as [WorldNode];
    await keeper.placement.keep(PATH, ref);
    await expect(keeper.placement.free(PATH, ref)).rejects.toMatchObject({ code: 'placed-here' });
    await expect(keeper.placement.free(PATH, ref)).rejects.toMatchObject({ code: 'placed-here' });
    expect(await keeper.pinned(file.contentId)).toBeGreaterThan(0);
    expect(await keeper.placement.kept([PATH])).toEqual(new Set());
  });

  it('is not freed while fewer others hold it than copies are wanted, whoever asks', async () => {
    await using world = await World.of(4, { replicas: 2, graceMs: GRACE });
    const { file, ref, others, placed } = await putPlaced(world, random.bytes(2 * MiB));
    const [keeper] = others as [WorldNode];
    await keeper.placement.keep(PATH, ref);
    await holds(keeper, file);
    await placed[0]!.stop();
    const reachable = async () => (await keeper.placement.replication([file])).get(file.contentId)?.reachable;
    await eventually(async () => (await reachable()) === 2, { what: 'it knows that one is away' });
    await keeper.placement.free(PATH, ref);
    expect(await keeper.pinned(file.contentId)).toBeGreaterThan(0);
    // Nor is it a wish any more.
    expect(await keeper.placement.kept([PATH])).toEqual(new Set());
  });

  it('stays as far as another path wants it, and blocks that others share stay', async () => {
    await using world = await World.of(4, { replicas: 2, graceMs: GRACE });
    const { file, ref, others } = await putPlaced(world, random.bytes(3 * MiB));
    const [keeper] = others as [WorldNode];
    const [writer] = world.nodes as [WorldNode];
    await writer.put('films/copy.mkv', await writer.read(file.contentId, file.size));
    await keeper.placement.keep(PATH, ref);
    await keeper.placement.keep('films/copy.mkv', ref);
    await holds(keeper, file);
    await keeper.placement.free(PATH, ref);
    expect(await keeper.pinned(file.contentId)).toBeGreaterThan(0);
    await keeper.placement.free('films/copy.mkv', ref);
    expect(await keeper.pinned(file.contentId)).toBe(0);
  });

  it('is freed though it is cache alone, and other cache stays', async () => {
    await using world = await World.of(4, { replicas: 2, graceMs: GRACE });
    const { file, ref, others } = await putPlaced(world, random.bytes(12 * MiB));
    const [reader] = others.filter((node) => node !== world.nodes[0]) as [WorldNode];
    const other = await world.nodes[0]!.put('films/b.mkv', random.bytes(12 * MiB));
    for (const { contentId, size } of [file, other]) await reader.read(contentId, size);
    const blocks = await blocksOf(reader, file);
    const more = await blocksOf(reader, other);
    await eventually(async () => (await reader.chunks.has(blocks)).size === blocks.length, { what: 'it is cache' });
    await eventually(async () => (await reader.chunks.has(more)).size === more.length, { what: 'both are' });
    await Promise.all([
      reader.placement.free(PATH, ref),
      reader.placement.free('films/none', { contentId: EMPTY_CONTENT, size: 0, author: ref.author }),
      reader.placement.free('films/foreign', { contentId: cidOf(random.bytes(9)), size: 9, author: ref.author }),
    ]);
    expect(await isGone(reader, blocks)).toBe(true);
    expect((await reader.chunks.has(more)).size).toBe(more.length);
  });
});
