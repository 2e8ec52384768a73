import type { StoredContent } from '@dfs/chunks';
import type { SqlValue } from '@dfs/database';
import { cidOf, cidToBytes, MANIFEST_CODEC } from '@dfs/protocol';
import { MiB } from '@dfs/runtime';
import { eventually, seededRandom } from '@dfs/testing';
import { EXTENTS_FOUND } from '../limits.js';
import { MAX_FOUND } from '../replicate/find-wants.js';
import { pagesRead } from '../testing/scans.js';
import { World, type WorldNode } from '../testing/world.js';

const FILES = 1200;

/** Rows that were inserted, changed or deleted by the connection that writes, since it was opened. */
async function written(node: WorldNode): Promise<number> {
  const [row] = await node.db.write((tx) => tx.query<{ count: number }>('SELECT total_changes() AS count'));
  return row?.count ?? NaN;
}

describe('many extents', () => {
  it('change their state without a write or an event for each when the grace of a holder runs out', async () => {
    await using world = await World.of(3, { replicas: 3 });
    const [a, b, c] = world.nodes as [WorldNode, WorldNode, WorldNode];
    const random = seededRandom(5);
    const files = Array.from({ length: FILES }, (_, n) => ({ path: `f/${n}`, bytes: random.bytes(64) }));
    const stored = await a.putMany(files);
    const states = async (node: WorldNode): Promise<string[]> => {
      const all = await node.placement.replication(stored);
      return [...new Set([...all.values()].map(({ state, copies }) => `${state} ${copies}`))];
    };
    for (const node of [a, b]) {
      await eventually(async () => (await states(node)).join() === 'safe 3', { what: 'all safe' });
    }
    await c.stop();
    await eventually(() => !a.transport.connections().some(({ peerId }) => peerId === c.peerId));

    const before = await Promise.all([a, b].map(written));
    const told = a.events.length;
    const pages = pagesRead(a);
    for (const node of [a, b]) node.outOfGrace.add(c.peerId);
    // A scan has looked over every content, and found nothing to do.
    await eventually(() => pages() > Math.ceil(FILES / 1000), { what: 'a scan from end to end' });
    expect(await states(a)).toEqual(['at-risk 2']);
    expect(await Promise.all([a, b].map(written))).toEqual(before);
    expect(a.events.length - told).toBeLessThan(5);
  });

  it('that a record claims, and nobody has, cost next to nothing', async () => {
    await using world = await World.of(2);
    const [a, b] = world.nodes as [WorldNode, WorldNode];
    const contentId = cidOf(Buffer.from('a manifest that nobody has'), MANIFEST_CODEC);
    const content = { contentId, size: Number.MAX_SAFE_INTEGER };
    const replication = { target: 3, copies: 0, reachable: 0, state: 'unavailable', reason: 'no-holder' };
    expect((await a.placement.replication([content])).get(contentId)).toEqual(replication);
    // A member says that it holds the last of them.
    await b.db.write((tx) =>
      tx.insertMany(
        'placement_pin',
        ['content', 'extent', 'size', 'number', 'held'],
        [[cidToBytes(contentId), 2 ** 25 - 1, content.size, 1, 1]],
      ),
    );
    expect((await b.placement.replication([content])).get(contentId)).toEqual(replication);
    const { extents } = await b.placement.holders(contentId, content.size);
    expect(extents.length).toBeLessThanOrEqual(2 ** 18);
    expect(await b.placement.isPromised(contentId, content.size)).toBe(false);
  });

  it('that a manifest claims keep nobody from what others have stored', async () => {
    await using world = await World.of(2);
    const [a, b] = world.nodes as [WorldNode, WorldNode];
    const random = seededRandom(7);
    const stored = await b.putMany([{ path: 'f', bytes: random.bytes(5 * MiB) }], { publish: false });
    const [{ contentId, size }] = stored as [StoredContent];
    // Scans come to it before the other.
    let salt = 0;
    const claim = (): string => cidOf(Buffer.from(`claimed ${salt++}`), MANIFEST_CODEC);
    let claimed = claim();
    while (claimed > contentId) claimed = claim();
    const counted = [cidToBytes(claimed), 2 ** 21];
    await a.db.write((tx) => tx.insertMany('placement_large', ['content', 'extents'], [counted]));
    a.contents.set(claimed, { contentId: claimed, size: 2 ** 51, author: b.peerId });
    a.contents.set(contentId, { contentId, size, author: b.peerId });
    let opened = 0;
    const open = a.transport.open.bind(a.transport);
    a.transport.open = (...to) => {
      opened++;
      return open(...to);
    };
    let most = 0;
    const watching = setInterval(() => (most = Math.max(most, a.placement.status().wanted)), 1);
    await world.add();
    await eventually(async () => (await a.pinned(contentId)) === 1, { what: 'the other is here' });
    clearInterval(watching);
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThan(MAX_FOUND);
    // One that has no manifest for one of them has none for the others.
    expect(opened).toBeLessThan(EXTENTS_FOUND / 8);
  });

  it('are looked up by index', async () => {
    await using world = await World.of(1);
    const [a] = world.nodes as [WorldNode];
    const asked: [string, readonly SqlValue[]][] = [];
    const query = a.db.query.bind(a.db);
    a.db.query = (sql, params = []) => {
      asked.push([sql, params]);
      return query(sql, params);
    };
    const random = seededRandom(6);
    const stored = await a.putMany(Array.from({ length: 50 }, (_, n) => ({ path: `f/${n}`, bytes: random.bytes(64) })));
    asked.length = 0;
    await a.placement.replication(stored);
    expect(asked.length).toBeGreaterThan(0);
    for (const [sql, params] of asked) {
      const plan = await query<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`, params);
      // The ids that are asked for are gone through; the tables are not.
      for (const { detail } of plan) expect(detail).not.toMatch(/SCAN (?!json_each VIRTUAL TABLE)|TEMP B-TREE/);
    }
  });
});
