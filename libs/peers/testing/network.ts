import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import type { AnyEvent, EventType } from '@dfs/contracts';
import type { Database } from '@dfs/database';
import { EventLog, eventsEntities, eventsMigrations } from '@dfs/events';
import { signerFromRaw, type Signer } from '@dfs/protocol';
import { silentLog, SleepWatch, systemClock, type Clock } from '@dfs/runtime';
import { eventually, tempDir, type TempDir, testDatabase } from '@dfs/testing';
import { Libp2pTransport, MemoryNetwork, type MemoryNetworkOptions, type Transport } from '@dfs/transport';
import {
  Membership,
  Peers,
  peersEntities,
  peersMigrations,
  readNetworkFile,
  type MembershipOptions,
} from '../src/index.js';

export type Founding = MembershipOptions['founding'];

/** Short enough that a test sees heartbeats and grace run out. */
export const QUICK: Founding = { replicas: 3, graceMs: 1_500, retentionMs: 0, syncPeriodMs: 1_000 };

/** A node without what is above peers: real database, real events. */
export class TestNode {
  readonly events: AnyEvent[] = [];

  private constructor(
    readonly name: string,
    readonly signer: Signer,
    readonly dir: TempDir,
    readonly db: Database,
    readonly log: EventLog,
    readonly transport: Transport,
    readonly membership: Membership,
    readonly peers: Peers,
    private readonly sleep: SleepWatch,
  ) {}

  static async open(
    transport: Transport,
    options: { name: string; signer: Signer; dir: TempDir; clock: Clock; founding: Founding },
  ): Promise<TestNode> {
    const { name, signer, dir, clock, founding } = options;
    const db = await testDatabase({
      file: dir.file('dfs.sqlite'),
      migrations: [...eventsMigrations, ...peersMigrations],
      entities: [...eventsEntities, ...peersEntities],
    });
    const events = await EventLog.open(db, { clock });
    const log = silentLog;
    const networkFile = dir.file('network.json');
    const remembered = await readNetworkFile(networkFile);
    const membership = await Membership.open(
      { db, events, signer, clock, log },
      { nodeName: name, founding, remembered },
    );
    const sleep = new SleepWatch({ clock });
    const components = { db, events, transport, membership, clock, sleep, log };
    const peers = new Peers(components, { name, version: '0.0.0', networkFile });
    const node = new TestNode(name, signer, dir, db, events, transport, membership, peers, sleep);
    events.subscribe((event) => node.events.push(event));
    return node;
  }

  get peerId(): string {
    return this.signer.peerId;
  }

  async start(): Promise<this> {
    this.sleep.start();
    await this.transport.start();
    await this.peers.start();
    return this;
  }

  async stop(): Promise<void> {
    await this.peers.stop();
    await this.transport.stop();
    this.sleep.stop();
    await this.db.close();
  }

  /** Names of the members this node is connected to. */
  sees(...others: TestNode[]): boolean {
    const ids = this.peers.connected().sort();
    return JSON.stringify(ids) === JSON.stringify(others.map(({ peerId }) => peerId).sort());
  }

  heard<T extends EventType>(type: T): Extract<AnyEvent, { type: T }>[] {
    return this.events.filter((event): event is Extract<AnyEvent, { type: T }> => event.type === type);
  }
}

/** Nodes over one MemoryNetwork, or real ones on loopback (that listen there if they are to), taken down when the test ends: `await using network = new TestNetwork()`. */
export class TestNetwork implements AsyncDisposable {
  readonly memory: MemoryNetwork;
  readonly nodes: TestNode[] = [];
  private readonly dirs: TempDir[] = [];
  private readonly keys = new Map<string, Uint8Array>();

  constructor(
    private readonly options: MemoryNetworkOptions & {
      founding?: Founding;
      clock?: Clock;
      real?: boolean;
      listens?: (name: string) => boolean;
    } = {},
  ) {
    this.memory = new MemoryNetwork(options);
  }

  /** A node in a network of its own, running. */
  async node(name: string): Promise<TestNode> {
    const dir = await tempDir();
    this.dirs.push(dir);
    return this.open(name, randomBytes(32), dir);
  }

  /** Stops a node and starts it again from its directory. */
  async restart(node: TestNode): Promise<TestNode> {
    return (await this.stop(node))();
  }

  /** Stops a node. @returns starts it again from its directory */
  async stop(node: TestNode): Promise<() => Promise<TestNode>> {
    await node.stop();
    this.nodes.splice(this.nodes.indexOf(node), 1);
    return () => this.open(node.name, this.keys.get(node.peerId) as Uint8Array, node.dir);
  }

  /** Stops a node and takes its database away, and, if `forgets`, what it remembers beside it. @returns starts it again */
  async lose(node: TestNode, forgets = false): Promise<() => Promise<TestNode>> {
    const start = await this.stop(node);
    for (const suffix of ['', '-wal', '-shm']) await rm(node.dir.file(`dfs.sqlite${suffix}`), { force: true });
    if (forgets) await rm(node.dir.file('network.json'));
    return start;
  }

  /** Nodes of one network, the first its founder, all connected. */
  async joined(...names: string[]): Promise<TestNode[]> {
    const nodes: TestNode[] = [];
    for (const name of names) {
      const node = await this.node(name);
      if (nodes[0]) await node.peers.join((await nodes[0].peers.invite({})).ticket);
      nodes.push(node);
    }
    await this.meshed(nodes);
    return nodes;
  }

  /** Until each of these is connected to each other one. */
  async meshed(nodes: readonly TestNode[], deadline = 10_000): Promise<void> {
    for (const node of nodes) {
      const others = nodes.filter((other) => other !== node);
      await eventually(() => node.sees(...others), { what: `${node.name} sees all`, deadline });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()));
    await Promise.all(this.dirs.map((dir) => dir.remove()));
  }

  private async open(name: string, key: Uint8Array, dir: TempDir): Promise<TestNode> {
    const { clock = systemClock, founding = QUICK, real = false, listens = () => true } = this.options;
    const signer = signerFromRaw(key);
    this.keys.set(signer.peerId, key);
    const transport = real
      ? await Libp2pTransport.create({
          privateKeyRaw: key,
          host: listens(name) ? '127.0.0.1' : undefined,
          port: 0,
          mdns: false,
          dht: false,
          relay: true,
        })
      : this.memory.node(signer);
    const node = await TestNode.open(transport, { name, signer, dir, clock, founding });
    this.nodes.push(node);
    return node.start();
  }
}
