import { open, readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import type { StoredContent } from '@dfs/chunks';
import { EventLog } from '@dfs/events';
import { cidToBytes } from '@dfs/protocol';
import { MiB } from '@dfs/runtime';
import { eventually, seededRandom, sha256Hex } from '@dfs/testing';
import type { Transport } from '@dfs/transport';
import { PinLog } from '../pins/pin-log.js';
import { sending } from '../testing/tampering.js';
import { World, type WorldNode } from '../testing/world.js';

const random = seededRandom(23);

/** Flips bits all over what the store has on disk, or only in the pack that holds these bytes. */
async function rot(node: WorldNode, only?: Uint8Array): Promise<void> {
  const dir = node.dir.file('chunks');
  for (const entry of await readdir(dir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    if (only && (await readFile(join(entry.parentPath, entry.name))).indexOf(only) < 0) continue;
    const file = await open(join(entry.parentPath, entry.name), 'r+');
    const { size } = await file.stat();
    const spot = Buffer.alloc(64);
    for (let at = 4096; at + spot.length < size; at += 100_000) {
      await file.read(spot, 0, spot.length, at);
      await file.write(Buffer.from(spot.map((byte) => byte ^ 0xff)), 0, spot.length, at);
    }
    await file.close();
  }
}

const warnings = (node: WorldNode) =>
  node.events.flatMap((event) => (event.type === 'node.warning' ? [event.data.active] : []));

describe('damage', () => {
  it('is healed from other members, while readers get the right bytes', async () => {
    await using world = await World.of(2, { replicas: 2 });
    const [a, b] = world.nodes as [WorldNode, WorldNode];
    const bytes = random.bytes(5 * MiB);
    const file = await a.put('healed', bytes);
    await eventually(async () => (await a.state(file)) === 'safe 2');
    await rot(b);
    expect(await sha256Hex(await b.read(file.contentId, file.size))).toBe(await sha256Hex(bytes));
    await eventually(() => b.chunks.damaged().length === 0 && warnings(b).at(-1) === false);
    expect(warnings(b)).toEqual([true, false]);
    expect(b.placement.status().damaged).toBe(0);
    await a.stop();
    expect(await sha256Hex(await b.read(file.contentId, file.size))).toBe(await sha256Hex(bytes));
  });

  it('and what was let go are made good at once where somebody asks for it', async () => {
    await using world = await World.of(3, { replicas: 3 });
    const [a, b] = world.nodes as [WorldNode, WorldNode];
    const bytes = random.bytes(2 * MiB);
    const file = await a.put('repaired', bytes);
    await eventually(async () => (await a.state(file)) === 'safe 3');
    const held = async (): Promise<boolean> =>
      (await b.placement.holders(file.contentId, file.size)).extents.every(({ holders }) =>
        holders.some(({ self }) => self),
      );
    await b.db.write((tx) => b.placement.release(tx, [file.contentId]));
    expect(await held()).toBe(false);
    await b.placement.repair({ contentId: file.contentId, size: file.size, author: a.peerId });
    expect(await held()).toBe(true);
    await eventually(async () => (await a.state(file)) === 'safe 3');
  });

  it('of what nobody else has ends the read of another member, though the author is there', async () => {
    await using world = await World.of(2, { replicas: 1 });
    const [a, b] = world.nodes as [WorldNode, WorldNode];
    const files = [{ path: 'only here', bytes: random.bytes(200_000) }];
    const [{ contentId, size }] = (await a.putMany(files, { publish: false })) as [StoredContent];
    await rot(a);
    await a.chunks.verifyAll();
    b.learn([{ fileId: 'only here', path: 'only here', contentId, size, author: a.peerId, deleted: false }]);
    await expect(b.read(contentId, size)).rejects.toMatchObject({ code: 'content-unavailable' });
  });

  it('is healed as far as a member gets', async () => {
    let cut = false;
    let answered = 0;
    const wrap = (transport: Transport): Transport =>
      sending(transport, async (payload) => {
        if (cut && payload.length > 0 && ++answered % 4 === 0) throw new Error('the line is cut');
        return payload;
      });
    await using world = await World.of(2, { replicas: 2, wrap });
    const [a, b] = world.nodes as [WorldNode, WorldNode];
    const file = await a.put('in parts', random.bytes(16 * MiB));
    await eventually(async () => (await a.state(file)) === 'safe 2');
    // Nothing but healing brings it back.
    b.contents.delete(file.contentId);
    await a.stop();
    await rot(b);
    await b.chunks.verifyAll();
    const damaged = b.chunks.damaged().length;
    expect(damaged).toBeGreaterThan(4);
    cut = true;
    await a.restart();
    await eventually(() => b.chunks.damaged().length < damaged, { what: 'some of it is healed' });
  });

  it('is healed at once, though other damage waits for a holder that may never come', async () => {
    await using world = await World.of(2, { replicas: 2 });
    const [a, b] = world.nodes as [WorldNode, WorldNode];
    const [lonely, shared] = [random.bytes(200_000), random.bytes(200_000)];
    const [only] = await b.putMany([{ path: 'only here', bytes: lonely }], { publish: false });
    const file = await a.put('on both', shared);
    await eventually(async () => (await a.state(file)) === 'safe 2');
    await rot(b, lonely);
    await b.chunks.verifyAll();
    await eventually(async () => (await b.pinned(only!.contentId)) === 0);
    await rot(b, shared);
    await b.chunks.verifyAll();
    await eventually(() => b.chunks.damaged().join() === only!.contentId);
    expect(Buffer.compare(await b.read(file.contentId, file.size), shared)).toBe(0);
    expect(await b.pinned(file.contentId)).toBe(1);
  });

  it('that nobody can heal takes the promise back, and is healed when a holder returns', async () => {
    await using world = await World.of(2, { replicas: 2 });
    const [a, b] = world.nodes as [WorldNode, WorldNode];
    const bytes = random.bytes(3 * MiB);
    const file = await a.put('lost here', bytes);
    await eventually(async () => (await b.state(file)) === 'safe 2');
    await a.stop();
    await rot(b);
    await expect(b.read(file.contentId, file.size)).rejects.toMatchObject({ code: 'content-unavailable' });
    await eventually(async () => (await b.pinned(file.contentId)) === 0);
    expect(warnings(b)).toEqual([true]);
    expect(await b.state(file)).toMatch(/^unavailable 1/);
    await a.restart();
    await eventually(async () => (await b.pinned(file.contentId)) === 1);
    await eventually(() => warnings(b).at(-1) === false);
    expect(await sha256Hex(await b.read(file.contentId, file.size))).toBe(await sha256Hex(bytes));
    await eventually(async () => (await a.state(file)) === 'safe 2');
  });

  it('takes the promise back even if that cannot be written at first', async () => {
    await using world = await World.of(2, { replicas: 2 });
    const [a, b] = world.nodes as [WorldNode, WorldNode];
    const file = await a.put('lost here', random.bytes(3 * MiB));
    await eventually(async () => (await b.state(file)) === 'safe 2');
    await a.stop();
    await rot(b);
    const { drop } = PinLog.prototype;
    let refused = 0;
    const broken = jest.spyOn(PinLog.prototype, 'drop').mockImplementation(async () => {
      refused++;
      throw new Error('SQLITE_FULL: database or disk is full');
    });
    await b.chunks.verifyAll();
    await eventually(() => refused > 0);
    broken.mockImplementation(drop);
    try {
      await world.add();
      await eventually(async () => (await b.pinned(file.contentId)) === 0);
      expect(await b.state(file)).toMatch(/^unavailable/);
      await a.restart();
      await eventually(() => b.chunks.damaged().length === 0);
    } finally {
      broken.mockRestore();
    }
  });

  it('that is found while it is told that all is whole again is healed too', async () => {
    await using world = await World.of(2, { replicas: 2 });
    const [a, b] = world.nodes as [WorldNode, WorldNode];
    const file = await a.put('twice', random.bytes(1 * MiB));
    await eventually(async () => (await a.state(file)) === 'safe 2');
    const { recordNow } = EventLog.prototype;
    let again = 0;
    const told = jest.spyOn(EventLog.prototype, 'recordNow').mockImplementation(async function (
      this: EventLog,
      ...what
    ) {
      const [type, data] = what;
      if (type === 'node.warning' && 'active' in data && !data.active && again++ === 0) {
        await rot(b);
        await b.chunks.verifyAll();
        expect(b.chunks.damaged().length).toBeGreaterThan(0);
      }
      return recordNow.apply(this, what);
    });
    try {
      await rot(b);
      await b.chunks.verifyAll();
      await eventually(() => again > 0 && b.chunks.damaged().length === 0);
      await eventually(() => b.placement.status().damaged === 0 && warnings(b).at(-1) === false);
    } finally {
      told.mockRestore();
    }
  });

  it('of a version that was replaced is healed and promised again when a holder returns, after a restart too', async () => {
    await using world = await World.of(2, { replicas: 2 });
    const [a, b] = world.nodes as [WorldNode, WorldNode];
    const file = await a.put('replaced', random.bytes(3 * MiB));
    await eventually(async () => (await b.state(file)) === 'safe 2');
    for (const node of [a, b]) node.replaced(file.contentId);
    await a.stop();
    await rot(b);
    expect((await b.chunks.verifyAll()).damaged).toBeGreaterThan(0);
    await eventually(async () => (await b.pinned(file.contentId)) === 0);
    await b.restart();
    await eventually(() => warnings(b).length === 2);
    await a.restart();
    await eventually(async () => (await b.pinned(file.contentId)) === 1);
    await eventually(() => warnings(b).at(-1) === false);
    expect(b.chunks.damaged()).toEqual([]);
    await a.stop();
    expect(await b.read(file.contentId, file.size)).toHaveLength(file.size);
  });

  it('that was healed before the process ended does not keep the promise from being made again', async () => {
    await using world = await World.of(1);
    const [node] = world.nodes as [WorldNode];
    const [whole, broken] = await node.putMany(
      ['whole', 'broken'].map((path) => ({ path, bytes: random.bytes(3 * MiB) })),
    );
    for (const { contentId } of [whole!, broken!]) node.replaced(contentId);
    await node.db.write(async (tx) => {
      await tx.run('UPDATE placement_pin SET held = 0');
      await tx.run('DELETE FROM chunk WHERE cid = ?', [cidToBytes(broken!.contentId)]);
    });
    await node.restart();
    await eventually(async () => (await node.pinned(whole!.contentId)) === 1);
    expect(await node.pinned(broken!.contentId)).toBe(0);
    expect(warnings(node)).toEqual([]);
  });
});
