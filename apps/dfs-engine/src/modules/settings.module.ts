import { Global, Module } from '@nestjs/common';
import { ChunkStore } from '@dfs/chunks';
import { Database } from '@dfs/database';
import type { Transport } from '@dfs/transport';
import { requireOwner } from '../identity.js';
import { NodeSettings } from '../node-settings.js';
import { FOUNDATION, type Foundation } from './tokens.js';
import { TRANSPORT } from './transport.module.js';

/** What a person has set on this node. */
@Global()
@Module({
  providers: [
    {
      provide: NodeSettings,
      useFactory: async (
        { config, dataDir, signer }: Foundation,
        db: Database,
        chunks: ChunkStore,
        transport: Transport,
      ) => {
        await requireOwner(db, signer.peerId, dataDir);
        return NodeSettings.open({ db, chunks, transport }, config);
      },
      inject: [FOUNDATION, Database, ChunkStore, TRANSPORT],
    },
  ],
  exports: [NodeSettings],
})
export class SettingsModule {}
