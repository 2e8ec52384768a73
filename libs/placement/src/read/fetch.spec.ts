import { open } from 'node:fs/promises';
import fc from 'fast-check';
import { cidOf, type Cid } from '@dfs/protocol';
import { DfsError, KiB, MiB } from '@dfs/runtime';
import { readExtent, type StoredContent } from '@dfs/chunks';
import { eventually, seededRandom, sha256Hex } from '@dfs/testing';
import type { Transport } from '@dfs/transport';
import { opening, sending } from '../testing/tampering.js';
import { World, type NodeOptions, type WorldNode } from '../testing/world.js';

const random = seededRandom(11);
/** Of a node that reads what it does not hold: it has room for nothing. */
const READER: NodeOptions = { quotaBytes: 64 * KiB };
/** Milliseconds for which a connection is lost. */
const BACK_AFTER = 300;

/** One node for each of `holders`, all of which hold the content, and a reader that holds nothing. */
async function holdersAndReader(bytes: Uint8Array, holders: NodeOptions[], reader: NodeOptions = READER) {
  const world = new World({ replicas: holders.length });
  for (const options of holders) await world.add(options);
  const [first] = world.nodes;
  const file = await first!.put('file', bytes);
  for (const node of world.nodes) await eventually(async () => (await node.pinned(file.contentId)) === 1);
  const read = await world.add(reader);
  read.contents.set(file.contentId, { contentId: file.contentId, size: file.size, author: first!.peerId });
  await eventually(
    async () => (await read.placement.holders(file.contentId, file.size)).extents[0]!.holders.length === holders.length,
  );
  return { world, file, reader: read };
}

const sourcesOf = (node: WorldNode) =>
  node.placement.transfers.list().find(({ kind }) => kind === 'download')?.sources ?? [];

