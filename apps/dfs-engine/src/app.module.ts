import { Module, type DynamicModule } from '@nestjs/common';
import { LoggerModule } from 'nestjs-pino';
import { Catalogue } from '@dfs/catalogue';
import { ChunkStore, Generation, roomAt } from '@dfs/chunks';
import { Database, Snapshots } from '@dfs/database';
import { EventLog, EventsModule } from '@dfs/events';
import { Files, FilesModule } from '@dfs/files';
import { LiveFoldersModule } from '@dfs/live-folders';
import { Peers } from '@dfs/peers';
import { Placement } from '@dfs/placement';
import { Purge } from '@dfs/purge';
import { isDfsError, MiB, type Log } from '@dfs/runtime';
import { MultipartUploads, S3Module } from '@dfs/s3';
import { TusModule, Uploads } from '@dfs/tus';
import { WebDav, WebDavModule } from '@dfs/webdav';
import type { Access } from './access/access.js';
import { DEFAULT_QUOTA } from './config.js';
import { liveFolders } from './folders/live-folders.provider.js';
import { requireOwner } from './start/identity.js';
import { AccessModule } from './modules/access.module.js';
import { ApiModule } from './modules/api.module.js';
import { BackupModule } from './modules/backup.module.js';
import { FoundationModule } from './modules/foundation.module.js';
import { ChunksModule } from './modules/chunks.module.js';
import { DatabaseModule } from './modules/database.module.js';
import { NodeModule } from './modules/node.module.js';
import { SettingsModule } from './modules/settings.module.js';
import { TransportModule } from './modules/transport.module.js';
import { FOUNDATION, type Foundation } from './modules/tokens.js';
import { UpkeepModule } from './modules/upkeep.module.js';
import { entities, migrations } from './start/migrations.js';

/** Room of the database for deletions and the like while the disk is full: some thousand of them. */
const DATABASE_ROOM = 8 * MiB;

/** The whole engine, from the database up; each module uses only those before it. */
@Module({})
export class AppModule {
  static forRoot(foundation: Foundation, access: Access): DynamicModule {
    const { config, dataDir, signer, logger: log, clock } = foundation;
    const snapshots = new Snapshots({
      ...{ database: dataDir.databaseFile, dir: dataDir.snapshotsDir, clock, log },
      room: () => roomAt(dataDir.path),
    });
    return {
      module: AppModule,
      imports: [
        // Nest's own chatter is for those who debug.
        LoggerModule.forRoot({ pinoHttp: { logger: log.child({}, { level: quiet(log.level) }) }, useExisting: true }),
        FoundationModule.forRoot(foundation, access),
        DatabaseModule.forRoot(
          {
            ...{ file: dataDir.databaseFile, migrations, entities, roomBytes: DATABASE_ROOM, log },
            beforeMigrating: () => saveBefore(snapshots, log),
          },
          async (database) => {
            dataDir.open.add(database);
            await requireOwner(database, signer.peerId, dataDir);
          },
        ),
        EventsModule.forRoot({
          events: {
            useFactory: (db: Database, { isProven }: Generation) => EventLog.open(db, { clock, log, renew: !isProven }),
            inject: [Database, Generation],
          },
          access: { useFactory: () => access.forEvents() },
          log,
        }),
        ChunksModule.forRoot({ dir: dataDir.chunksDir, quotaBytes: config.quota ?? DEFAULT_QUOTA, log }),
        UpkeepModule,
        AccessModule,
        SettingsModule,
        TransportModule,
        NodeModule,
        BackupModule.forRoot(snapshots),
        FilesModule.forRoot({
          useFactory: (
            db: Database,
            chunks: ChunkStore,
            catalogue: Catalogue,
            placement: Placement,
            purges: Purge,
            peers: Peers,
            events: EventLog,
            { logger: log }: Foundation,
          ) =>
            new Files({
              ...{ db, chunks, catalogue, placement, purges, events, log, peerId: signer.peerId },
              thumbnailsDir: dataDir.thumbnailsDir,
              nameOf: (peerId) => peers.nameOf(peerId),
            }),
          inject: [Database, ChunkStore, Catalogue, Placement, Purge, Peers, EventLog, FOUNDATION],
        }),
        TusModule.forRoot({
          useFactory: (db: Database, chunks: ChunkStore, files: Files) =>
            new Uploads({ db, chunks, files, clock, log }),
          inject: [Database, ChunkStore, Files],
        }),
        WebDavModule.forRoot({
          useFactory: (files: Files, chunks: ChunkStore) =>
            new WebDav({ files, timers: foundation.timers, room: () => roomFor(chunks) }),
          inject: [Files, ChunkStore],
        }),
        S3Module.forRoot({
          useFactory: (db: Database, chunks: ChunkStore, files: Files) =>
            new MultipartUploads({ db, chunks, files, clock, log }),
          inject: [Database, ChunkStore, Files],
        }),
        LiveFoldersModule.forRoot(liveFolders),
        ApiModule,
      ],
    };
  }
}

/** A migration is one transaction: where there is no room to save the database first, it is made all the same. */
async function saveBefore(snapshots: Snapshots, log: Log): Promise<void> {
  try {
    await snapshots.take();
  } catch (error) {
    if (!isDfsError(error, 'no-space')) throw error;
    log.warn({ err: error }, 'the database is migrated without a snapshot of it');
  }
}

/** Of this node: the quota, or the disk where that has less. */
function roomFor(chunks: ChunkStore): { used: number; free: number } {
  const { bytes, quotaBytes, freeBytes } = chunks.usage();
  return { used: bytes, free: Math.min(freeBytes, quotaBytes - bytes) };
}

function quiet(level: string): string {
  return level === 'info' ? 'warn' : level;
}
