import { Global, Module } from '@nestjs/common';
import { ChunkStore, Scrubber } from '@dfs/chunks';
import { Database } from '@dfs/database';
import { FOUNDATION, type Foundation } from './tokens.js';

/** Upkeep of the disk while the node is up. */
@Global()
@Module({
  providers: [
    {
      provide: Scrubber,
      useFactory: ({ logger: log, clock }: Foundation, db: Database, store: ChunkStore) =>
        Scrubber.open({ db, store, clock, log }),
      inject: [FOUNDATION, Database, ChunkStore],
    },
  ],
  exports: [Scrubber],
})
export class UpkeepModule {}
