import { Global, Module } from '@nestjs/common';
import { Database } from '@dfs/database';
import { EventLog } from '@dfs/events';
import { Membership, Peers } from '@dfs/peers';
import type { Transport } from '@dfs/transport';
import { NodeSettings } from '../node-settings.js';
import { VERSION } from '../version.js';
import { TRANSPORT } from './transport.module.js';
import { FOUNDATION, type Foundation } from './tokens.js';

/** Who belongs to the network, and who is here. */
@Global()
@Module({
  providers: [
    {
      provide: Membership,
      useFactory: (
        { config, signer, logger: log, clock }: Foundation,
        db: Database,
        events: EventLog,
        settings: NodeSettings,
      ) => Membership.open({ db, events, signer, clock, log }, { nodeName: settings.name, founding: config.founding }),
      inject: [FOUNDATION, Database, EventLog, NodeSettings],
    },
    {
      provide: Peers,
      useFactory: (
        { logger: log, clock }: Foundation,
        db: Database,
        events: EventLog,
        transport: Transport,
        membership: Membership,
        settings: NodeSettings,
      ) => new Peers({ db, events, transport, membership, clock, log }, { name: settings.name, version: VERSION }),
      inject: [FOUNDATION, Database, EventLog, TRANSPORT, Membership, NodeSettings],
    },
  ],
  exports: [Membership, Peers],
})
export class PeersModule {}
