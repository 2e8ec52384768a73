import { PEER_SHARE, storeContent, type StoredContent } from '@dfs/chunks';
import { AHEAD_PROTOCOL, cidOf, fileIdOf, formAheadBlocks, type AheadBlock, type Cid } from '@dfs/protocol';
import { GiB, isDfsError, MiB, minute, VirtualTime } from '@dfs/runtime';
import { eventually, seededRandom } from '@dfs/testing';
import type { Channel, OpenOptions, Transport } from '@dfs/transport';
import { World, type NodeOptions, type WorldNode } from '../testing/world.js';
import type { Arrivals } from './arrivals.js';
import type { OfferedBatch } from './offer.js';

/** Of the half that comes first some waits to be hashed. */
const SIZE = 40 * MiB;
const random = seededRandom(41);

/** A file on its way in, whose client has sent some of it and waits with the rest. */
class SlowUpload {
  readonly batch: OfferedBatch;
  readonly stored: Promise<StoredContent>;
  private readonly rest = Promise.withResolvers<Uint8Array>();

  constructor(
    private readonly node: WorldNode,
    private readonly bytes = random.bytes(SIZE),
  ) {
    this.batch = node.placement.offered(node.chunks.batch('local'));
    this.stored = storeContent(this.batch, this.body());
    this.stored.catch(() => undefined);
  }

  /** The client sends the rest, and the node stores and records the file, once `told` of the whole content. */
  async finish(told: (content: Cid) => Promise<unknown> = () => Promise.resolve()): Promise<StoredContent> {
    const { node, batch } = this;
    this.rest.resolve(this.bytes.subarray(this.bytes.length / 2));
    const stored = await this.stored;
    batch.whole(stored);
    await told(stored.contentId);
    await batch.flush();
    await node.db.write(async (tx) => {
      await batch.commit(tx);
      await node.placement.pinLocal(tx, [stored]);
    });
    const change = { fileId: fileIdOf('00'.repeat(32), 'ahead'), path: 'ahead', contentId: stored.contentId };
    const ref = { ...change, size: stored.size, author: node.peerId, deleted: false };
    for (const each of node.world.running()) each.learn([ref]);
    return stored;
  }

  /** The client goes away. */
  async abort(): Promise<void> {
    this.rest.reject(new Error('the client has gone'));
    await this.stored.catch(() => undefined);
    await this.batch.abort();
  }

  private async *body(): AsyncIterable<Uint8Array> {
    yield this.bytes.subarray(0, this.bytes.length / 2);
    yield await this.rest.promise;
  }
}

const aheadOf = (node: WorldNode) => node.placement.status().ahead;
/** It has heard that the upload is whole: a record that is sooner has its content sent as any other. */
const heardOf = (node: WorldNode) => (content: Cid) => {
  const { arrivals } = (node.placement as unknown as { parts: { arrivals: Arrivals } }).parts;
  return eventually(() => arrivals.has(content), { what: 'the upload is whole' });
};
const came = (node: WorldNode) => eventually(async () => aheadOf(node).bytes >= 8 * MiB);

/** The first answer: a frame, or the code of an error. */
async function firstOf(channel: Channel): Promise<string> {
  try {
    for await (const _ of channel.frames()) return 'taken';
    return 'end';
  } catch (error) {
    return isDfsError(error) ? error.code : String(error);
  }
}

/** Blocks of a mebibyte, in the store and of no file. */
async function stock(node: WorldNode, count: number): Promise<AheadBlock[]> {
  const batch = node.chunks.batch('local');
  const blocks = Array.from({ length: count }, () => random.bytes(MiB)).map((bytes) => ({ id: cidOf(bytes), bytes }));
  for (const block of blocks) await batch.add(block);
  await batch.flush();
  await node.db.write((tx) => batch.commit(tx));
  return blocks.map(({ id, bytes }) => ({ id, size: bytes.length }));
}

/** A transport that notes to whom uploads are sent. */
function openings(transport: Transport, asked: string[]): Transport {
  return new Proxy(transport, {
    get: (inner, name) => {
      const value: unknown = Reflect.get(inner, name);
      if (typeof value !== 'function') return value;
      if (name !== 'open') return value.bind(inner) as unknown;
      return (peerId: string, protocol: string, options?: OpenOptions) => {
        if (protocol === AHEAD_PROTOCOL) asked.push(peerId);
        return inner.open(peerId, protocol, options);
      };
    },
  });
}

const SENDS = { repair: { sendsAhead: true } };

async function two(options: NodeOptions = {}) {
  const world = await World.of(1, { replicas: 3, ...SENDS });
  await world.add(options);
  const [a, b] = world.nodes as [WorldNode, WorldNode];
  // Each has heard that the other has room.
  await eventually(async () => a.transport.connections().length > 0);
  return { world, a, b };
}

