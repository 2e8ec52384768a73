import { Global, Module } from '@nestjs/common';
import { Generation } from '@dfs/chunks';
import { Database } from '@dfs/database';
import { EventLog } from '@dfs/events';
import { Membership, Peers, readNetworkFile } from '@dfs/peers';
import type { Transport } from '@dfs/transport';
import { NodeSettings } from '../node/node-settings.js';
import { VERSION } from '../process/version.js';
import { TRANSPORT } from './transport.module.js';
import { FOUNDATION, type Foundation } from './tokens.js';

/** Who belongs to the network, and who is here. */
@Global()
@Module({
  providers: [
    {
      provide: Membership,
      useFactory: async (
        { config, dataDir, signer, logger: log, clock }: Foundation,
        db: Database,
        events: EventLog,
        settings: NodeSettings,
        { isProven }: Generation,
      ) => {
        const remembered = await readNetworkFile(dataDir.networkFile);
        const { founding } = config;
        const options = { nodeName: settings.name, founding, remembered, mustSync: !isProven };
        return Membership.open({ db, events, signer, clock, log }, options);
      },
      inject: [FOUNDATION, Database, EventLog, NodeSettings, Generation],
    },
    {
      provide: Peers,
      useFactory: (
        { dataDir, logger: log, clock }: Foundation,
        db: Database,
        events: EventLog,
        transport: Transport,
        membership: Membership,
        settings: NodeSettings,
      ) =>
        new Peers(
          { db, events, transport, membership, clock, log },
          { name: settings.name, version: VERSION, networkFile: dataDir.networkFile },
        ),
      inject: [FOUNDATION, Database, EventLog, TRANSPORT, Membership, NodeSettings],
    },
  ],
  exports: [Membership, Peers],
})
export class PeersModule {}
