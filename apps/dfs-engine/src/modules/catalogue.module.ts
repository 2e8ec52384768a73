import { Global, Module } from '@nestjs/common';
import { Catalogue, CatalogueSync } from '@dfs/catalogue';
import { Database } from '@dfs/database';
import { EventLog } from '@dfs/events';
import { Membership, Peers } from '@dfs/peers';
import type { Transport } from '@dfs/transport';
import { TRANSPORT } from './transport.module.js';
import { FOUNDATION, type Foundation } from './tokens.js';

/** The network's files as signed records, and their exchange with peers. */
@Global()
@Module({
  providers: [
    {
      provide: Catalogue,
      useFactory: (
        { signer, logger: log, clock }: Foundation,
        db: Database,
        events: EventLog,
        membership: Membership,
        peers: Peers,
      ) =>
        Catalogue.open({
          ...{ db, events, signer, membership, clock, log },
          clockProblem: () => peers.clockProblem(),
          refusal: () => peers.writeRefusal(),
          isClockConfirmed: () => peers.isClockConfirmed,
        }),
      inject: [FOUNDATION, Database, EventLog, Membership, Peers],
    },
    {
      provide: CatalogueSync,
      useFactory: (
        { logger: log }: Foundation,
        catalogue: Catalogue,
        transport: Transport,
        peers: Peers,
        events: EventLog,
      ) => new CatalogueSync({ catalogue, transport, peers, events, log }),
      inject: [FOUNDATION, Catalogue, TRANSPORT, Peers, EventLog],
    },
  ],
  exports: [Catalogue, CatalogueSync],
})
export class CatalogueModule {}
