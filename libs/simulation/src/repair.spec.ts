import { KiB, MiB, second } from '@dfs/runtime';
import { eventually, fakeClock, type FakeClock } from '@dfs/testing';
import { Cluster } from './cluster.js';
import type { SimNode } from './sim-node.js';

const COPIES = 3;
/** Sizes of the files, over and over: most of them small, most bytes in large ones. */
const SIZES = [4 * KiB, 70 * KiB, 900 * KiB, 1, 300 * KiB, 2 * MiB, 20 * KiB, 5 * MiB];
const FILES = 40;
const GRACE = 2 * second;

interface Kept {
  path: string;
  bytes: Uint8Array;
}

/** Files of all sizes, put in by all nodes in turn. */
async function fill(cluster: Cluster): Promise<Kept[]> {
  const files = Array.from({ length: FILES }, (_, index) => ({
    path: `files/${index}`,
    bytes: cluster.random.bytes(SIZES[index % SIZES.length]!),
  }));
  for (const [index, { path, bytes }] of files.entries()) {
    await cluster.node(index % cluster.nodes.length).put(path, bytes);
  }
  await cluster.converged();
  return files;
}

/** Those of them that pin a file whole, as `by` has heard. */
async function holders(by: SimNode, path: string): Promise<string[]> {
  const entry = (await by.catalogue.byPath(path))!;
  const { extents } = await by.placement.holders(entry.contentId, entry.size);
  const live = extents.map((extent) => extent.holders.filter((holder) => holder.live).map(({ peerId }) => peerId));
  return (live[0] ?? []).filter((peerId) => live.every((list) => list.includes(peerId)));
}

/** Until each of the nodes has heard that there are so many copies of each file, no fewer and no more than some. */
async function settled(
  cluster: Cluster,
  files: readonly Kept[],
  nodes: readonly SimNode[],
  most = COPIES,
): Promise<void> {
  const isRight = (copies: number): boolean => copies >= COPIES && copies <= most;
  for (const node of nodes) {
    for (const { path } of files) {
      await eventually(async () => isRight((await holders(node, path)).length), {
        poll: 30,
        what: `${COPIES} copies of ${path}, as ${node.name} has heard (seed ${cluster.seed})`,
      });
    }
  }
}

/**
 * Lets time pass until the lost have been silent for the grace. After each step those that stay hear of each other first: else
 * they would take each other for lost whenever this process is too busy for their heartbeats.
 */
async function graceOver(clock: FakeClock, stay: readonly SimNode[], lost: readonly SimNode[]): Promise<void> {
  const areGone = (): boolean => stay.every(({ peers }) => lost.every(({ peerId }) => !peers.inGrace(peerId)));
  // Some steps more than the grace has: what one had heard last, others may hear of later.
  for (let steps = 20; !areGone(); steps--) {
    expect(steps).toBeGreaterThan(0);
    clock.advance(GRACE / 4);
    const now = clock.now();
    const hears = (node: SimNode): boolean =>
      stay.every((other) => other === node || (node.peers.lastSeen(other.peerId) ?? 0) >= now);
    await eventually(() => stay.every(hears), { deadline: 120_000, what: 'those that stay hear of each other' });
  }
  for (const { peers } of stay) for (const { peerId } of stay) expect(peers.inGrace(peerId)).toBe(true);
}

const received = (nodes: readonly SimNode[]): number => nodes.reduce((sum, node) => sum + node.received, 0);
const bytesOf = (files: readonly Kept[]): number => files.reduce((sum, { bytes }) => sum + bytes.length, 0);

/** Every file is read by one of them; what each has promised and has on disk is looked over. */
async function expectWhole(files: readonly Kept[], nodes: readonly SimNode[]): Promise<void> {
  for (const [index, { path, bytes }] of files.entries()) {
    expect(Buffer.compare(await nodes[index % nodes.length]!.read(path), bytes)).toBe(0);
  }
  for (const node of nodes) expect(await node.check()).toEqual([]);
}

describe('repair', () => {
  let cluster: Cluster;
  afterEach(() => cluster.remove());

  it('after the loss of two of six moves what they held and little more; when they are back, nothing', async () => {
    const clock = fakeClock();
    cluster = await Cluster.start(6, { replicas: COPIES, graceMs: GRACE, clock });
    const files = await fill(cluster);
    await settled(cluster, files, cluster.nodes);
    const [stay, lost] = [cluster.nodes.slice(0, 4), cluster.nodes.slice(4)];
    const held = await Promise.all(files.map(({ path }) => holders(cluster.node(0), path)));
    const lostBytes = files.reduce((sum, { bytes }, index) => {
      return sum + bytes.length * lost.filter(({ peerId }) => held[index]!.includes(peerId)).length;
    }, 0);
    expect(lostBytes).toBeGreaterThan(10 * MiB);

    const before = received(stay);
    cluster.network.partition([stay, [lost[0]!], [lost[1]!]]);
    await graceOver(clock, stay, lost);
    // A member that hears late of a promise may have made one too: the bytes that moved say that few do.
    await settled(cluster, files, stay, stay.length);
    const moved = received(stay) - before;
    expect(moved / lostBytes).toBeLessThan(1.3);
    // Less than was lost, where it is promised anew by who had put it in and still has it as cache.
    expect(moved).toBeGreaterThan(0);
    for (const node of stay) {
      for (const { path } of files) expect(await node.copies(path)).toBeGreaterThanOrEqual(COPIES);
    }
    await expectWhole(files, stay);

    // They keep what they had.
    const apart = received(cluster.nodes);
    cluster.network.heal();
    await cluster.connected();
    // The members in their place have promised for an hour: until then there may be a copy too many.
    await settled(cluster, files, cluster.nodes, cluster.nodes.length);
    expect((received(cluster.nodes) - apart) / lostBytes).toBeLessThan(0.05);
    await expectWhole(files, cluster.nodes);
  });

  it('is not begun for a node that is away for less than the grace: under 1 % of what it holds moves', async () => {
    cluster = await Cluster.start(5, { replicas: COPIES, graceMs: 120 * second });
    const files = await fill(cluster);
    await cluster.copied(
      cluster.node(0),
      files.map(({ path }) => path),
      COPIES,
    );
    const away = cluster.node(4);
    const others = cluster.nodes.slice(0, 4);
    const { bytes } = away.chunks.usage();
    const before = received(cluster.nodes);
    await away.stop();
    await eventually(() => others.every((node) => node.peers.connected().length === 3));
    for (const node of others) {
      for (const { path } of files) expect(await node.copies(path)).toBeGreaterThanOrEqual(COPIES);
    }
    await away.start();
    await cluster.connected();
    // News of its own has come through to all, and theirs to it: nothing is owed any more.
    await away.put('back', Buffer.from('again'));
    await cluster.converged();
    await cluster.copied(cluster.node(0), ['back'], COPIES);
    await eventually(() => cluster.nodes.every((node) => node.placement.status().wanted === 0));
    expect(received(cluster.nodes) - before).toBeLessThan(bytes / 100);
    expect(bytes).toBeGreaterThan(bytesOf(files) / 3);
  });
});
