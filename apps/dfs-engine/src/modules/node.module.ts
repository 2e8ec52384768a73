import { Global, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { Catalogue, CatalogueSync } from '@dfs/catalogue';
import { ChunkStore, Generation } from '@dfs/chunks';
import { Database } from '@dfs/database';
import { ProvideQueue } from '@dfs/dht';
import { EventLog } from '@dfs/events';
import { composeNode, type NodeParts } from '@dfs/node';
import { Membership, Peers, readNetworkFile } from '@dfs/peers';
import { Placement } from '@dfs/placement';
import { Purge } from '@dfs/purge';
import type { Transport } from '@dfs/transport';
import { Synced } from '../folders/synced.js';
import { NodeSettings } from '../node/node-settings.js';
import { VERSION } from '../process/version.js';
import { TRANSPORT } from './transport.module.js';
import { FOUNDATION, type Foundation } from './tokens.js';

/** Injection token of the NodeParts. */
export const NODE = Symbol('NODE');

/** The layers of the node, from membership to purging: composed in one place, and each offered by its class. */
@Global()
@Module({
  providers: [
    {
      provide: NODE,
      useFactory: async (
        { config, dataDir, signer, logger: log, clock }: Foundation,
        db: Database,
        events: EventLog,
        chunks: ChunkStore,
        transport: Transport,
        settings: NodeSettings,
        { isProven }: Generation,
      ) => {
        const { networkFile } = dataDir;
        const remembered = await readNetworkFile(networkFile);
        return composeNode({
          ...{ db, events, chunks, transport, signer, clock, log },
          membership: { nodeName: settings.name, founding: config.founding, remembered },
          peers: { name: settings.name, version: VERSION, networkFile },
          dht: { enabled: config.dht },
          mayBeOld: !isProven,
        });
      },
      inject: [FOUNDATION, Database, EventLog, ChunkStore, TRANSPORT, NodeSettings, Generation],
    },
    { provide: Membership, useFactory: ({ membership }: NodeParts) => membership, inject: [NODE] },
    { provide: Peers, useFactory: ({ peers }: NodeParts) => peers, inject: [NODE] },
    { provide: ProvideQueue, useFactory: ({ dht }: NodeParts) => dht, inject: [NODE] },
    { provide: Catalogue, useFactory: ({ catalogue }: NodeParts) => catalogue, inject: [NODE] },
    { provide: CatalogueSync, useFactory: ({ sync }: NodeParts) => sync, inject: [NODE] },
    {
      provide: Synced,
      useFactory: ({ sync, sleep }: NodeParts) => new Synced({ sync, sleep }),
      inject: [NODE],
    },
    { provide: Placement, useFactory: ({ placement }: NodeParts) => placement, inject: [NODE] },
    { provide: Purge, useFactory: ({ purge }: NodeParts) => purge, inject: [NODE] },
  ],
  exports: [NODE, Membership, Peers, ProvideQueue, Catalogue, CatalogueSync, Synced, Placement, Purge],
})
export class NodeModule implements OnApplicationShutdown {
  constructor(@Inject(NODE) private readonly node: NodeParts) {}

  /** Of a start that failed, too: placement listens from the moment it is made. */
  async onApplicationShutdown(): Promise<void> {
    await this.node.placement.stop();
  }
}
