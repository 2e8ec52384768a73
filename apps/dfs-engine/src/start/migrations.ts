import { catalogueEntities, catalogueMigrations } from '@dfs/catalogue';
import { chunksEntities, chunksMigrations } from '@dfs/chunks';
import type { EntityClass, MigrationClass } from '@dfs/database';
import { dhtEntities, dhtMigrations } from '@dfs/dht';
import { eventsEntities, eventsMigrations } from '@dfs/events';
import { filesEntities, filesMigrations } from '@dfs/files';
import { liveFoldersEntities, liveFoldersMigrations } from '@dfs/live-folders';
import { peersEntities, peersMigrations } from '@dfs/peers';
import { placementEntities, placementMigrations } from '@dfs/placement';
import { purgeEntities } from '@dfs/purge';
import { s3Migrations } from '@dfs/s3';
import { tusMigrations } from '@dfs/tus';
import { accessEntities } from '../access/access.entity.js';
import { accessMigrations } from '../access/schema.js';
import { engineMigrations } from '../node/node-settings.js';
import { SettingEntity } from '../node/setting.entity.js';
import { RemovalEntity } from '../removals/removal.entity.js';
import { removalMigrations } from '../removals/schema.js';

/** The whole schema of a node. */
export const migrations: MigrationClass[] = [
  ...eventsMigrations,
  ...chunksMigrations,
  ...peersMigrations,
  ...dhtMigrations,
  ...catalogueMigrations,
  ...placementMigrations,
  ...tusMigrations,
  ...s3Migrations,
  ...filesMigrations,
  ...liveFoldersMigrations,
  ...engineMigrations,
  ...accessMigrations,
  ...removalMigrations,
];

/** Entities of its tables, by the library that they belong to. */
export const entitiesByLibrary: Readonly<Record<string, readonly EntityClass[]>> = {
  events: eventsEntities,
  chunks: chunksEntities,
  peers: peersEntities,
  dht: dhtEntities,
  catalogue: catalogueEntities,
  placement: placementEntities,
  purge: purgeEntities,
  files: filesEntities,
  'live-folders': liveFoldersEntities,
  engine: [SettingEntity, ...accessEntities, RemovalEntity],
};
/** All of them. */
export const entities: EntityClass[] = Object.values(entitiesByLibrary).flat();
