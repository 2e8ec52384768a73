import type { DhtInfo } from '@dfs/contracts';
import { cidOf, signerFromRaw, type Cid } from '@dfs/protocol';
import { second, VirtualTime } from '@dfs/runtime';
import { eventually, fakeClock, seededRandom, tempDatabase, type TempDatabase } from '@dfs/testing';
import { MemoryNetwork, type MemoryTransport } from '@dfs/transport';
import { PROVIDE_BATCH, RECORD_VALIDITY } from './constants.js';
import { ProvideQueue } from './provide-queue.js';
import { dhtMigrations } from './schema.js';

const NETWORK = 'ab'.repeat(32);

function isProvided({ provide }: DhtInfo): boolean {
  return provide.provided === 1 && provide.queued === 0;
}

describe('ProvideQueue', () => {
  const random = seededRandom(7);
  let network: MemoryNetwork;
  let nodes: MemoryTransport[];
  let temp: TempDatabase;
  let queue: ProvideQueue;
  const clock = fakeClock(Date.now());
  const timers = new VirtualTime();
  /** While the test waits. */
  const passing = { time: timers, step: second / 2 };

  const contents = (count: number): Cid[] => Array.from({ length: count }, () => cidOf(random.bytes(16)));
  const named = async (content: Cid): Promise<string[]> => {
    const found: string[] = [];
    for await (const { peerId } of nodes[1]!.routing.findProviders(content)) found.push(peerId);
    return found;
  };
  const open = (): ProvideQueue => new ProvideQueue({ db: temp.db, transport: nodes[0]!, clock, timers });

  beforeEach(async () => {
    network = new MemoryNetwork({ random: random.next });
    nodes = [1, 2].map(() => network.node(signerFromRaw(random.bytes(32))));
    for (const node of nodes) {
      node.setGate({ isMember: () => true, acceptsStrangers: () => false });
      await node.start();
    }
    await nodes[1]!.routing.start(NETWORK);
    temp = await tempDatabase(dhtMigrations);
    queue = open();
  });
  afterEach(async () => {
    await queue.stop();
    await Promise.all(nodes.map((node) => node.stop()));
    await temp.remove();
  });
  const connect = () => nodes[0]!.dial(nodes[1]!.addresses()[0]!);

  it('provides what is queued, once there is somebody to tell', async () => {
    const [content] = contents(1) as [Cid];
    await queue.start(NETWORK);
    await queue.provide([content]);
    await eventually(async () => (await queue.info()).provide.queued === 1, { passing });
    expect(await named(content)).toEqual([]);
    await connect();
    await eventually(async () => (await named(content)).includes(nodes[0]!.peerId), { passing });
    await eventually(async () => isProvided(await queue.info()), { passing });
    expect(await queue.providers(content)).toMatchObject([{ peerId: nodes[0]!.peerId }]);
  });

  it('keeps its queue over a restart, and goes through a long one', async () => {
    const many = contents(300);
    await queue.provide(many);
    queue = open();
    await connect();
    await queue.start(NETWORK);
    await eventually(async () => (await queue.info()).provide.provided === many.length, { passing });
    expect(await named(many[299]!)).toEqual([nodes[0]!.peerId]);
  });

  it('provides again before the records run out, not before it is time, and never what was withdrawn', async () => {
    const [kept, dropped] = contents(2) as [Cid, Cid];
    await connect();
    await queue.start(NETWORK);
    await queue.provide([kept, dropped]);
    await eventually(async () => (await queue.info()).provide.provided === 2, { passing });
    const dues = () => temp.db.query<{ due: number }>('SELECT due FROM dht_provide');
    for (const { due } of await dues()) {
      expect(due).toBeGreaterThan(clock.now() + RECORD_VALIDITY / 4);
      expect(due).toBeLessThan(clock.now() + RECORD_VALIDITY);
    }
    await queue.withdraw([dropped]);
    clock.advance(RECORD_VALIDITY);
    await queue.provide(contents(1));
    await eventually(async () => (await dues()).every(({ due }) => due > clock.now()), { passing });
    expect(await dues()).toHaveLength(2);
  });

  it('counts what it has when somebody asks, once for all who do, and not by itself', async () => {
    const asked: string[] = [];
    const query: typeof temp.db.query = (sql, ...values) => {
      if (sql.includes('count(')) asked.push(sql);
      return temp.db.query(sql, ...values);
    };
    const db = { query, write: temp.db.write.bind(temp.db) } as typeof temp.db;
    queue = new ProvideQueue({ db, transport: nodes[0]!, clock, timers });
    const many = contents(PROVIDE_BATCH + 1);
    await queue.provide(many);
    await queue.start(NETWORK);
    const connecting = connect();
    const isDone = async (): Promise<boolean> => {
      const rows = await temp.db.query('SELECT 1 FROM dht_provide WHERE provided_at IS NOT NULL');
      return rows.length === many.length;
    };
    await eventually(isDone, { passing });
    await connecting;
    expect(asked).toEqual([]);
    const [one, other] = await Promise.all([queue.info(), queue.info()]);
    expect([one.provide.provided, other.provide.provided, asked.length]).toEqual([many.length, many.length, 1]);
  });

  it('waits as ever after a batch that failed, though there is more to do', async () => {
    let isBroken = false;
    let failed = 0;
    const note = (): void => undefined;
    const log = { debug: note, info: note, error: note, warn: () => void failed++ };
    const db = {
      query: (...asked: Parameters<typeof temp.db.query>) =>
        isBroken ? Promise.reject(new Error('on purpose')) : temp.db.query(...asked),
      write: temp.db.write.bind(temp.db),
    } as typeof temp.db;
    queue = new ProvideQueue({ db, transport: nodes[0]!, clock, timers, log });
    await queue.provide(contents(300));
    await connect();
    await queue.start(NETWORK);
    await eventually(async () => (await queue.info()).provide.provided > 0, { passing });
    isBroken = true;
    await eventually(() => failed > 0, { passing });
    for (let step = 0; step < 20; step++) {
      timers.advance(second / 2);
      await new Promise(setImmediate);
    }
    expect(failed).toBeLessThanOrEqual(6);
  });

  it('takes the caller’s unit of work, and nothing of it when that fails', async () => {
    const [content] = contents(1) as [Cid];
    await expect(
      temp.db.write(async (tx) => {
        await queue.provide([content], tx);
        throw new Error('on purpose');
      }),
    ).rejects.toThrow('on purpose');
    expect(await temp.db.query('SELECT * FROM dht_provide')).toEqual([]);
  });

  it('waits longer after each failure', async () => {
    const [content] = contents(1) as [Cid];
    const failing = {
      routing: {
        ...nodes[0]!.routing,
        start: () => Promise.resolve(),
        stop: () => Promise.resolve(),
        size: () => 1,
        provide: () => Promise.reject(new Error('on purpose')),
        findProviders: nodes[0]!.routing.findProviders.bind(nodes[0]!.routing),
        withdraw: () => Promise.resolve(),
      },
    };
    queue = new ProvideQueue({ db: temp.db, transport: failing, clock, timers });
    await queue.start(NETWORK);
    await queue.provide([content]);
    const failures = async () =>
      (await temp.db.query<{ failures: number; due: number }>('SELECT failures, due FROM dht_provide'))[0]!;
    await eventually(async () => (await failures()).failures === 1, { passing });
    const first = (await failures()).due - clock.now();
    clock.set((await failures()).due);
    await eventually(async () => (await failures()).failures === 2, { passing });
    expect((await failures()).due - clock.now()).toBeGreaterThan(first);
    expect((await queue.info()).provide.failed).toBe(1);
  });

  it('is silent where the DHT is off, and knows what to provide once it is on again', async () => {
    queue = new ProvideQueue({ db: temp.db, transport: nodes[0]!, clock, timers }, { enabled: false });
    await connect();
    await queue.start(NETWORK);
    const [content] = contents(1) as [Cid];
    await queue.provide([content]);
    expect(await queue.providers(content)).toEqual([]);
    expect(await queue.info()).toMatchObject({ enabled: false, routingTableSize: 0, provide: { queued: 0 } });
    expect(await named(content)).toEqual([]);
    await queue.stop();
    queue = open();
    await queue.start(NETWORK);
    await eventually(async () => (await named(content)).includes(nodes[0]!.peerId), { passing });
  });
});
