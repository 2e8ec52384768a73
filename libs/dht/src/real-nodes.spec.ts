import { cidOf, signerFromRaw } from '@dfs/protocol';
import { eventually, seededRandom, tempDatabase, type TempDatabase } from '@dfs/testing';
import { Libp2pTransport } from '@dfs/transport';
import { KeptRecords } from './kept-records.js';
import { ProvideQueue } from './provide-queue.js';
import { dhtMigrations } from './schema.js';

const NETWORK = 'cd'.repeat(32);

describe('ProvideQueue over libp2p', () => {
  const random = seededRandom(5);
  const nodes: { transport: Libp2pTransport; queue: ProvideQueue; temp: TempDatabase }[] = [];
  const members = new Set<string>();

  async function node() {
    const privateKeyRaw = random.bytes(32);
    members.add(signerFromRaw(privateKeyRaw).peerId);
    const temp = await tempDatabase(dhtMigrations);
    return run(privateKeyRaw, temp);
  }
  async function run(privateKeyRaw: Uint8Array, temp: TempDatabase) {
    const records = new KeptRecords({ db: temp.db });
    const transport = await Libp2pTransport.create({ privateKeyRaw, host: '127.0.0.1', port: 0, records });
    transport.setGate({ isMember: (peerId) => members.has(peerId), acceptsStrangers: () => false });
    await transport.start();
    const queue = new ProvideQueue({ db: temp.db, transport });
    nodes.push({ transport, queue, temp });
    return { transport, queue, db: temp.db, restart: () => restart(privateKeyRaw, temp) };
  }

  /** The same node from its disk, in a network that begins anew. */
  async function restart(privateKeyRaw: Uint8Array, temp: TempDatabase) {
    const [before] = nodes.splice(
      nodes.findIndex((each) => each.temp === temp),
      1,
    );
    await before?.queue.stop();
    await before?.transport.stop();
    return run(privateKeyRaw, temp);
  }

  afterEach(async () => {
    for (const { transport, queue, temp } of nodes.splice(0)) {
      await queue.stop();
      await transport.stop();
      await temp.remove();
    }
  });

  it('provides on one node what another finds, and stops when it is withdrawn', async () => {
    const [first, second, third] = [await node(), await node(), await node()];
    const content = cidOf(random.bytes(64));
    await first.queue.provide([content]);
    for (const { queue } of [first, second, third]) await queue.start(NETWORK);
    // Waits while it is alone.
    await eventually(async () => (await first.queue.info()).provide.queued === 1);
    expect(await first.queue.info()).toMatchObject({ enabled: true, mode: 'server', routingTableSize: 0 });
    await first.transport.dialPeer(second.transport.peerId, second.transport.addresses());
    await third.transport.dialPeer(second.transport.peerId, second.transport.addresses());
    await eventually(async () => (await first.queue.info()).provide.provided === 1);
    const named = async () => (await third.queue.providers(content)).map(({ peerId }) => peerId);
    await eventually(async () => (await named()).includes(first.transport.peerId));
    const held = await first.queue.providers(content);
    expect(held.map(({ peerId }) => peerId)).toContain(first.transport.peerId);
    await first.queue.withdraw([content]);
    expect(await first.db.query('SELECT * FROM dht_provide')).toEqual([]);
  });

  it('still names others after a restart, without their saying so again', async () => {
    const [holder, keeper, reader] = [await node(), await node(), await node()];
    const content = cidOf(random.bytes(64));
    for (const { queue } of [holder, keeper, reader]) await queue.start(NETWORK);
    await holder.transport.dialPeer(keeper.transport.peerId, keeper.transport.addresses());
    await holder.queue.provide([content]);
    await eventually(async () => (await holder.queue.info()).provide.provided === 1);
    await holder.queue.stop();

    const again = await keeper.restart();
    expect(await again.db.query('SELECT peer FROM dht_record')).toEqual([{ peer: holder.transport.peerId }]);
    await again.queue.start(NETWORK);
    for (const { transport } of [holder, reader]) {
      await transport.dialPeer(again.transport.peerId, again.transport.addresses());
    }
    const named = async () => (await reader.queue.providers(content)).map(({ peerId }) => peerId);
    await eventually(async () => (await named()).includes(holder.transport.peerId));
  });
});
