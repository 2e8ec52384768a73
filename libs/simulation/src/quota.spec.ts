import { KiB, MiB } from '@dfs/runtime';
import { eventually } from '@dfs/testing';
import { Cluster } from './cluster.js';

const QUOTA = 10 * MiB;

describe('a node with a quota', () => {
  let cluster: Cluster;
  afterEach(() => cluster.remove());

  it('takes from others up to 90 % of it, uploads up to all of it, and reads and deletes beyond', async () => {
    cluster = await Cluster.start(1, { replicas: 2 });
    const other = cluster.node(0);
    const small = await cluster.add({ quotaBytes: QUOTA });
    await cluster.connected();
    const contents = Array.from({ length: 14 }, () => cluster.random.bytes(900 * KiB));
    for (const [index, bytes] of contents.entries()) await other.put(`theirs/${index}`, bytes);
    await cluster.converged();
    await eventually(() => small.placement.status().full && small.placement.status().wanted === 0);
    const forOthers = small.chunks.usage().bytes;
    expect(forOthers).toBeGreaterThan(0.7 * QUOTA);
    expect(forOthers).toBeLessThanOrEqual(0.9 * QUOTA);

    const mine = cluster.random.bytes(700 * KiB);
    await small.put('mine', mine);
    expect(small.chunks.usage().bytes).toBeLessThanOrEqual(QUOTA);
    const refused = { code: 'quota-exceeded', status: 507 };
    await expect(small.put('too much', cluster.random.bytes(2 * MiB))).rejects.toMatchObject(refused);
    expect(await small.catalogue.byPath('too much')).toBeUndefined();
    // Files that it has, and files that it has no room for.
    expect(Buffer.compare(await small.read('mine'), mine)).toBe(0);
    for (const [index, bytes] of contents.entries()) {
      expect(Buffer.compare(await small.read(`theirs/${index}`), bytes)).toBe(0);
    }
    await small.delete('theirs/0');
    await cluster.converged();
    expect((await other.catalogue.byPath('theirs/0'))?.deleted).toBe(true);
    // The full one is asked for nothing more; the other takes what it has.
    await cluster.copied(other, ['mine'], 2);

    // Room is made: it goes on, without a restart.
    small.chunks.setQuota(5 * QUOTA);
    await small.put('too much', cluster.random.bytes(2 * MiB));
    const rest = contents.map((_, index) => `theirs/${index}`).slice(1);
    await cluster.copied(other, [...rest, 'too much'], 2);
    expect(small.placement.status().full).toBe(false);
  });

  it('lets go of what is beyond its share, and has room again', async () => {
    cluster = await Cluster.start(3, { replicas: 1, graceMs: 1000 });
    const full = await cluster.add({ quotaBytes: QUOTA });
    await cluster.connected();
    const paths = Array.from({ length: 9 }, (_, index) => `mine/${index}`);
    const contents = paths.map(() => cluster.random.bytes(1 * MiB));
    // Nobody else has any of it yet.
    cluster.network.partition([[full], cluster.nodes.filter((node) => node !== full)]);
    for (const [index, path] of paths.entries()) await full.put(path, contents[index]!);
    await expect(full.put('more', cluster.random.bytes(2 * MiB))).rejects.toMatchObject({ code: 'quota-exceeded' });
    cluster.network.heal();
    await eventually(() => full.placement.status().lettingGo.letGo >= 5);
    // As it does by itself once that has been cache for a while.
    await full.placement.reclaim(0);
    await full.put('more', cluster.random.bytes(2 * MiB));
    for (const [index, path] of paths.entries()) {
      expect(Buffer.compare(await full.read(path), contents[index]!)).toBe(0);
    }
  });
});

describe('a member that is storage', () => {
  let cluster: Cluster;
  afterEach(() => cluster.remove());

  it('holds and serves what others write, and writes nothing itself', async () => {
    cluster = await Cluster.start(1, { replicas: 2 });
    const writer = cluster.node(0);
    const storage = await cluster.add({ role: 'storage' });
    await cluster.connected();
    const bytes = cluster.random.bytes(3 * MiB);
    await writer.put('kept.bin', bytes);
    await cluster.copied(writer, ['kept.bin'], 2);
    const refused = { code: 'read-only-member', status: 403 };
    await expect(storage.put('mine.txt', Buffer.from('mine'))).rejects.toMatchObject(refused);
    await expect(storage.delete('kept.bin')).rejects.toMatchObject(refused);
    await writer.stop();
    expect(Buffer.compare(await storage.read('kept.bin'), bytes)).toBe(0);
    expect(await storage.catalogue.byPath('mine.txt')).toBeUndefined();
  });
});
