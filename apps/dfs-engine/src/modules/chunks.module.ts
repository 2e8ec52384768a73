import { Module, type DynamicModule, type OnApplicationShutdown } from '@nestjs/common';
import { ChunkStore, Generation, type ChunkStoreOptions } from '@dfs/chunks';
import { Database } from '@dfs/database';

/** Offers the node's ChunkStore, and closes it; and the Generation, which is the application's to raise. */
@Module({})
export class ChunksModule implements OnApplicationShutdown {
  constructor(private readonly store: ChunkStore) {}

  static forRoot(options: Omit<ChunkStoreOptions, 'db' | 'generation'>): DynamicModule {
    return {
      module: ChunksModule,
      global: true,
      providers: [
        {
          provide: ChunkStore,
          useFactory: (db: Database, generation: Generation) => ChunkStore.open({ ...options, db, generation }),
          inject: [Database, Generation],
        },
        {
          provide: Generation,
          useFactory: (db: Database) => Generation.open({ db, log: options.log }, options.dir),
          inject: [Database],
        },
      ],
      exports: [ChunkStore, Generation],
    };
  }

  async onApplicationShutdown(): Promise<void> {
    await this.store.close();
  }
}
