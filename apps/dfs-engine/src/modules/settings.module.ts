import { Global, Module } from '@nestjs/common';
import { ChunkStore } from '@dfs/chunks';
import { Database } from '@dfs/database';
import type { Transport } from '@dfs/transport';
import { NodeSettings } from '../node/node-settings.js';
import { FOUNDATION, type Foundation } from './tokens.js';
import { TRANSPORT } from './transport.module.js';

/** Settings that a person has made on this node. */
@Global()
@Module({
  providers: [
    {
      provide: NodeSettings,
      useFactory: (
        { config, clock, timers, logger: log }: Foundation,
        db: Database,
        chunks: ChunkStore,
        transport: Transport,
      ) => NodeSettings.open({ db, chunks, transport, clock, timers, log }, config),
      inject: [FOUNDATION, Database, ChunkStore, TRANSPORT],
    },
  ],
  exports: [NodeSettings],
})
export class SettingsModule {}
