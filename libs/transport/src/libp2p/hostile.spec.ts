import { randomBytes } from 'node:crypto';
import { createConnection, createServer, type Socket } from 'node:net';
import { signerFromRaw } from '@dfs/protocol';
import { second, VirtualTime, type Timers } from '@dfs/runtime';
import { eventually } from '@dfs/testing';
import type { Stream } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import { multiaddr } from '@multiformats/multiaddr';
import { createHost, privateKeyOf } from './libp2p-host.js';
import type { Host } from '../host.js';
import { Libp2pTransport } from './libp2p-transport.js';
import { KEEPALIVE_TICK } from '../constants.js';
import { ask, firstFrame } from '../request.js';
import { ListGate, testIdentity, type TestIdentity } from '../testing/suite-context.js';

const ECHO = '/dfs/test-echo/1';

describe('a node among hostile peers', () => {
  const rejections: unknown[] = [];
  const onRejection = (reason: unknown): void => void rejections.push(reason);
  /** By which the friend measures silence. */
  const silence = new VirtualTime();
  let gate: ListGate;
  let victim: Libp2pTransport;
  let friend: Libp2pTransport;
  let hosts: Host[];
  let sockets: Socket[];

  async function member({ dht = false, timers }: { dht?: boolean; timers?: Timers } = {}): Promise<Libp2pTransport> {
    const identity = testIdentity();
    gate.members.add(identity.peerId);
    const node = await Libp2pTransport.create({
      ...identity,
      host: '127.0.0.1',
      port: 0,
      dht,
      bulk: true,
      ...(timers && { timers }),
    });
    node.setGate(gate);
    node.handle(ECHO, async (channel) => {
      for await (const { header, payload } of channel.frames()) await channel.send(header, payload);
    });
    await node.start();
    return node;
  }
  /** A member that does not keep to the rules: bare libp2p. */
  async function rogue(identity: TestIdentity = testIdentity()): Promise<Host> {
    gate.members.add(identity.peerId);
    const publicKey = peerIdFromString(signerFromRaw(identity.privateKeyRaw).peerId).publicKey?.raw ?? new Uint8Array();
    const host = await createHost({
      privateKey: privateKeyOf(identity.privateKeyRaw, publicKey),
      host: '127.0.0.1',
      port: 0,
      gater: {},
      maySpeak: () => true,
    });
    hosts.push(host);
    await host.libp2p.start();
    return host;
  }
  const port = (): number => Number(/tcp\/(\d+)/.exec(victim.addresses()[0] ?? '')?.[1]);
  const victimAddress = () => multiaddr(victim.addresses()[0] ?? '');
  function connect(onConnect: (socket: Socket) => void = () => {}): Socket {
    const socket = createConnection(port(), '127.0.0.1', () => onConnect(socket));
    socket.on('error', () => {}).resume();
    sockets.push(socket);
    return socket;
  }
  const served = async (): Promise<unknown> => (await ask(friend, victim.peerId, ECHO, 'still there?')).header;

  beforeAll(() => void process.on('unhandledRejection', onRejection));
  beforeEach(async () => {
    gate = new ListGate();
    hosts = [];
    sockets = [];
    [victim, friend] = await Promise.all([member(), member({ timers: silence })]);
  });
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    await Promise.all([victim.stop(), friend.stop(), ...hosts.map(({ libp2p }) => libp2p.stop())]);
    expect(rejections).toEqual([]);
  });
  afterAll(() => void process.off('unhandledRejection', onRejection));

  it('serves members while 500 connections hang half open', async () => {
    await friend.dialPeer(victim.peerId, victim.addresses());
    let open = 0;
    for (let i = 0; i < 500; i++) {
      connect((socket) => {
        open++;
        if (i % 2 === 0) socket.write('\x13/multistream/1.0.0\n');
      });
    }
    await eventually(() => open >= 400);
    expect(await served()).toBe('still there?');
    // And a member that comes only now gets in, too.
    const late = await member();
    try {
      await eventually(() => late.dialPeer(victim.peerId, victim.addresses()).then(() => true));
      expect((await ask(late, victim.peerId, ECHO, 'late')).header).toBe('late');
    } finally {
      await late.stop();
    }
  });

  it('closes what stays half open', async () => {
    const closed = new Promise((resolve) => connect((socket) => socket.write('\x13/multi')).on('close', resolve));
    await closed;
  });

  it('survives garbage on the bare port', async () => {
    await friend.dialPeer(victim.peerId, victim.addresses());
    const closed: Promise<unknown>[] = [];
    for (let i = 0; i < 100; i++) {
      const socket = connect((open) => {
        open.write(randomBytes(1 + ((i * 7919) % 100_000)));
        if (i % 3 === 0) open.resetAndDestroy();
        else open.end();
      });
      closed.push(new Promise((resolve) => socket.on('close', resolve)));
    }
    await Promise.all(closed);
    expect(await served()).toBe('still there?');
  });

  it.each([
    ['a header that is not msgpack', '0000000400000000c1c1c1c1'],
    ['a header that asks for 4 GiB of elements', '0000000500000000ddffffffff'],
    ['a header of 4 GiB', 'ffffffff00000000'],
    ['a payload of 4 GiB', '00000001ffffffffc0'],
    ['an end in the middle of a frame', '0000000a00000000'],
    ['no header', '0000000000000000'],
  ])('drops a member that sends %s a few times', async (_, hex) => {
    const { libp2p } = await rogue();
    const connection = await libp2p.dial(victimAddress());
    for (let i = 0; i < 3; i++) {
      const stream = await connection.newStream(ECHO);
      stream.send(Buffer.from(hex, 'hex'));
      await stream.close().catch(() => {});
      await ended(stream);
    }
    await eventually(() => connection.status !== 'open');
    await eventually(() => !victim.connections().some(({ peerId }) => peerId === libp2p.peerId.toString()));
    await friend.dialPeer(victim.peerId, victim.addresses());
    expect(await served()).toBe('still there?');
  });

  it('is not tied up by a member that opens streams and says nothing', async () => {
    const { libp2p } = await rogue();
    const connection = await libp2p.dial(victimAddress());
    const opened = await Promise.allSettled(
      Array.from({ length: 200 }, () => connection.newStream(ECHO, { maxOutboundStreams: 1000 })),
    );
    expect(opened.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThan(100);
    await friend.dialPeer(victim.peerId, victim.addresses());
    expect(await served()).toBe('still there?');
    await connection.close();
  });

  it('holds little for a member that asks for much and reads nothing', async () => {
    const chunk = randomBytes(1024 * 1024);
    let sent = 0;
    victim.handle('/dfs/test-bulk/1', async (channel) => {
      await firstFrame(channel);
      for (let i = 0; i < 50; i++) {
        await channel.send(i, chunk);
        sent += chunk.length;
      }
    });
    const { libp2p } = await rogue();
    const connection = await libp2p.dial(victimAddress());
    for (let i = 0; i < 20; i++) {
      const stream = await connection.newStream('/dfs/test-bulk/1', { maxOutboundStreams: 1000 });
      // Nobody takes what comes: the window of the stream runs out.
      stream.addEventListener('message', () => {});
      stream.pause();
      stream.send(Buffer.from('0000000100000000c0', 'hex'));
    }
    await friend.dialPeer(victim.peerId, victim.addresses());
    let last = -1;
    let steady = 0;
    await eventually(() => (sent === last ? ++steady > 10 : ((last = sent), (steady = 0), false)), { poll: 50 });
    // 1,000 MiB were asked for.
    expect(sent).toBeLessThan(100 * chunk.length);
    expect(await served()).toBe('still there?');
    connection.abort(new Error('enough'));
  });

  it('cuts a member that declares a frame of 4 GiB, and gathers none of it', async () => {
    const { libp2p } = await rogue();
    const connection = await libp2p.dial(victimAddress());
    const stream = (await connection.newStream(ECHO)) as Stream & { streamId: number };
    const { muxer } = connection as unknown as { muxer: { send(bytes: Uint8Array): boolean } };
    const header = Buffer.alloc(12);
    header.writeUInt32BE(stream.streamId, 4);
    header.writeUInt32BE(0xffff_ffff, 8);
    muxer.send(header);
    await eventually(() => connection.status !== 'open', { what: 'the connection is cut' });
    await eventually(() => !victim.connections().some(({ peerId }) => peerId === libp2p.peerId.toString()));
    await friend.dialPeer(victim.peerId, victim.addresses());
    expect(await served()).toBe('still there?');
  });

  it('gathers no long message of the DHT, and resets its stream', async () => {
    const target = await member({ dht: true });
    try {
      await target.routing.start('ab'.repeat(32));
      const { libp2p } = await rogue();
      const connection = await libp2p.dial(multiaddr(target.addresses()[0] ?? ''));
      const stream = await connection.newStream(`/dfs/kad/${'ab'.repeat(8)}/1.0.0`);
      let answered = 0;
      stream.addEventListener('message', ({ data }) => (answered += data.byteLength));
      // A ping, which is answered by itself, with a key of 1 MiB: lengths as protobuf writes them.
      stream.send(Buffer.concat([Buffer.from('868040080512808040', 'hex'), randomBytes(1024 * 1024)]));
      await ended(stream);
      expect(answered).toBe(0);
      expect(connection.status).toBe('open');
    } finally {
      await target.stop();
    }
  });

  it('notices within half a minute that a peer is gone without a word', async () => {
    // A cable between the two that can be cut: what is sent then is lost, and nobody is told.
    let cut = false;
    const ends: Socket[] = [];
    const cable = createServer((near) => {
      const far = createConnection(port(), '127.0.0.1');
      ends.push(near, far);
      for (const socket of [near, far]) socket.on('error', () => {});
      near.on('data', (data) => cut || far.write(data));
      far.on('data', (data) => cut || near.write(data));
    });
    await new Promise<void>((resolve) => cable.listen(0, '127.0.0.1', resolve));
    const { port: cablePort } = cable.address() as { port: number };
    try {
      await friend.dialPeer(victim.peerId, [`/ip4/127.0.0.1/tcp/${cablePort}`]);
      expect(await served()).toBe('still there?');
      cut = true;
      const since = silence.ticks();
      const passing = { time: silence, step: KEEPALIVE_TICK };
      await eventually(() => friend.connections().length === 0, { passing });
      expect(silence.ticks() - since).toBeLessThanOrEqual(30 * second);
    } finally {
      for (const socket of ends) socket.destroy();
      cable.close();
    }
  });
});

async function ended(stream: Stream): Promise<void> {
  await eventually(() => stream.status !== 'open' || stream.remoteWriteStatus === 'closed');
}