describe('an upload where every member will hold the file', () => {
  it('is sent while it comes in, and pinned once it is recorded, without being sent again', async () => {
    // However long the rest takes to come.
    const { world, a, b } = await two({ repair: { timers: new VirtualTime() } });
    await using _ = world;
    const upload = new SlowUpload(a);
    await came(b);
    expect(b.chunks.usage().chunks).toBe(0);
    const { contentId, size } = await upload.finish(heardOf(b));
    await eventually(async () => (await b.pinned(contentId)) === 1);
    expect(a.placement.status().sentBytes).toBeLessThan(size * 1.1);
    expect(aheadOf(b)).toEqual({ uploads: 0, bytes: 0 });
    await a.stop();
    expect((await b.read(contentId, size)).length).toBe(size);
  });

  it('is not sent again for one who reads it as soon as it is recorded', async () => {
    const { world, a, b } = await two({ repair: { timers: new VirtualTime() } });
    await using _ = world;
    const upload = new SlowUpload(a);
    await came(b);
    const { contentId, size } = await upload.finish(heardOf(b));
    expect((await b.read(contentId, size)).length).toBe(size);
    expect(a.placement.status().sentBytes).toBeLessThan(size * 1.1);
  });

  it('leaves nothing at the others when its client goes away', async () => {
    const { world, a, b } = await two();
    await using _ = world;
    const before = b.chunks.usage().bytes;
    const upload = new SlowUpload(a);
    await came(b);
    await upload.abort();
    await eventually(async () => aheadOf(b).uploads === 0 && b.chunks.usage().bytes === before);
    expect(b.chunks.usage()).toMatchObject({ chunks: 0 });
  });

  it('leaves nothing at the others when its node dies', async () => {
    const { world, a, b } = await two();
    await using _ = world;
    const upload = new SlowUpload(a);
    await came(b);
    await a.transport.stop();
    await eventually(async () => aheadOf(b).uploads === 0 && b.chunks.usage().bytes === 0);
    await upload.abort();
  });

  it('is stored, and replicated later, when the other dies in the middle', async () => {
    const { world, a, b } = await two();
    await using _ = world;
    const upload = new SlowUpload(a);
    await came(b);
    await b.stop();
    const { contentId, size } = await upload.finish();
    await b.restart();
    b.learn([{ fileId: 'f', path: 'ahead', contentId, size, author: a.peerId, deleted: false }]);
    await eventually(async () => (await b.pinned(contentId)) === 1);
  });

  it('is forgotten ten minutes after its last byte, where nobody says what became of it', async () => {
    const timers = new VirtualTime();
    const { world, a, b } = await two({ repair: { timers } });
    await using _ = world;
    const upload = new SlowUpload(a);
    await came(b);
    const passing = { time: timers, step: minute / 4 };
    const [last] = [timers.ticks()];
    await eventually(async () => timers.ticks() - last >= 9 * minute, { passing, poll: 5 });
    expect(aheadOf(b).uploads).toBe(1);
    await eventually(async () => aheadOf(b).uploads === 0 && b.chunks.usage().bytes === 0, { passing });
    // That keeps nobody from recording it.
    const { contentId } = await upload.finish();
    await eventually(async () => (await b.pinned(contentId)) === 1);
  });

  it('is not sent to one that has no room for it, and does not wait for that', async () => {
    const { world, a, b } = await two({ quotaBytes: 16 * MiB });
    await using _ = world;
    const { contentId } = await new SlowUpload(a).finish();
    expect(await a.pinned(contentId)).toBe(1);
    expect(b.chunks.usage().bytes).toBeLessThan(16 * MiB);
  });

  it('is not sent where others than the members here may be the holders', async () => {
    const asked: string[] = [];
    const world = await World.of(3, { replicas: 2, ...SENDS, wrap: (transport) => openings(transport, asked) });
    await using _ = world;
    const [a, ...others] = world.nodes as [WorldNode, ...WorldNode[]];
    const upload = new SlowUpload(a);
    await upload.finish();
    expect(asked).toEqual([]);
    expect(others.map(aheadOf)).toEqual(others.map(() => ({ uploads: 0, bytes: 0 })));
  });
});

describe('a member that names blocks of uploads', () => {
  it('takes no more than its share of the room, whatever it says, and of places', async () => {
    const world = await World.of(1, { replicas: 3 });
    await using _ = world;
    await world.add({ quotaBytes: GiB / 4 });
    const [a, b] = world.nodes as [WorldNode, WorldNode];
    // Real blocks, stored at the first and recorded nowhere, of twice as many bytes as the other may take.
    const names = await stock(a, 96);
    const most = (b.chunks.usage().quotaBytes * PEER_SHARE) / 4;
    expect(names.reduce((sum, { size }) => sum + size, 0)).toBeGreaterThan(1.5 * most);
    const channels: Channel[] = [];
    for (let n = 0; n < 4; n++) channels.push(await a.transport.open(b.peerId, AHEAD_PROTOCOL));
    for (const channel of channels) {
      await channel.send(formAheadBlocks(names));
      expect(await firstOf(channel)).toBe('taken');
    }
    const fifth = await a.transport.open(b.peerId, AHEAD_PROTOCOL);
    await fifth.send(formAheadBlocks(names));
    expect(await firstOf(fifth)).toBe('too-many-requests');
    await eventually(async () => aheadOf(b).bytes > 0.9 * most);
    expect(aheadOf(b).bytes).toBeLessThanOrEqual(most);
    for (const channel of channels) channel.abort(new Error('enough'));
    await eventually(async () => aheadOf(b).uploads === 0 && b.chunks.usage().bytes === 0);
  });

  it('is left when what it sends is not what it named', async () => {
    const world = await World.of(1, { replicas: 3 });
    await using _ = world;
    await world.add();
    const [a, b] = world.nodes as [WorldNode, WorldNode];
    const channel = await a.transport.open(b.peerId, AHEAD_PROTOCOL);
    await channel.send({ kind: 'blocks', ids: new Uint8Array(33), sizes: new Uint8Array(8) });
    expect(await firstOf(channel)).toBe('bad-request');
    expect(aheadOf(b).uploads).toBe(0);
  });
});
