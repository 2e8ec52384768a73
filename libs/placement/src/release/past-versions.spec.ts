import { eventually, seededRandom } from '@dfs/testing';
import { PIN_STATES } from '../pins/pin-log.js';
import { World, type WorldNode } from '../testing/world.js';

const random = seededRandom(23);

describe('what was replaced or deleted', () => {
  it('is held at the target like what is current, unless it was purged', async () => {
    await using world = await World.of(2, { replicas: 3 });
    const [a, b] = world.nodes as [WorldNode, WorldNode];
    const files = await a.putMany(
      Array.from({ length: 6 }, (_, n) => ({ path: `f${n}`, bytes: random.bytes(20_000) })),
      { publish: false },
    );
    const [gone, ...kept] = files;
    for (const node of [a, b]) {
      for (const { contentId, size } of files) node.past.set(contentId, { contentId, size, author: a.peerId });
      node.past.delete(gone!.contentId);
    }
    // One more member: who holds what is looked at anew.
    await world.add();
    await eventually(async () => (await Promise.all(kept.map(({ contentId }) => b.pinned(contentId)))).every(Boolean));
    expect(await b.pinned(gone!.contentId)).toBe(0);
  });

  it('is let go of when its retention is over, told to the others, and freed; what was kept stays', async () => {
    const withdrawn: string[] = [];
    const dht = {
      provide: async () => undefined,
      withdraw: async (contents: readonly string[]) => void withdrawn.push(...contents),
      providers: async () => [],
    };
    await using world = await World.of(2, { replicas: 2, dht });
    const [a, b] = world.nodes as [WorldNode, WorldNode];
    // The same bytes at the start of both: their chunks are shared.
    const start = random.bytes(3_000_000);
    const [one, two] = await a.putMany([
      { path: 'one', bytes: Buffer.concat([start, random.bytes(1_500_000)]) },
      { path: 'two', bytes: Buffer.concat([start, random.bytes(1_500_000)]) },
    ]);
    await eventually(async () => (await b.state(one!)) === 'safe 2');
    const before = a.chunks.usage().chunks;
    for (const node of [a, b]) {
      node.replaced(one!.contentId);
      node.past.delete(one!.contentId);
      node.purged.add(one!.contentId);
      await node.db.write((tx) => node.placement.release(tx, [one!.contentId]));
    }
    expect(withdrawn).toEqual([one!.contentId, one!.contentId]);
    await eventually(
      async () => (await b.placement.holders(one!.contentId, one!.size)).extents[0]!.holders.length === 0,
    );
    await a.placement.reclaim(0);
    expect(a.chunks.usage().chunks).toBeLessThan(before);
    expect((await a.read(two!.contentId, two!.size)).length).toBe(two!.size);
    // Once more: nothing is left to let go of, and a restart does not take it up again.
    await a.db.write((tx) => a.placement.release(tx, [one!.contentId]));
    expect(withdrawn).toHaveLength(2);
    await b.restart();
    await b.placement.keepAgain([one!.contentId]);
    expect(await b.pinned(one!.contentId)).toBe(0);
    // Somebody has brought it back before the bytes were freed.
    b.purged.delete(one!.contentId);
    await b.placement.keepAgain([one!.contentId]);
    expect(await b.pinned(one!.contentId)).toBe(1);
    expect(await b.placement.isPromised(one!.contentId, one!.size)).toBe(true);
    await eventually(
      async () => (await a.placement.holders(one!.contentId, one!.size)).extents[0]!.holders.length === 1,
    );
    expect(await a.placement.isPromised(one!.contentId, one!.size)).toBe(false);
  });

  it.each(['letGo', 'releasing'] as const)(
    'is kept by who brings it back, whatever became of it: %s',
    async (state) => {
      await using world = await World.of(1);
      const [a] = world.nodes as [WorldNode];
      const { contentId, size } = await a.put('file', random.bytes(20_000));
      await a.db.write((tx) => tx.run('UPDATE placement_pin SET held = ?', [PIN_STATES[state]]));
      expect(await a.pinned(contentId)).toBe(0);
      expect(await a.placement.isHad(contentId, size)).toBe(true);
      await a.placement.keepAgain([contentId]);
      expect(await a.pinned(contentId)).toBe(1);
    },
  );
  it('can be brought back by who has it as cache alone, since it had let it go to those who then purged it', async () => {
    await using world = await World.of(1, { replicas: 3 });
    const [a] = world.nodes as [WorldNode];
    const file = await a.put('file', random.bytes(5000));
    const { contentId, size } = file;
    a.replaced(contentId);
    a.past.delete(contentId);
    a.purged.add(contentId);
    // As it is after others have promised it.
    await a.db.write((tx) => tx.run('UPDATE placement_pin SET held = ?', [PIN_STATES.letGo]));
    await a.db.write((tx) => a.placement.release(tx, [contentId]));
    expect(await a.placement.isHad(contentId, size)).toBe(true);
    a.purged.delete(contentId);
    await a.placement.keepAgain([contentId]);
    expect(await a.placement.isPromised(contentId, size)).toBe(true);
    a.purged.add(contentId);
    await a.db.write((tx) => a.placement.release(tx, [contentId]));
    await a.placement.reclaim(0);
    expect(await a.placement.isHad(contentId, size)).toBe(false);
  });

  it('is not taken for kept by what was heard of others once: they are asked, and promise it', async () => {
    await using world = await World.of(3, { replicas: 3 });
    const [a, b] = world.nodes as [WorldNode, WorldNode];
    const file = await a.put('file', random.bytes(5000));
    const { contentId, size } = file;
    await eventually(async () => (await a.state(file)) === 'safe 3');
    world.replicas = 2;
    await a.db.write((tx) => tx.run('UPDATE placement_pin SET held = ?', [PIN_STATES.letGo]));
    expect(await a.state(file)).toBe('safe 2');
    expect(await a.placement.isPromised(contentId, size)).toBe(true);
    // One of them keeps it no longer, which nobody has heard of yet.
    await b.db.write((tx) => tx.run('UPDATE placement_pin SET held = ?', [PIN_STATES.dropped]));
    expect(await a.state(file)).toBe('safe 2');
    expect(await a.placement.isPromised(contentId, size)).toBe(false);
  });
});
