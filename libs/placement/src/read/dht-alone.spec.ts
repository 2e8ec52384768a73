import { dhtMigrations, ProvideQueue } from '@dfs/dht';
import { KiB, MiB } from '@dfs/runtime';
import { eventually, seededRandom, sha256Hex, tempDatabase, type TempDatabase } from '@dfs/testing';
import { World, type NodeOptions, type WorldNode } from '../testing/world.js';

const NETWORK = '00'.repeat(32);

describe('a content of which nobody that is here has heard', () => {
  const random = seededRandom(31);
  const queues = new Set<{ queue: ProvideQueue; temp: TempDatabase }>();

  afterEach(async () => {
    for (const { queue, temp } of queues) {
      await queue.stop();
      await temp.remove();
    }
    queues.clear();
  });

  /** The provider records of a node, in a database of their own. */
  async function withDht(node: WorldNode): Promise<ProvideQueue> {
    const temp = await tempDatabase(dhtMigrations);
    const queue = new ProvideQueue({ db: temp.db, transport: node.transport });
    queues.add({ queue, temp });
    await queue.start(NETWORK);
    return queue;
  }

  /** A holder, and a reader that has lost sight of it and of all it said; between them one that knows nothing. */
  async function lostSight(dht: NodeOptions['dht']) {
    const world = new World({ replicas: 1 });
    const holder = await world.add();
    const between = await world.add();
    const reader = await world.add({ quotaBytes: 64 * KiB, ...(dht && { dht }) });
    const bytes = random.bytes(3 * MiB);
    const [file] = await holder.putMany([{ path: 'unknown', bytes }], { publish: false });
    const isNear = (): boolean => reader.transport.connections().some(({ peerId }) => peerId === holder.peerId);
    const loseSight = async (): Promise<void> => {
      await reader.transport.hangUp(holder.peerId);
      await eventually(() => !isNear());
      await reader.db.write((tx) => tx.run('DELETE FROM placement_holding'));
    };
    return { world, holder, between, reader, file: file!, bytes, isNear, loseSight };
  }

  it('is found by the DHT alone', async () => {
    const its: { queue?: ProvideQueue } = {};
    const at = await lostSight({
      provide: () => Promise.resolve(),
      withdraw: () => Promise.resolve(),
      providers: async (cid, options) => (await its.queue?.providers(cid, options)) ?? [],
    });
    await using _ = at.world;
    await withDht(at.between);
    its.queue = await withDht(at.reader);
    const provided = await withDht(at.holder);
    await provided.provide([at.file.contentId]);
    await eventually(async () => (await provided.info()).provide.provided === 1);
    await at.loseSight();
    const read = await at.reader.read(at.file.contentId, at.file.size);
    expect(await sha256Hex(read)).toBe(await sha256Hex(at.bytes));
    expect(at.isNear()).toBe(true);
  });

  it('is said to be unavailable when the DHT does not answer, rather than searched for without end', async () => {
    const at = await lostSight({
      provide: () => Promise.resolve(),
      withdraw: () => Promise.resolve(),
      providers: (_cid, options) =>
        new Promise((resolve) => options?.signal?.addEventListener('abort', () => resolve([]), { once: true })),
    });
    await using _ = at.world;
    await at.loseSight();
    await expect(at.reader.read(at.file.contentId, at.file.size)).rejects.toMatchObject({
      code: 'content-unavailable',
    });
  });

  it('is not found with the DHT off, and is as soon as the holder is here again', async () => {
    const at = await lostSight(undefined);
    await using _ = at.world;
    await at.loseSight();
    await expect(at.reader.read(at.file.contentId, at.file.size)).rejects.toMatchObject({
      code: 'content-unavailable',
    });
    await at.reader.transport.dialPeer(at.holder.peerId, at.holder.transport.addresses());
    const read = await at.reader.read(at.file.contentId, at.file.size);
    expect(await sha256Hex(read)).toBe(await sha256Hex(at.bytes));
  });
});
