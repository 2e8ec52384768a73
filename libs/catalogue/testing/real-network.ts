import { randomBytes } from 'node:crypto';
import type { Database } from '@dfs/database';
import { EventLog, eventsEntities, eventsMigrations } from '@dfs/events';
import { silentLog, SleepWatch, systemClock } from '@dfs/runtime';
import { signerFromRaw, type Signer } from '@dfs/protocol';
import { eventually, tempDir, type TempDir, testDatabase } from '@dfs/testing';
import { Libp2pTransport, MemoryNetwork, type Transport } from '@dfs/transport';
import { Membership, Peers, peersEntities, peersMigrations, readNetworkFile } from '@dfs/peers';
import { Catalogue, catalogueMigrations, CatalogueSync, type Commit, type Draft } from '../src/index.js';

/** A node with everything below the catalogue as it is in production. */
export interface RealNode {
  name: string;
  key: Uint8Array;
  dir: TempDir;
  signer: Signer;
  db: Database;
  events: EventLog;
  transport: Transport;
  membership: Membership;
  peers: Peers;
  catalogue: Catalogue;
  sync: CatalogueSync;
  write(...drafts: Draft[]): Promise<Commit[]>;
  stop(): Promise<void>;
}

/** Nodes over memory or over libp2p on loopback: `await using network = new RealNetwork()`. */
export class RealNetwork implements AsyncDisposable {
  readonly memory = new MemoryNetwork();
  readonly nodes: RealNode[] = [];
  private readonly dirs: TempDir[] = [];

  constructor(private readonly kind: 'memory' | 'libp2p' = 'memory') {}

  /** A node in a network of its own. */
  async node(name: string): Promise<RealNode> {
    return this.open(name, randomBytes(32), await tempDir());
  }

  /** Nodes of one network, all connected. */
  async joined(...names: string[]): Promise<RealNode[]> {
    const nodes: RealNode[] = [];
    for (const name of names) {
      const node = await this.node(name);
      if (nodes[0]) await node.peers.join((await nodes[0].peers.invite({})).ticket);
      nodes.push(node);
    }
    await this.meshed(nodes);
    return nodes;
  }

  async meshed(nodes: readonly RealNode[]): Promise<void> {
    const all = (): boolean => nodes.every((node) => node.peers.connected().length === nodes.length - 1);
    await eventually(all, { what: 'all connected', deadline: 20_000 });
  }

  /** Stops a node; `start` brings it back from its directory. */
  async stop(node: RealNode): Promise<void> {
    this.nodes.splice(this.nodes.indexOf(node), 1);
    this.dirs.push(node.dir);
    await node.stop();
  }

  async start(node: RealNode): Promise<RealNode> {
    return this.open(node.name, node.key, node.dir);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const node of this.nodes) await node.stop();
    for (const dir of [...this.dirs, ...this.nodes.map((node) => node.dir)]) await dir.remove();
  }

  private async open(name: string, key: Uint8Array, dir: TempDir): Promise<RealNode> {
    const signer = signerFromRaw(key);
    const clock = systemClock;
    const log = silentLog;
    const db = await testDatabase({
      file: dir.file('dfs.sqlite'),
      migrations: [...eventsMigrations, ...peersMigrations, ...catalogueMigrations],
      entities: [...eventsEntities, ...peersEntities],
    });
    const events = await EventLog.open(db);
    const transport =
      this.kind === 'memory'
        ? this.memory.node(signer)
        : await Libp2pTransport.create({ privateKeyRaw: key, host: '127.0.0.1', port: 0, mdns: false, dht: false });
    const founding = { replicas: 3, graceMs: 3_000, retentionMs: 0, syncPeriodMs: 1_000 };
    const networkFile = dir.file('network.json');
    const remembered = await readNetworkFile(networkFile);
    const membership = await Membership.open(
      { db, events, signer, clock, log },
      { nodeName: name, founding, remembered },
    );
    const sleep = new SleepWatch({ clock });
    const peers = new Peers(
      { db, events, transport, membership, clock, sleep, log },
      { name, version: '0.0.0', networkFile },
    );
    const refusal = () => peers.writeRefusal();
    const catalogue = await Catalogue.open({ db, events, signer, membership, clock, log, refusal });
    const sync = new CatalogueSync({ catalogue, transport, peers, events, log });
    sleep.start();
    await transport.start();
    await peers.start();
    sync.start();
    const node: RealNode = {
      name,
      key,
      dir,
      signer,
      db,
      events,
      transport,
      membership,
      peers,
      catalogue,
      sync,
      write: (...drafts) => db.write((tx) => catalogue.commit(tx, drafts)),
      stop: async () => {
        await sync.stop();
        await catalogue.close();
        await peers.stop();
        await transport.stop();
        sleep.stop();
        await db.close();
      },
    };
    this.nodes.push(node);
    return node;
  }
}
