import { Global, Module } from '@nestjs/common';
import { Database } from '@dfs/database';
import { ProvideQueue } from '@dfs/dht';
import type { Transport } from '@dfs/transport';
import { TRANSPORT } from './transport.module.js';
import { FOUNDATION, type Foundation } from './tokens.js';

/** Provider records. */
@Global()
@Module({
  providers: [
    {
      provide: ProvideQueue,
      useFactory: ({ config, logger: log, clock }: Foundation, db: Database, transport: Transport) =>
        new ProvideQueue({ db, transport, log, clock }, { enabled: config.dht }),
      inject: [FOUNDATION, Database, TRANSPORT],
    },
  ],
  exports: [ProvideQueue],
})
export class DhtModule {}
