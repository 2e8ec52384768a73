import { Global, Module } from '@nestjs/common';
import { Catalogue, CatalogueSync } from '@dfs/catalogue';
import { Database } from '@dfs/database';
import { Membership, Peers } from '@dfs/peers';
import { Placement } from '@dfs/placement';
import { Purge } from '@dfs/purge';
import type { Transport } from '@dfs/transport';
import { TRANSPORT } from './transport.module.js';
import { FOUNDATION, type Foundation } from './tokens.js';

/** Letting go of what is past retention. */
@Global()
@Module({
  providers: [
    {
      provide: Purge,
      useFactory: (
        { signer, logger: log, clock }: Foundation,
        db: Database,
        transport: Transport,
        peers: Peers,
        membership: Membership,
        catalogue: Catalogue,
        sync: CatalogueSync,
        placement: Placement,
      ) =>
        Purge.open({
          ...{ db, transport, peers, membership, signer, clock, log, retention: catalogue.retention },
          release: (tx, contents) => placement.release(tx, contents),
          promised: (tx, contents) => placement.promised(tx, contents),
          onDeleted: (listener) =>
            catalogue.onChange((changes) => changes.some(({ deleted }) => deleted) && listener()),
          comparedWithin: (peerId, ms) => sync.comparedWithin(peerId, ms),
        }),
      inject: [FOUNDATION, Database, TRANSPORT, Peers, Membership, Catalogue, CatalogueSync, Placement],
    },
  ],
  exports: [Purge],
})
export class PurgeModule {}
