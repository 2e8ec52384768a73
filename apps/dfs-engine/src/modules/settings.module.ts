import { Global, Module } from '@nestjs/common';
import { ChunkStore } from '@dfs/chunks';
import { Database } from '@dfs/database';
import { NodeSettings } from '../node-settings.js';
import { FOUNDATION, type Foundation } from './tokens.js';

/** What a person has set on this node. */
@Global()
@Module({
  providers: [
    {
      provide: NodeSettings,
      useFactory: ({ config }: Foundation, db: Database, chunks: ChunkStore) => NodeSettings.open(db, chunks, config),
      inject: [FOUNDATION, Database, ChunkStore],
    },
  ],
  exports: [NodeSettings],
})
export class SettingsModule {}
