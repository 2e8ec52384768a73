import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { parseAddress } from '../address.js';
import { Libp2pTransport } from './libp2p-transport.js';
import { firstFrame } from '../request.js';

const ECHO = '/dfs/test/1';
const KiB = 1024;
/** A TLS record, a yamux frame and the lengths of a message of ours. */
const OVERHEAD = 22 + 12 + 10;

async function node(): Promise<Libp2pTransport> {
  const transport = await Libp2pTransport.create({
    privateKeyRaw: randomBytes(32),
    host: '127.0.0.1',
    port: 0,
    dht: false,
  });
  transport.setGate({ isMember: () => true, acceptsStrangers: () => false });
  await transport.start();
  return transport;
}

/** Passes everything on to a port, and counts the bytes that go there and come back. */
async function countingProxy(port: number): Promise<{ server: Server; bytes: () => number }> {
  let bytes = 0;
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    for (const socket of [near, far]) socket.on('data', (data) => (bytes += data.length)).on('error', () => {});
    near.pipe(far).pipe(near);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, bytes: () => bytes };
}

describe('room on a stream', () => {
  let [a, b]: Libp2pTransport[] = [];
  let proxy: Awaited<ReturnType<typeof countingProxy>>;
  beforeAll(async () => {
    [a, b] = await Promise.all([node(), node()]);
    b.handle(ECHO, async (channel) => {
      for await (const { header, payload } of channel.frames()) await channel.send(header, payload);
    });
    const [, port] = /\/tcp\/(\d+)/.exec(b.addresses()[0] ?? '') ?? [];
    proxy = await countingProxy(Number(port));
    const there = `/ip4/127.0.0.1/tcp/${(proxy.server.address() as AddressInfo).port}/p2p/${b.peerId}`;
    expect(parseAddress(there).peerId).toBe(await a.dial(there));
  });
  afterAll(async () => {
    await Promise.all([a?.stop(), b?.stop()]);
    proxy.server.close();
  });

  /** Sends so many payloads of a size, one after the other came back, and answers the bytes that took. */
  async function bytesOf(count: number, size: number): Promise<number> {
    const channel = await a!.open(b!.peerId, ECHO);
    const payload = randomBytes(size);
    let before = 0;
    for (let round = -1; round < count; round++) {
      if (round === 0) before = proxy.bytes();
      await channel.send(round, payload);
      expect(Buffer.compare((await firstFrame(channel)).payload, payload)).toBe(0);
    }
    const bytes = proxy.bytes() - before;
    await channel.end();
    return bytes;
  }

  it('is not told after every short message', async () => {
    // libp2p tells of itself once more in between, whenever it gets to it: at least one of three goes without.
    const bytes = [await bytesOf(40, 100), await bytesOf(40, 100), await bytesOf(40, 100)];
    expect(Math.min(...bytes)).toBeLessThanOrEqual(40 * 2 * (100 + OVERHEAD));
  });

  it('is told in time, whatever the size of the messages', async () => {
    for (const size of [60 * KiB, 64 * KiB, 250 * KiB, 1024 * KiB]) {
      expect(await bytesOf(20, size)).toBeGreaterThan(20 * 2 * size);
    }
  });
});
