import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { DfsError, silentLog, VirtualTime } from '@dfs/runtime';
import type { WireValue } from '@dfs/protocol';
import { eventually } from '@dfs/testing';
import { peerIdFromString } from '@libp2p/peer-id';
import { BULK_ALPN } from '../bulk/bulk-message.js';
import { BulkPlane } from '../bulk/bulk-plane.js';
import type { BulkTarget } from '../bulk/bulk-tls.js';
import type { ChannelContext } from '../channel/channel.js';
import { Handlers } from '../channel/handlers.js';
import { PEER_RECEIVE_BUDGET, RECEIVE_BUDGET, SEND_BUDGET } from '../constants.js';
import { Gatekeeper } from '../gatekeeper.js';
import { makeCertificate } from '../libp2p/certificate.js';
import { privateKeyOf } from '../libp2p/libp2p-host.js';
import { MemoryBudget } from '../limits/memory-budget.js';
import { Paces } from '../limits/rate-limit.js';
import { RateMeter } from '../limits/rate-meter.js';
import type { Channel, Frame, ProtocolHandler } from '../transport.js';
import { ListGate, testIdentity, type TestIdentity } from './suite-context.js';

/** The protocol that the nodes of such tests speak. */
export const GET = '/dfs/test-get/1';

/** The key of libp2p of an identity. */
export function keyOf({ privateKeyRaw, peerId }: TestIdentity): ReturnType<typeof privateKeyOf> {
  return privateKeyOf(privateKeyRaw, peerIdFromString(peerId).publicKey?.raw ?? new Uint8Array());
}

/** One node's bulk connections alone, on a port of their own: no libp2p around them. */
export class BulkNode {
  readonly #server: Server = createServer();
  readonly handlers = new Handlers(silentLog);
  readonly context: ChannelContext;
  readonly plane: BulkPlane;
  readonly keeper: Gatekeeper;
  /** Peers that have sent what is not allowed, once for each time. */
  readonly offences: string[] = [];
  /** Where each peer is dialled. */
  readonly targets = new Map<string, BulkTarget>();
  /** Connections that libp2p would have got. */
  plain = 0;

  constructor(
    gate: ListGate,
    time: VirtualTime,
    readonly identity: TestIdentity = testIdentity(),
  ) {
    this.keeper = new Gatekeeper(time, () => false);
    this.keeper.setGate(gate);
    gate.members.add(identity.peerId);
    this.context = {
      traffic: new RateMeter(time),
      receiveBudget: new MemoryBudget(RECEIVE_BUDGET, PEER_RECEIVE_BUDGET),
      sendBudget: new MemoryBudget(SEND_BUDGET),
      paces: new Paces(),
      onOverweight: () => this.plane.cut(this.context.sendBudget.heaviest() ?? '', 'it takes too little'),
    };
    this.plane = new BulkPlane({
      ...{ privateKey: keyOf(identity), keeper: this.keeper, handlers: this.handlers, context: this.context },
      ...{ clock: time, timers: time, log: silentLog },
      targets: async (peerId) => [this.targets.get(peerId) ?? []].flat(),
      onOffence: (peerId) => void this.offences.push(peerId),
    });
    this.#server.on('connection', (socket) => {
      this.plain++;
      socket.on('error', () => {}).pipe(socket);
    });
  }

  get peerId(): string {
    return this.identity.peerId;
  }

  get target(): BulkTarget {
    return { host: '127.0.0.1', port: (this.#server.address() as AddressInfo).port };
  }

  async start(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    this.plane.attach([this.#server]);
  }

  async stop(): Promise<void> {
    this.plane.detach();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, 'close');
  }

  /** A channel for one request over a bulk connection; `instead` in place of a stream where there is none. */
  async open(to: string, protocol: string, instead: () => Promise<Channel> = noStream): Promise<Channel> {
    return (await this.plane.open(to, protocol, { bulk: { bytes: 1e9 } }, instead)) ?? instead();
  }
}

/** A member, or somebody, that speaks TLS to a bulk port and otherwise does as it likes. */
export async function rogue(
  target: BulkTarget,
  identity: TestIdentity | undefined = undefined,
  alpn: string | null = BULK_ALPN,
): Promise<TLSSocket> {
  const socket = connect({
    ...target,
    ...(identity && (await makeCertificate(keyOf(identity)))),
    ...(alpn !== null && { ALPNProtocols: [alpn] }),
    minVersion: 'TLSv1.3',
    rejectUnauthorized: false,
  });
  socket.on('error', () => {});
  return socket;
}

async function noStream(): Promise<Channel> {
  throw new DfsError('peer-unreachable', 'There are no streams here.');
}

/** Two nodes of one network of which the first can reach the second, made anew for each test of the suite around the call. */
export interface BulkPair {
  readonly gate: ListGate;
  /** Of all nodes, and of their limits of time. */
  readonly time: VirtualTime;
  readonly a: BulkNode;
  readonly b: BulkNode;
  /** One more. */
  node(): Promise<BulkNode>;
  /** Somebody who is a member, and runs no node. */
  member(): TestIdentity;
  /** How the second answers. */
  serve(handler: (channel: Channel, asked: unknown) => Promise<void>): void;
  /** Asks the second for something. */
  ask(header?: WireValue, instead?: () => Promise<Channel>): Promise<Channel>;
}

/** Registers what makes them and stops them; at the end of a test nothing may be left that counts as held. */
export function bulkPair(): BulkPair {
  let nodes: BulkNode[];
  const pair = {
    node: async () => {
      const made = new BulkNode(pair.gate, pair.time);
      nodes.push(made);
      await made.start();
      return made;
    },
    member: () => {
      const identity = testIdentity();
      pair.gate.members.add(identity.peerId);
      return identity;
    },
    serve: (handler) => {
      const answer: ProtocolHandler = async (channel) => {
        for await (const { header } of channel.frames()) await handler(channel, header);
      };
      for (const { handlers } of [pair.a, pair.b]) handlers.add(GET, answer, { bulk: true, limited: true });
    },
    ask: async (header = 'go', instead) => {
      const channel = await pair.a.open(pair.b.peerId, GET, instead);
      await channel.send(header);
      await channel.end();
      return channel;
    },
  } as { -readonly [key in keyof BulkPair]: BulkPair[key] };
  beforeEach(async () => {
    nodes = [];
    pair.gate = new ListGate();
    pair.time = new VirtualTime();
    pair.a = await pair.node();
    pair.b = await pair.node();
    pair.a.targets.set(pair.b.peerId, pair.b.target);
  });
  afterEach(async () => {
    await Promise.all(nodes.map((each) => each.stop()));
    const held = () => nodes.flatMap(({ context }) => [context.receiveBudget.total, context.sendBudget.total]);
    await eventually(() => held().every((bytes) => bytes === 0), { what: 'nothing is held any more' });
  });
  return pair;
}

/** The frames of an answer, to its end. */
export async function framesOf(channel: Channel): Promise<Frame[]> {
  const frames: Frame[] = [];
  for await (const frame of channel.frames()) frames.push(frame);
  return frames;
}

/** Resolves when a socket is closed, whatever came before that and why. */
export async function closed(socket: Socket): Promise<void> {
  if (socket.closed) return;
  const isClosed = new Promise((resolve) => socket.once('close', resolve));
  socket.resume();
  await isClosed;
}
