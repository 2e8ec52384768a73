import { createReadStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { cidFromBytes, cidOf, EMPTY_CONTENT, EXTENT_CHUNKS, MANIFEST_CODEC } from '@dfs/protocol';
import { GiB, MiB } from '@dfs/runtime';
import { eventually, realFiles, seededRandom, sha256Hex } from '@dfs/testing';
import type { Transport } from '@dfs/transport';
import type { Replicator } from './replicate/replicator.js';
import { rank } from './testing/ranking.js';
import { handling, sending } from './testing/tampering.js';
import { World, type WorldNode } from './testing/world.js';

const random = seededRandom(7);

/** All that placement wants somewhere is there. */
const settled = (world: World) =>
  eventually(() => world.running().every((node) => node.placement.status().wanted === 0), {
    what: 'nothing is wanted any more',
  });
const three = (world: World) => world.nodes as [WorldNode, WorldNode, WorldNode];

describe('replication', () => {
  it('attends to news that comes just as it has done with all others', async () => {
    await using world = await World.of(2);
    const [a, b] = world.nodes as [WorldNode, WorldNode];
    const [late] = await a.putMany([{ path: 'late', bytes: random.bytes(100) }], { publish: false });
    const { replicator } = (b.placement as unknown as { parts: { replicator: Replicator } }).parts;
    const digesting = replicator as unknown as { digest(): Promise<unknown> };
    const digest = digesting.digest.bind(replicator);
    digesting.digest = async () => {
      const ran = await digest();
      digesting.digest = digest;
      replicator.heardOf([{ contentId: late!.contentId, size: late!.size, author: a.peerId }]);
      return ran;
    };
    await a.put('first', random.bytes(100));
    await eventually(async () => (await a.state(late!)) === 'limited 2 few-members');
  });

  it('gives everything to everyone while there are no more members than copies wanted', async () => {
    await using world = await World.of(3);
    const [a, b, c] = three(world);
    const [real] = await realFiles({ min: 6 * MiB, max: 40 * MiB, count: 1 });
    const file = await a.put('a.bin', createReadStream(real!.path));
    for (const node of [a, b, c]) await eventually(async () => (await node.state(file)) === 'safe 3');
    expect(await sha256Hex(await c.read(file.contentId, file.size))).toBe(await sha256Hex(real!.path));
    expect(c.placement.transfers.list().filter(({ kind }) => kind === 'download')).toMatchObject([{ sources: [] }]);
    expect((await b.placement.holders(file.contentId, file.size)).extents).toHaveLength(1);
  });

  it('gives each content to the members placement names, and to nobody else', async () => {
    await using world = await World.of(5);
    const files = await world.nodes[0]!.putMany(
      Array.from({ length: 40 }, (_, n) => ({ path: `f${n}`, bytes: random.bytes(n % 8 === 0 ? MiB : 2000) })),
    );
    const members = world.nodes.map(({ peerId }) => ({ peerId, capacity: 6 }));
    for (const { contentId, size } of files) {
      const expected = new Set([world.nodes[0]!.peerId, ...rank(contentId, 0, members).slice(0, 3)]);
      await eventually(async () => {
        const [extent] = (await world.nodes[0]!.placement.holders(contentId, size)).extents;
        expect(new Set(extent!.holders.map(({ peerId }) => peerId))).toEqual(expected);
        return true;
      });
    }
    await settled(world);
    for (const node of world.nodes.slice(1)) {
      for (const { contentId } of files) {
        const should = rank(contentId, 0, members).slice(0, 3).includes(node.peerId);
        expect((await node.chunks.has([contentId])).has(contentId)).toBe(should);
      }
    }
  });

  it('takes thousands of small files in few units of work', async () => {
    await using world = await World.of(2, { replicas: 2 });
    const [a, b] = three(world);
    const files = await a.putMany(
      Array.from({ length: 5000 }, (_, n) => ({ path: `small/${n}`, bytes: random.bytes(200 + (n % 300)) })),
    );
    await eventually(() => b.chunks.usage().chunks === 5000);
    await eventually(async () => {
      const states = await a.placement.replication(files);
      return [...states.values()].every(({ state }) => state === 'safe');
    });
    expect(b.placement.transfers.list()).toEqual([]);
  });

  it('brings a newcomer, and a node that was away, up to date by a scan', async () => {
    await using world = await World.of(2);
    const [a, b] = three(world);
    const first = await a.put('first', random.bytes(3 * MiB));
    await settled(world);
    await b.stop();
    const second = await a.put('second', random.bytes(MiB));
    for (const ref of a.contents.values()) b.contents.set(ref.contentId, ref);
    await b.restart();
    await eventually(async () => (await b.pinned(second.contentId)) === 1);
    const c = await world.add();
    for (const ref of a.contents.values()) c.contents.set(ref.contentId, ref);
    await c.restart();
    await eventually(async () => (await a.state(first)) === 'safe 3' && (await a.state(second)) === 'safe 3');
  });

  it('does not fetch again after a restart what came before it', async () => {
    let frames = 0;
    let passed = 0;
    let most = 12;
    const wrap = (transport: Transport): Transport =>
      sending(transport, async (payload) => {
        if (payload.length < 1000) return payload;
        if (++frames > most) await new Promise(() => undefined);
        passed += payload.length;
        return payload;
      });
    await using world = new World({ replicas: 2 });
    const a = await world.add({ wrap });
    const b = await world.add();
    const file = await a.put('large', random.bytes(24 * MiB));
    await eventually(() => frames > most && (b.placement.transfers.list()[0]?.verifiedBytes ?? 0) >= passed);
    await b.stop();
    const had = passed;
    most = Infinity;
    await b.restart();
    await eventually(async () => (await a.state(file)) === 'safe 2');
    // Every chunk once, the manifest too.
    expect(b.chunks.usage().chunks).toBe(file.chunkCount + 1);
    expect(had).toBeGreaterThan(4 * MiB);
    expect(passed).toBeLessThan(file.size + 1 * MiB);
  });

  it('is not done twice for a reader of what is wanted here anyway', async () => {
    let sent = 0;
    const wrap = (transport: Transport): Transport =>
      sending(transport, async (payload) => {
        sent += payload.length;
        // Slower than a reader, so that it meets the replication under way.
        await new Promise((resolve) => setTimeout(resolve, 5));
        return payload;
      });
    await using world = new World({ replicas: 2 });
    const a = await world.add({ wrap });
    const b = await world.add();
    const bytes = random.bytes(20 * MiB);
    const file = await a.put('read at once', bytes);
    await eventually(() => sent > 0, { what: 'it is being replicated' });
    expect(await sha256Hex(await b.read(file.contentId, file.size))).toBe(await sha256Hex(bytes));
    await eventually(async () => (await a.state(file)) === 'safe 2');
    expect(sent).toBeLessThan(1.5 * file.size);
  });

  it('stops at its share of the quota and says so', async () => {
    await using world = await World.of(2, { replicas: 3 });
    const [a] = three(world);
    const c = await world.add({ quotaBytes: 8 * MiB });
    const file = await a.put('too large for c', random.bytes(9 * MiB));
    await eventually(async () => (await a.state(file)) === 'limited 2 no-space');
    expect(c.placement.status().full).toBe(true);
    expect(c.chunks.usage().bytes).toBeLessThan(8 * MiB);
    expect(await sha256Hex(await c.read(file.contentId, file.size))).toBe(
      await sha256Hex(await a.read(file.contentId, file.size)),
    );
  });

  it('tells the way of a file to safety', async () => {
    await using world = await World.of(3);
    const [a] = three(world);
    await a.put('watched', random.bytes(2 * MiB));
    const states = () =>
      a.events
        .flatMap((event) => (event.type === 'file.replication' ? event.data.files : []))
        .map((file) => {
          expect(file.path).toBe('watched');
          return file.replication.state;
        });
    await eventually(() => states().includes('safe'));
    expect(states().at(-1)).toBe('safe');
    expect(states().filter((state) => state === 'safe')).toHaveLength(1);
  });
});

describe('states', () => {
  it('follow members and their grace', async () => {
    await using world = await World.of(1);
    const [a] = three(world);
    const file = await a.put('alone', random.bytes(4000));
    expect(await a.state(file)).toBe('limited 1 few-members');
    expect((await a.placement.replication([{ contentId: EMPTY_CONTENT, size: 0 }])).get(EMPTY_CONTENT)).toEqual({
      target: 3,
      copies: 3,
      reachable: 3,
      state: 'safe',
    });
    const b = await world.add();
    const c = await world.add();
    for (const node of [b, c]) node.learn([{ ...ref(a, file.contentId), fileId: 'x', path: 'alone', deleted: false }]);
    await eventually(async () => (await a.state(file)) === 'safe 3');
    await c.stop();
    expect(await a.state(file)).toBe('safe 3');
    // Within its grace, and not connected.
    await eventually(
      async () => (await a.placement.standings([file])).get(file.contentId)?.replication.reachable === 2,
    );
    a.outOfGrace.add(c.peerId);
    expect(await a.state(file)).toBe('at-risk 2 holder-gone');
    const d = await world.add();
    a.outOfGrace.delete(c.peerId);
    expect(await a.state(file)).toBe('safe 3');
    for (const node of [a, b, d]) node.outOfGrace.add(c.peerId);
    d.learn([{ ...ref(a, file.contentId), fileId: 'x', path: 'alone', deleted: false }]);
    await eventually(async () => (await a.state(file)) === 'safe 3', { what: 'a fourth member takes its place' });
  });

  it('are not safe while a large content may have more extents than are heard of', async () => {
    await using world = await World.of(3, { replicas: 2 });
    const [a, b, c] = three(world);
    const large = { contentId: cidOf(Buffer.from('large'), MANIFEST_CODEC), size: 3 * GiB };
    const small = { contentId: cidOf(Buffer.from('small')), size: 4000 };
    const promise = (node: WorldNode, extents: number): Promise<void> =>
      node.db.write((tx) =>
        node.placement.pinLocal(tx, [
          { ...large, chunkCount: extents * EXTENT_CHUNKS },
          { ...small, chunkCount: 1 },
        ]),
      );
    const state = async (of: typeof large) => (await a.placement.replication([of])).get(of.contentId)!;
    await promise(b, 1);
    await promise(c, 1);
    await eventually(async () => (await state(small)).state === 'safe');
    expect(await state(large)).toEqual({ target: 2, copies: 1, reachable: 1, state: 'replicating' });
    expect((await a.placement.standings([large])).get(large.contentId)?.local).toBe('none');
    await promise(b, 3);
    await eventually(async () => (await a.placement.holders(large.contentId, large.size)).extents.length === 3);
    expect(await state(large)).toEqual({ target: 2, copies: 1, reachable: 1, state: 'replicating' });
    // Once it is known how many there are, they are what counts.
    await promise(a, 1);
    expect(await state(large)).toEqual({ target: 2, copies: 3, reachable: 3, state: 'safe' });
    expect((await a.placement.standings([large])).get(large.contentId)?.local).toBe('whole');
    expect((await b.placement.standings([small])).get(small.contentId)?.local).toBe('whole');
  });

  it('say that a content whose holders are gone is unavailable', async () => {
    await using world = await World.of(2);
    const [a, b] = three(world);
    const file = await a.put('only here', random.bytes(4000));
    await settled(world);
    const c = await world.add({ quotaBytes: 2000 });
    c.contents.set(file.contentId, ref(a, file.contentId));
    await eventually(async () => (await c.state(file)) === 'limited 2 no-space');
    await a.stop();
    await b.stop();
    expect(await c.state(file)).toBe('unavailable 2 no-holder');
    await expect(c.read(file.contentId, file.size)).rejects.toMatchObject({ code: 'content-unavailable' });
  });

  it('are known again after a restart without reading all logs anew', async () => {
    let asked = 0;
    const wrap = (transport: Transport): Transport =>
      handling(transport, async (handler, channel) => {
        asked++;
        await handler(channel);
      });
    await using world = new World({ replicas: 2 });
    const a = await world.add({ wrap });
    const b = await world.add();
    const file = await a.put('known', random.bytes(4000));
    await eventually(async () => (await b.state(file)) === 'safe 2');
    const before = asked;
    await b.restart();
    expect(await b.state(file)).toBe('safe 2');
    await a.put('another', random.bytes(4000));
    await eventually(() => asked > before);
  });

  it('forget a member whose store is another now', async () => {
    await using world = await World.of(2);
    const [a, b] = three(world);
    const file = await a.put('held', random.bytes(4000));
    await eventually(async () => (await a.state(file)) === 'limited 2 few-members');
    await b.stop();
    await b.dir.remove();
    await mkdir(b.dir.path, { recursive: true });
    b.contents.clear();
    await b.restart();
    await eventually(async () => (await a.state(file)) === 'pending 1');
  });
});

describe('removal of a member', () => {
  it('is refused while it alone holds something', async () => {
    await using world = await World.of(2, { replicas: 2 });
    const [a, b] = three(world);
    await a.put('shared', random.bytes(4000));
    // As soon as it is copied.
    await eventually(async () => {
      await b.beforeRemove!(a.peerId, {});
      return true;
    });
    await a.putMany([{ path: 'not told', bytes: random.bytes(4000) }], { publish: false });
    const [only] = [...(await pinsOf(a))].filter((content) => !b.contents.has(content));
    b.contents.set(only!, { contentId: only!, size: 4000, author: 'nobody' });
    await eventually(async () => {
      await expect(b.beforeRemove!(a.peerId, {})).rejects.toMatchObject({ code: 'last-copy', facts: { count: 1 } });
      return true;
    });
    await expect(b.beforeRemove!(a.peerId, { confirm: true })).resolves.toBeUndefined();
  });
});

function ref(node: WorldNode, contentId: string) {
  return node.contents.get(contentId)!;
}

async function pinsOf(node: WorldNode): Promise<Set<string>> {
  const rows = await node.db.query<{ content: Uint8Array }>('SELECT content FROM placement_pin');
  return new Set(rows.map(({ content }) => cidFromBytes(content)));
}
