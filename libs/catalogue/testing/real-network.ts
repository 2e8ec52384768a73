import type { Database } from '@dfs/database';
import { EventLog, eventsEntities, eventsMigrations } from '@dfs/events';
import { silentLog, SleepWatch, systemClock } from '@dfs/runtime';
import { signerFromRaw, type Signer } from '@dfs/protocol';
import { type NetworkNode, NodeNetwork, type TempDir, testDatabase } from '@dfs/testing';
import { Libp2pTransport, MemoryNetwork, type Transport } from '@dfs/transport';
import { Membership, Peers, peersEntities, peersMigrations, readNetworkFile } from '@dfs/peers';
import { Catalogue, catalogueMigrations, CatalogueSync, type Commit, type Draft } from '../src/index.js';

/** A node with everything below the catalogue as it is in production. */
export interface RealNode extends NetworkNode {
  signer: Signer;
  db: Database;
  events: EventLog;
  transport: Transport;
  membership: Membership;
  peers: Peers;
  catalogue: Catalogue;
  sync: CatalogueSync;
  write(...drafts: Draft[]): Promise<Commit[]>;
}

/** Nodes over memory, or over libp2p on loopback. */
export class RealNetwork extends NodeNetwork<RealNode> {
  readonly memory = new MemoryNetwork();

  constructor(private readonly kind: 'memory' | 'libp2p' = 'memory') {
    super();
  }

  protected async open(name: string, key: Uint8Array, dir: TempDir): Promise<RealNode> {
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
    return {
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
  }
}
