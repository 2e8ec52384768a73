import type { StoredContent } from '@dfs/chunks';
import { minute } from '@dfs/runtime';
import { eventually, seededRandom } from '@dfs/testing';
import { pagesRead } from '../testing/scans.js';
import { World, type WorldNode } from '../testing/world.js';

const FILES = 60;

describe('what has copies enough', () => {
  const random = seededRandom(73);
  let world: World;
  let stored: StoredContent[];
  beforeEach(async () => {
    world = await World.of(3, { replicas: 2 });
    const files = Array.from({ length: FILES }, (_, n) => ({ path: `f/${n}`, bytes: random.bytes(500) }));
    stored = await world.nodes[0]!.putMany(files);
    for (const node of world.nodes) await eventually(() => areSafe(node), { what: `all safe at ${node.peerId}` });
  });
  afterEach(() => world[Symbol.asyncDispose]());

  const areSafe = async (node: WorldNode): Promise<boolean> => {
    const states = await node.placement.replication(stored);
    return [...states.values()].every(({ state }) => state === 'safe');
  };
  const held = async (node: WorldNode): Promise<number> => {
    const counts = await Promise.all(stored.map(({ contentId }) => node.pinned(contentId)));
    return counts.filter((count) => count > 0).length;
  };
  /** It hears of the files, though not as news. */
  const hear = (node: WorldNode): void => {
    for (const { contentId, size } of stored)
      node.contents.set(contentId, { contentId, size, author: world.nodes[0]!.peerId });
  };
  it('moves to a member that came only once members have been the same for a while, and at once what has not', async () => {
    const late = await world.add({ repair: { calmMs: 10 * minute } });
    await eventually(() => areSafe(late), { what: 'all known at the one that came' });
    hear(late);
    const pages = pagesRead(late);
    for (const listener of world.memberListeners) listener();
    await eventually(() => pages() >= 2, { what: 'a scan from end to end' });
    expect([await held(late), late.placement.status().wanted]).toEqual([0, 0]);

    const lost = world.nodes[2]!;
    await lost.stop();
    for (const node of world.running()) node.outOfGrace.add(lost.peerId);
    for (const node of world.running()) await eventually(() => areSafe(node), { what: 'safe again' });
    expect(await held(late)).toBeGreaterThan(0);
  });

  it('moves all the same after that while', async () => {
    const late = await world.add({ repair: { calmMs: 1500 } });
    await eventually(() => areSafe(late), { what: 'all known at the one that came' });
    hear(late);
    for (const listener of world.memberListeners) listener();
    await eventually(async () => (await held(late)) > FILES / 4, {
      what: 'its share at the one that came',
    });
  });
});
