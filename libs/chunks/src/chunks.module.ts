import { Module, type DynamicModule, type OnApplicationShutdown } from '@nestjs/common';
import { Database } from '@dfs/database';
import { ChunkStore, type ChunkStoreOptions } from './store/chunk-store.js';

/** Offers the node's ChunkStore, and closes it. */
@Module({})
export class ChunksModule implements OnApplicationShutdown {
  constructor(private readonly store: ChunkStore) {}

  static forRoot(options: Omit<ChunkStoreOptions, 'db'>): DynamicModule {
    return {
      module: ChunksModule,
      global: true,
      providers: [
        {
          provide: ChunkStore,
          useFactory: (db: Database) => ChunkStore.open({ ...options, db }),
          inject: [Database],
        },
      ],
      exports: [ChunkStore],
    };
  }

  async onApplicationShutdown(): Promise<void> {
    await this.store.close();
  }
}
