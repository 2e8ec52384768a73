import { catalogueMigrations } from '@dfs/catalogue';
import { chunksMigrations } from '@dfs/chunks';
import type { MigrationClass } from '@dfs/database';
import { dhtMigrations } from '@dfs/dht';
import { eventsMigrations } from '@dfs/events';
import { peersMigrations } from '@dfs/peers';
import { placementMigrations } from '@dfs/placement';
import { tusMigrations } from '@dfs/tus';
import { engineMigrations } from '../node/node-settings.js';

/** The whole schema of a node. */
export const migrations: MigrationClass[] = [
  ...eventsMigrations,
  ...chunksMigrations,
  ...peersMigrations,
  ...dhtMigrations,
  ...catalogueMigrations,
  ...placementMigrations,
  ...tusMigrations,
  ...engineMigrations,
];
