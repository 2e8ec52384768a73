import { storeContent, type StoredContent } from '@dfs/chunks';
import { KiB, MiB } from '@dfs/runtime';
import type { Cid } from '@dfs/protocol';
import { corrupt, eventually, seededRandom } from '@dfs/testing';
import type { Transport } from '@dfs/transport';
import { sending } from '../testing/tampering.js';
import { World, type WorldNode } from '../testing/world.js';

const random = seededRandom(41);

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** Bytes on this node's disk that nothing promises, as after a replication that was cut short. */
async function putUnpinned(node: WorldNode, bytes: Uint8Array): Promise<StoredContent> {
  const batch = node.chunks.batch('peer');
  const stored = await storeContent(batch, one(bytes));
  await batch.flush();
  await node.db.write((tx) => batch.commit(tx));
  return stored;
}

async function expectWhole(node: WorldNode, content: StoredContent, bytes: Uint8Array): Promise<void> {
  const read = await node.read(content.contentId, content.size);
  expect(Buffer.compare(read, bytes)).toBe(0);
}

describe('reclaiming', () => {
  it('frees what no pin needs, and nothing else', async () => {
    await using world = await World.of(1);
    const [node] = world.nodes as [WorldNode];
    const sizes = [0, 1, 4 * KiB, 900 * KiB, 7 * MiB];
    const kept = sizes.map((size) => random.bytes(size));
    const files: StoredContent[] = [];
    for (const [index, bytes] of kept.entries()) files.push(await node.put(`kept ${index}`, bytes));
    const used = node.chunks.usage();
    const dead = await putUnpinned(node, random.bytes(9 * MiB));
    const freed = await node.placement.reclaim(0);
    // Its chunks and their manifest; now and then one is taken for another's.
    expect(freed.chunks).toBeGreaterThanOrEqual(dead.chunkCount);
    expect(node.chunks.usage()).toMatchObject({ chunks: used.chunks, bytes: used.bytes });
    for (const [index, bytes] of kept.entries()) await expectWhole(node, files[index]!, bytes);
    expect(node.placement.status().reclaimed).toMatchObject({
      runs: 1,
      chunks: freed.chunks,
      bytes: freed.bytes,
    });
  });

  it('keeps what nothing needs for a day, as cache', async () => {
    await using world = await World.of(1);
    const [node] = world.nodes as [WorldNode];
    const bytes = random.bytes(2 * MiB);
    const cached = await putUnpinned(node, bytes);
    expect(await node.placement.reclaim()).toMatchObject({ chunks: 0 });
    expect(await node.placement.reclaim()).toMatchObject({ chunks: 0 });
    expect((await node.chunks.has([cached.contentId])).size).toBe(1);
  });

  it('goes on while files are written whose chunks are just being freed', async () => {
    await using world = await World.of(1);
    const [node] = world.nodes as [WorldNode];
    const contents = Array.from({ length: 12 }, (_, index) => random.bytes((index + 1) * 150 * KiB));
    for (const bytes of contents) await putUnpinned(node, bytes);
    let running = true;
    const reclaiming = (async () => {
      while (running) await node.placement.reclaim(0);
    })();
    const files: StoredContent[] = [];
    for (const [index, bytes] of contents.entries()) {
      files.push(await node.put(`file ${index}`, bytes));
      await putUnpinned(node, random.bytes(300 * KiB));
    }
    running = false;
    await reclaiming;
    await node.placement.reclaim(0);
    for (const [index, bytes] of contents.entries()) await expectWhole(node, files[index]!, bytes);
    expect(node.chunks.damaged()).toEqual([]);
  });

  it('never takes from under a replication what was found here already', async () => {
    await using world = await World.of(2, { replicas: 2 });
    const [a, b] = world.nodes as [WorldNode, WorldNode];
    const bytes = random.bytes(6 * MiB);
    await putUnpinned(b, bytes);
    // The moment after the replication has seen that the chunks are here, they are freed.
    const has = b.chunks.has.bind(b.chunks);
    let freed = 0;
    b.chunks.has = async (ids, reader) => {
      const here = await has(ids, reader);
      if (!reader && here.size > 1 && freed === 0) freed = (await b.placement.reclaim(0)).chunks;
      return here;
    };
    const file = await a.put('pulled', bytes);
    await eventually(async () => (await b.pinned(file.contentId)) === 1);
    expect(freed).toBeGreaterThan(1);
    await a.stop();
    await expectWhole(b, file, bytes);
  });

  it('leaves alone what has come of a replication that goes on, however long that takes', async () => {
    let passed = 0;
    let most = 70 * MiB;
    const goOn = Promise.withResolvers<undefined>();
    const wrap = (transport: Transport): Transport =>
      sending(transport, async (payload) => {
        if (passed + payload.length > most) await goOn.promise;
        passed += payload.length;
        return payload;
      });
    await using world = new World({ replicas: 2 });
    const a = await world.add({ wrap });
    const b = await world.add();
    const bytes = random.bytes(76 * MiB);
    const file = await a.put('slow', bytes);
    // Part of it is committed, and promised by nothing yet.
    await eventually(() => b.chunks.usage().bytes > 60 * MiB);
    const { chunks } = b.chunks.usage();
    expect(await b.placement.reclaim(0)).toMatchObject({ chunks: 0 });
    expect(b.chunks.usage().chunks).toBe(chunks);
    most = Infinity;
    goOn.resolve(undefined);
    await eventually(async () => (await b.pinned(file.contentId)) === 1);
    expect(passed).toBeLessThan(file.size + 1 * MiB);
    expect(await b.placement.reclaim(0)).toMatchObject({ chunks: 0 });
  });

  it('keeps what is left of an extent that is damaged here, while it may be the last there is', async () => {
    await using world = await World.of(2, { replicas: 2 });
    const [a, b] = world.nodes as [WorldNode, WorldNode];
    const bytes = random.bytes(8 * MiB);
    const file = await a.put('damaged', bytes);
    await eventually(async () => (await b.state(file)) === 'safe 2');
    a.outOfGrace.add(b.peerId);
    b.outOfGrace.add(a.peerId);
    await a.stop();
    await corrupt(b.dir.file('chunks'), bytes.subarray(5 * MiB, 5 * MiB + 64));
    expect(await b.chunks.verifyAll()).toMatchObject({ damaged: 1 });
    await eventually(async () => (await b.pinned(file.contentId)) === 0);
    const { chunks } = b.chunks.usage();
    expect(await b.placement.reclaim(0)).toMatchObject({ chunks: 0 });
    expect(b.chunks.usage().chunks).toBe(chunks);
    expect(b.chunks.damaged()).toHaveLength(1);
    // Once the file is gone from the catalogue nobody misses it.
    b.contents.delete(file.contentId);
    await b.placement.reclaim(0);
    expect(b.chunks.usage().chunks).toBe(0);
    expect(b.chunks.damaged()).toEqual([]);
  });

  it('keeps what is left of a damaged version that was replaced, as of a current one', async () => {
    await using world = await World.of(1);
    const [node] = world.nodes as [WorldNode];
    const bytes = random.bytes(8 * MiB);
    const file = await node.put('replaced', bytes);
    node.replaced(file.contentId);
    await corrupt(node.dir.file('chunks'), bytes.subarray(5 * MiB, 5 * MiB + 64));
    expect(await node.chunks.verifyAll()).toMatchObject({ damaged: 1 });
    await eventually(
      async () => (await node.placement.holders(file.contentId, file.size)).extents[0]?.holders.length === 0,
    );
    const { chunks } = node.chunks.usage();
    expect(await node.placement.reclaim(0)).toMatchObject({ chunks: 0 });
    expect(node.chunks.usage().chunks).toBe(chunks);
  });

  it('frees nothing while it cannot tell what a pinned content needs', async () => {
    await using world = await World.of(1);
    const [node] = world.nodes as [WorldNode];
    const file = await node.put('kept', random.bytes(5 * MiB));
    await putUnpinned(node, random.bytes(3 * MiB));
    const { chunks } = node.chunks.usage();
    const manifest = await node.chunks.get(file.contentId);
    await corrupt(node.dir.file('chunks'), manifest);
    const held: Cid[] = [];
    node.chunks.onDamaged((id) => held.push(id));
    await expect(node.placement.reclaim(0)).rejects.toMatchObject({ code: 'chunk-damaged' });
    expect(held).toEqual([file.contentId]);
    expect(node.chunks.usage().chunks).toBeGreaterThanOrEqual(chunks - 1);
  });
});
