import type { AnyEvent, EventType } from '@dfs/contracts';
import type { Database } from '@dfs/database';
import { EventLog, eventsEntities, eventsMigrations } from '@dfs/events';
import { signerFromRaw, type Signer } from '@dfs/protocol';
import { silentLog, SleepWatch, systemClock, type Clock } from '@dfs/runtime';
import { NodeNetwork, type TempDir, testDatabase } from '@dfs/testing';
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
    readonly key: Uint8Array,
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
    options: { name: string; key: Uint8Array; signer: Signer; dir: TempDir; clock: Clock; founding: Founding },
  ): Promise<TestNode> {
    const { name, key, signer, dir, clock, founding } = options;
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
    const node = new TestNode(name, key, signer, dir, db, events, transport, membership, peers, sleep);
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

/** Nodes over one MemoryNetwork, or real ones on loopback (that listen there if they are to). */
export class TestNetwork extends NodeNetwork<TestNode> {
  readonly memory: MemoryNetwork;

  constructor(
    private readonly options: MemoryNetworkOptions & {
      founding?: Founding;
      clock?: Clock;
      real?: boolean;
      listens?: (name: string) => boolean;
    } = {},
  ) {
    super();
    this.memory = new MemoryNetwork(options);
  }

  protected async open(name: string, key: Uint8Array, dir: TempDir): Promise<TestNode> {
    const { clock = systemClock, founding = QUICK, real = false, listens = () => true } = this.options;
    const signer = signerFromRaw(key);
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
    return (await TestNode.open(transport, { name, key, signer, dir, clock, founding })).start();
  }
}
