import { Global, Module, type DynamicModule } from '@nestjs/common';
import { Catalogue } from '@dfs/catalogue';
import { Generation } from '@dfs/chunks';
import { Snapshots } from '@dfs/database';
import { Membership } from '@dfs/peers';
import { Backup } from '../backup/backup.js';
import { FOUNDATION, type Foundation } from './tokens.js';

/** Snapshots and journal, from which a damaged database is restored. */
@Global()
@Module({})
export class BackupModule {
  static forRoot(snapshots: Snapshots): DynamicModule {
    return {
      module: BackupModule,
      providers: [
        {
          provide: Backup,
          useFactory: (
            { dataDir, logger: log, clock, timers }: Foundation,
            catalogue: Catalogue,
            membership: Membership,
            generation: Generation,
          ): Promise<Backup> =>
            Backup.open({ snapshots, dataDir, catalogue, membership, generation, clock, timers, log }),
          inject: [FOUNDATION, Catalogue, Membership, Generation],
        },
      ],
      exports: [Backup],
    };
  }
}