describe('fetch', () => {
  it('reads on a node that holds nothing, whole and by any range', async () => {
    const bytes = random.bytes(6 * MiB);
    const { world, file, reader } = await holdersAndReader(bytes, [{}, {}]);
    await using _ = world;
    expect(await sha256Hex(await reader.read(file.contentId, file.size))).toBe(await sha256Hex(bytes));
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length), fc.nat(2 * MiB), async (offset, length) => {
        const part = await reader.read(file.contentId, file.size, { offset, length });
        expect(Buffer.compare(part, bytes.subarray(offset, offset + length))).toBe(0);
      }),
      { numRuns: 25 },
    );
    expect(reader.chunks.usage().chunks).toBe(0);
  });

  it('reads a single chunk, and an empty content without asking anyone', async () => {
    const bytes = random.bytes(5000);
    const { world, file, reader } = await holdersAndReader(bytes, [{}]);
    await using _ = world;
    expect(Buffer.compare(await reader.read(file.contentId, file.size), bytes)).toBe(0);
    expect(Buffer.compare(await reader.read(file.contentId, file.size, { offset: 4999 }), bytes.subarray(4999))).toBe(
      0,
    );
    expect(await reader.read(file.contentId, file.size, { offset: 5000 })).toHaveLength(0);
  });

  it('takes from several holders at once', async () => {
    const bytes = random.bytes(24 * MiB);
    const { world, file, reader } = await holdersAndReader(bytes, [{}, {}, {}]);
    await using _ = world;
    expect(await sha256Hex(await reader.read(file.contentId, file.size))).toBe(await sha256Hex(bytes));
    expect(sourcesOf(reader)).toHaveLength(3);
  });

  it('never lets a wrong byte out, and leaves the liar', async () => {
    const bytes = random.bytes(12 * MiB);
    const lie = async (payload: Uint8Array) => {
      const copy = Buffer.from(payload);
      if (copy.length > 0) copy[copy.length >> 1]! ^= 1;
      return copy;
    };
    let lies = false;
    const wrap = (transport: Transport) => sending(transport, async (payload) => (lies ? lie(payload) : payload));
    const { world, file, reader } = await holdersAndReader(bytes, [{}, { wrap }]);
    await using _ = world;
    lies = true;
    expect(await sha256Hex(await reader.read(file.contentId, file.size))).toBe(await sha256Hex(bytes));
    expect(sourcesOf(reader).map(({ peerId }) => peerId)).toEqual([world.nodes[0]!.peerId]);
    // Its blocks are no copy, and that is told.
    const [honest, liar] = world.nodes.map(({ peerId }) => peerId) as [string, string];
    const holders = async (): Promise<(string | undefined)[]> =>
      (await reader.placement.holders(file.contentId, file.size)).extents.flatMap(({ holders }) =>
        holders.map(({ peerId }) => peerId),
      );
    await eventually(async () => !(await holders()).includes(liar));
    expect(await holders()).toContain(honest);
    expect(await reader.placement.doubts()).toEqual([{ peerId: liar, contents: 1 }]);
    await world.nodes[0]!.stop();
    await expect(reader.read(file.contentId, file.size)).rejects.toMatchObject({ code: 'content-unavailable' });
  });

  it('has a holder whose disk has rotted look at its blocks, and does not take it for a liar', async () => {
    const bytes = random.bytes(12 * MiB);
    const { world, file, reader } = await holdersAndReader(bytes, [{}, {}]);
    await using _ = world;
    const [rotten, honest] = world.nodes as [WorldNode, WorldNode];
    const { chunks } = await readExtent(file.contentId, file.size, 0, (id) => rotten.chunks.get(id));
    for (const { file: pack, offset } of (await rotten.chunks.places(chunks.map(({ id }) => id))).values()) {
      const handle = await open(pack, 'r+');
      const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, offset);
      await handle.write(Buffer.of(buffer[0]! ^ 1), 0, 1, offset);
      await handle.close();
    }
    const found: Cid[] = [];
    rotten.chunks.onDamaged((id) => void found.push(id));
    expect(await sha256Hex(await reader.read(file.contentId, file.size))).toBe(await sha256Hex(bytes));
    expect(found.length).toBeGreaterThan(0);
    expect(sourcesOf(reader).map(({ peerId }) => peerId)).toContain(honest.peerId);
    expect(await reader.placement.doubts()).toEqual([]);
    await eventually(() => rotten.chunks.damaged().length === 0, { what: 'what was found is healed' });
  });

  it('goes on elsewhere when a holder stalls', async () => {
    const bytes = random.bytes(8 * MiB);
    let stalls = false;
    const wrap = (transport: Transport) =>
      sending(transport, async (payload) => (stalls ? new Promise<never>(() => undefined) : payload));
    const { world, file, reader } = await holdersAndReader(bytes, [{ wrap }, {}]);
    await using _ = world;
    stalls = true;
    expect(await sha256Hex(await reader.read(file.contentId, file.size))).toBe(await sha256Hex(bytes));
  });

  it('goes on elsewhere when a holder dies in the middle', async () => {
    const bytes = random.bytes(20 * MiB);
    const { world, file, reader } = await holdersAndReader(bytes, [{}, {}]);
    await using _ = world;
    const parts: Uint8Array[] = [];
    for await (const part of reader.placement.fetch(file.contentId, file.size)) {
      parts.push(part);
      if (parts.length === 3) await world.nodes[0]!.stop();
    }
    expect(await sha256Hex(Buffer.concat(parts))).toBe(await sha256Hex(bytes));
  });

  it('starts with its first chunk, however slow the rest', async () => {
    const bytes = random.bytes(16 * MiB);
    const beginning = bytes.subarray(0, 64 * KiB);
    let stop = false;
    // Several requests are answered at a time: the frame with the first chunk need not be the first frame.
    const wrap = (transport: Transport) =>
      sending(transport, async (payload) => {
        const isFirst = Buffer.compare(payload.subarray(0, beginning.length), beginning) === 0;
        if (stop && payload.length > 100 * KiB && !isFirst) await new Promise(() => undefined);
        return payload;
      });
    const { world, file, reader } = await holdersAndReader(bytes, [{ wrap }]);
    await using _ = world;
    stop = true;
    const control = new AbortController();
    const stream = reader.placement.fetch(file.contentId, file.size, { signal: control.signal });
    const first = await stream[Symbol.asyncIterator]().next();
    expect(Buffer.compare(first.value as Uint8Array, bytes.subarray(0, (first.value as Uint8Array).length))).toBe(0);
    control.abort();
    await expect(stream.next()).rejects.toMatchObject({ code: 'aborted' });
  });

  it('finds a content by the DHT alone', async () => {
    const bytes = random.bytes(3 * MiB);
    const asked: Cid[] = [];
    const world = new World({ replicas: 1 });
    await using _ = world;
    const a = await world.add();
    const reader = await world.add({
      ...READER,
      dht: {
        provide: async () => undefined,
        withdraw: async () => undefined,
        providers: async (cid) => {
          asked.push(cid);
          return [{ peerId: a.peerId, addresses: a.transport.addresses() }];
        },
      },
    });
    const [file] = (await a.putMany([{ path: 'unknown', bytes }], { publish: false })) as [StoredContent];
    await reader.db.write((tx) => tx.run('DELETE FROM placement_holding'));
    expect(await sha256Hex(await reader.read(file.contentId, file.size))).toBe(await sha256Hex(bytes));
    expect(asked).toContain(file.contentId);
  });

  it('finds a content by asking everyone when nothing else is known', async () => {
    const bytes = random.bytes(3 * MiB);
    const { world, file, reader } = await holdersAndReader(bytes, [{}, {}]);
    await using _ = world;
    await reader.db.write((tx) => tx.run('DELETE FROM placement_holding'));
    expect(await sha256Hex(await reader.read(file.contentId, file.size))).toBe(await sha256Hex(bytes));
  });

  it.each([
    { of: 'that is known', isKnown: true },
    { of: 'that is found by asking', isKnown: false },
  ])('waits for the connection to a holder that is being made anew: one $of', async ({ isKnown }) => {
    const bytes = random.bytes(3 * MiB);
    let isLost = false;
    const lost = (): void => {
      if (isLost) throw new DfsError('peer-unreachable', 'The connection was lost.');
    };
    const wrap = (transport: Transport) => opening(transport, lost);
    const { world, file, reader } = await holdersAndReader(bytes, [{}], { ...READER, wrap });
    await using _ = world;
    if (!isKnown) await reader.db.write((tx) => tx.run('DELETE FROM placement_holding'));
    isLost = true;
    const reading = reader.read(file.contentId, file.size);
    const back = setTimeout(() => (isLost = false), BACK_AFTER);
    expect(await sha256Hex(await reading)).toBe(await sha256Hex(bytes));
    clearTimeout(back);
  });

  it('says that nobody has a content, and wants it no longer', async () => {
    await using world = await World.of(2);
    const [a] = world.nodes;
    const absent = cidOf(Buffer.from('nowhere'));
    const reading = a!.placement.fetch(absent, 100, { path: 'absent' });
    await expect(reading.next()).rejects.toMatchObject({ code: 'content-unavailable' });
    expect(a!.placement.status()).toMatchObject({ wanted: 0 });
  });

  it('reads ahead a bounded number of bytes of a reader that does not read', async () => {
    const bytes = random.bytes(56 * MiB);
    let sent = 0;
    const wrap = (transport: Transport) =>
      sending(transport, async (payload) => {
        sent += payload.length;
        return payload;
      });
    const { world, file, reader } = await holdersAndReader(bytes, [{ wrap }]);
    await using _ = world;
    sent = 0;
    const stream = reader.placement.fetch(file.contentId, file.size)[Symbol.asyncIterator]();
    await stream.next();
    let last = -1;
    await eventually(
      () => {
        const still = sent === last;
        last = sent;
        return still;
      },
      { poll: 500 },
    );
    expect(sent).toBeLessThan(40 * MiB);
    await stream.return?.(undefined);
  });

  it('lists and cancels', async () => {
    const bytes = random.bytes(24 * MiB);
    const { world, file, reader } = await holdersAndReader(bytes, [{}]);
    await using _ = world;
    const stream = reader.placement.fetch(file.contentId, file.size, { path: 'a/b' });
    await stream.next();
    const [running] = reader.placement.transfers.list();
    expect(running).toMatchObject({ kind: 'download', state: 'running', path: 'a/b', bytes: bytes.length });
    const cancelled = reader.placement.transfers.cancel(running!.id);
    const rest = async () => {
      for await (const _part of stream) continue;
    };
    await expect(rest()).rejects.toMatchObject({ code: 'aborted' });
    await cancelled;
    expect(reader.placement.transfers.list()).toMatchObject([{ id: running!.id, state: 'cancelled' }]);
    await expect(reader.placement.transfers.cancel(running!.id)).rejects.toThrow(/No running transfer/);
  });
});

describe('chunks of a content', () => {
  it('are listed in pages, here or not', async () => {
    const bytes = random.bytes(6 * MiB);
    const { world, file, reader } = await holdersAndReader(bytes, [{}]);
    await using _ = world;
    const all = [];
    for (let after: number | null = 0; after !== null;) {
      const page = await reader.placement.chunkList(file.contentId, file.size, { after, limit: 2 });
      expect(page.total).toBe(file.chunkCount);
      expect(page.items.length).toBeLessThanOrEqual(2);
      all.push(...page.items);
      after = page.next;
    }
    expect(all).toHaveLength(file.chunkCount);
    expect(all.reduce((sum, { size }) => sum + size, 0)).toBe(bytes.length);
    expect(all.every(({ here }) => !here)).toBe(true);
    const there = await world.nodes[0]!.placement.chunkList(file.contentId, file.size, { limit: 1000 });
    expect(there.items.map(({ here, ...chunk }) => chunk)).toEqual(all.map(({ here, ...chunk }) => chunk));
    expect(there.items.every(({ here }) => here)).toBe(true);
    expect(there.next).toBeNull();
  });
});
