import { randomBytes } from 'node:crypto';
import { createConnection, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { eventually } from '@dfs/testing';
import { generateKeyPair } from '@libp2p/crypto/keys';
import type { ConnectionEncrypter, MessageStream } from '@libp2p/interface';
import { noise } from '@libp2p/noise';
import { peerIdFromPrivateKey } from '@libp2p/peer-id';
import { tcp } from '@libp2p/tcp';
import { tls, type TLSComponents } from '@libp2p/tls';
import { multiaddrConnectionPair } from '@libp2p/utils';
import { yamux } from '@libp2p/yamux';
import { CODE_P2P } from '@multiformats/multiaddr';
import { createLibp2p, type Libp2p } from 'libp2p';
import { socketTls } from './tls-encrypter.js';

type Encrypter = () => (components: TLSComponents) => ConnectionEncrypter;

const MULTISTREAM = Buffer.from('\x13/multistream/1.0.0\n');
const TLS = Buffer.from('\x0b/tls/1.0.0\n');

describe('our TLS encrypter', () => {
  const nodes: Libp2p[] = [];
  const rejections: unknown[] = [];
  const onRejection = (reason: unknown): void => void rejections.push(reason);

  beforeAll(() => void process.on('unhandledRejection', onRejection));
  afterEach(async () => {
    await Promise.all(nodes.splice(0).map(async (node) => node.stop()));
    expect(rejections).toEqual([]);
  });
  afterAll(() => void process.off('unhandledRejection', onRejection));

  async function node(encrypter: Encrypter): Promise<Libp2p> {
    const made = await createLibp2p({
      addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
      transports: [tcp()],
      connectionEncrypters: [encrypter(), noise()],
      streamMuxers: [yamux()],
      connectionMonitor: { enabled: false },
      connectionManager: { inboundConnectionThreshold: 1000, maxIncomingPendingConnections: 1000 },
    });
    nodes.push(made);
    await made.handle('/echo', async (stream) => {
      for await (const chunk of stream) {
        if (!stream.send(chunk))
          await new Promise((resolve) => stream.addEventListener('drain', resolve, { once: true }));
      }
      await stream.close();
    });
    return made;
  }
  const portOf = (made: Libp2p): number => Number(made.getMultiaddrs()[0]?.getComponents()[1]?.value);

  async function echo(from: Libp2p, to: Libp2p): Promise<void> {
    const connection = await from.dial(to.getMultiaddrs());
    expect(connection.remotePeer.toString()).toBe(to.peerId.toString());
    expect(connection.encryption).toBe('/tls/1.0.0');
    expect(connection.multiplexer).toBe('/yamux/1.0.0');
    const stream = await connection.newStream('/echo');
    const sent = randomBytes(600_000);
    const received: Uint8Array[] = [];
    const reading = (async () => {
      for await (const chunk of stream) received.push(chunk.subarray());
    })();
    for (let at = 0; at < sent.length; at += 60_000) {
      if (!stream.send(sent.subarray(at, at + 60_000))) {
        await new Promise((resolve) => stream.addEventListener('drain', resolve, { once: true }));
      }
    }
    await stream.close();
    await reading;
    expect(Buffer.compare(Buffer.concat(received), sent)).toBe(0);
  }

  it.each([
    ['ours to ours', socketTls, socketTls],
    ['ours to the stock one', socketTls, tls],
    ['the stock one to ours', tls, socketTls],
  ] as const)('speaks the protocol of libp2p: %s', async (_, dialler, listener) => {
    const [a, b] = [await node(dialler), await node(listener)];
    await echo(a, b);
  });

  it.each([
    ['ours', socketTls],
    ['the stock one', tls],
  ] as const)('refuses a peer that is not the one dialled (listening: %s)', async (_, listener) => {
    const [a, b] = [await node(socketTls), await node(listener)];
    const other = peerIdFromPrivateKey(await generateKeyPair('Ed25519'));
    const address = b.getMultiaddrs()[0]?.decapsulateCode(CODE_P2P).encapsulate(`/p2p/${other.toString()}`);
    if (!address) throw new Error('no address');
    await expect(a.dial(address)).rejects.toThrow(/unexpected peer/i);
    expect(a.getConnections()).toEqual([]);
    await eventually(() => b.getConnections().length === 0);
  });

  it('takes what the dialler sent ahead', async () => {
    const b = await node(socketTls);
    const socket = createConnection(portOf(b), '127.0.0.1');
    const closed = new Promise((resolve) => socket.on('close', resolve));
    // Everything in one packet: negotiation and the first message of TLS. It shows no certificate, and so must fail
    // after the handshake, not before.
    const ahead = new AheadOfItself(socket, [MULTISTREAM, TLS]);
    const secured = connectTls({ socket: ahead, rejectUnauthorized: false, ALPNProtocols: ['libp2p'] });
    secured.on('error', () => {});
    await new Promise<void>((resolve) => secured.once('secureConnect', resolve));
    expect(secured.getPeerCertificate().raw).toBeDefined();
    await closed;
    expect(b.getConnections()).toEqual([]);
  });

  it('goes the stock way over what is no socket', async () => {
    const [ours, stock] = await Promise.all([socketTls, tls].map(encrypterOf));
    if (!ours || !stock) throw new Error('no encrypters');
    const [near, far] = multiaddrConnectionPair();
    const [inbound, outbound] = await Promise.all([
      ours.encrypter.secureInbound(near, { skipStreamMuxerNegotiation: true }),
      stock.encrypter.secureOutbound(far, { skipStreamMuxerNegotiation: true, remotePeer: ours.peerId }),
    ]);
    expect(inbound.remotePeer.toString()).toBe(stock.peerId.toString());
    const heard = read(inbound.connection);
    outbound.connection.send(Buffer.from('through two layers'));
    expect(await heard).toBe('through two layers');
    near.abort(new Error('done'));
  });

  it('stops at the signal, and closes', async () => {
    const b = await node(socketTls);
    const silent = await listenAndSay(Buffer.concat([MULTISTREAM, TLS]));
    await expect(b.dial(silent.address, { signal: AbortSignal.timeout(300) })).rejects.toThrow();
    await silent.closed;
    silent.stop();
  });

  it('survives whatever is sent instead of TLS, at any moment, and serves others', async () => {
    const b = await node(socketTls);
    const closed: Promise<unknown>[] = [];
    for (let i = 0; i < 60; i++) {
      const socket = createConnection(portOf(b), '127.0.0.1');
      closed.push(new Promise((resolve) => socket.on('close', resolve)));
      socket.on('error', () => {}).resume();
      const spray = [MULTISTREAM, TLS, randomBytes(1 + ((i * 37) % 3000))].slice(i % 3);
      socket.on('connect', () => {
        for (const piece of spray) socket.write(piece);
        if (i % 4 === 0) socket.resetAndDestroy();
        else if (i % 4 === 1) socket.end();
        else setTimeout(() => socket.destroy(), i * 5);
      });
    }
    await echo(await node(socketTls), b);
    await Promise.all(closed);
    await echo(await node(tls), b);
  });

  it('survives connections that are cut right after the handshake, from either side', async () => {
    const b = await node(socketTls);
    for (let i = 0; i < 15; i++) {
      const a = await node(socketTls);
      const connection = await a.dial(b.getMultiaddrs());
      const [there] = await eventually(() => {
        const found = b.getConnections(a.peerId);
        return found.length > 0 ? found : undefined;
      });
      (i % 2 === 0 ? connection : there)?.abort(new Error('cut'));
      await eventually(() => a.getConnections().length + b.getConnections(a.peerId).length === 0);
    }
  });
});

async function encrypterOf(encrypter: Encrypter) {
  const privateKey = await generateKeyPair('Ed25519');
  const logger = { forComponent: () => log };
  const log = Object.assign(() => {}, { error: () => {}, trace: () => {}, enabled: false, newScope: () => log });
  const upgrader = { getStreamMuxers: () => new Map() };
  const components = { privateKey, logger, upgrader } as unknown as TLSComponents;
  return { encrypter: encrypter()(components), peerId: peerIdFromPrivateKey(privateKey) };
}

function read(stream: MessageStream): Promise<string> {
  return new Promise((resolve) => {
    stream.addEventListener('message', ({ data }) => resolve(Buffer.from(data.subarray()).toString()), { once: true });
  });
}

/** A TCP server that says one thing and nothing more. */
async function listenAndSay(bytes: Uint8Array) {
  const { createServer } = await import('node:net');
  const { multiaddr } = await import('@multiformats/multiaddr');
  const closed = Promise.withResolvers<undefined>();
  const server = createServer((socket) => {
    socket.write(bytes);
    socket.on('error', () => {});
    socket.on('close', () => closed.resolve(undefined));
    socket.resume();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return {
    address: multiaddr(`/ip4/127.0.0.1/tcp/${port}`),
    closed: closed.promise,
    stop: () => server.close(),
  };
}

/** Sends `first` together with the first thing written, and takes as much as that off what comes back. */
class AheadOfItself extends Duplex {
  private skip: number;

  constructor(
    private readonly socket: Socket,
    private first: Uint8Array[],
  ) {
    super();
    this.skip = Buffer.concat(first).length;
    socket.on('data', (data: Buffer) => {
      const rest = data.subarray(this.skip);
      this.skip = Math.max(0, this.skip - data.length);
      if (rest.length > 0) this.push(rest);
    });
    socket.on('close', () => this.push(null));
    socket.on('error', () => {});
  }

  override _read(): void {
    // All bytes that come are passed on.
  }

  override _write(chunk: Uint8Array, _: unknown, done: (error?: Error | null) => void): void {
    this.socket.write(Buffer.concat([...this.first, chunk]), done);
    this.first = [];
  }
}
