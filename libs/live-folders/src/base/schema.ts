import type { MigrationInterface, QueryRunner } from 'typeorm';
import type { EntityClass, MigrationClass } from '@dfs/database';
import {
  LiveFolderBaseEntity,
  LiveFolderDeletedEntity,
  LiveFolderEntity,
  LiveFolderHeldEntity,
  LiveFolderIssueEntity,
  LiveFolderRemovedEntity,
} from './live-folders.entity.js';

const TABLES = ['live_folder_removed', 'live_folder_issue', 'live_folder_held', 'live_folder_base', 'live_folder'];

class LiveFolders1799000110000 implements MigrationInterface {
  name = 'LiveFolders1799000110000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE live_folder (
      id TEXT PRIMARY KEY NOT NULL,
      name TEXT NOT NULL,
      root TEXT NOT NULL,
      prefix TEXT NOT NULL,
      network TEXT NOT NULL,
      mode TEXT NOT NULL,
      ignore TEXT NOT NULL,
      probe TEXT NOT NULL,
      identity TEXT,
      nonce TEXT,
      epoch INTEGER NOT NULL,
      raising INTEGER NOT NULL,
      paused INTEGER NOT NULL,
      stopped TEXT,
      meeting INTEGER NOT NULL,
      lately TEXT NOT NULL,
      bound INTEGER NOT NULL
    ) STRICT`);
    await runner.query(`CREATE TABLE live_folder_base (
      folder TEXT NOT NULL REFERENCES live_folder (id) ON DELETE CASCADE,
      path TEXT NOT NULL,
      parent TEXT NOT NULL,
      kind INTEGER NOT NULL,
      record BLOB,
      content BLOB,
      executable INTEGER NOT NULL,
      name BLOB NOT NULL,
      inode TEXT,
      size INTEGER NOT NULL,
      mtime TEXT NOT NULL,
      ctime TEXT NOT NULL,
      racy INTEGER NOT NULL,
      PRIMARY KEY (folder, path)
    ) STRICT, WITHOUT ROWID`);
    await runner.query('CREATE INDEX live_folder_base_parent ON live_folder_base (folder, parent)');
    await runner.query(`CREATE TABLE live_folder_held (
      folder TEXT NOT NULL REFERENCES live_folder (id) ON DELETE CASCADE,
      path TEXT NOT NULL,
      hold TEXT NOT NULL,
      record BLOB NOT NULL,
      answer TEXT NOT NULL,
      held INTEGER NOT NULL,
      PRIMARY KEY (folder, path)
    ) STRICT, WITHOUT ROWID`);
    await runner.query(`CREATE TABLE live_folder_issue (
      folder TEXT NOT NULL REFERENCES live_folder (id) ON DELETE CASCADE,
      path TEXT NOT NULL,
      kind TEXT NOT NULL,
      detail TEXT NOT NULL,
      since INTEGER NOT NULL,
      PRIMARY KEY (folder, path, kind)
    ) STRICT, WITHOUT ROWID`);
    await runner.query(
      'CREATE TABLE live_folder_removed (id TEXT PRIMARY KEY NOT NULL, nonce TEXT NOT NULL) STRICT, WITHOUT ROWID',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of TABLES) await runner.query(`DROP TABLE ${table}`);
  }
}

class LiveFoldersDeleted1799000500000 implements MigrationInterface {
  name = 'LiveFoldersDeleted1799000500000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE live_folder_deleted (
      folder TEXT NOT NULL REFERENCES live_folder (id) ON DELETE CASCADE,
      path TEXT NOT NULL,
      record BLOB NOT NULL,
      at INTEGER NOT NULL,
      PRIMARY KEY (folder, path)
    ) STRICT, WITHOUT ROWID`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE live_folder_deleted');
  }
}

class LiveFoldersPausedUntil1799000600000 implements MigrationInterface {
  name = 'LiveFoldersPausedUntil1799000600000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE live_folder ADD COLUMN paused_until INTEGER');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE live_folder DROP COLUMN paused_until');
  }
}

/** Entities of its tables. */
export const liveFoldersEntities: EntityClass[] = [
  LiveFolderEntity,
  LiveFolderBaseEntity,
  LiveFolderHeldEntity,
  LiveFolderIssueEntity,
  LiveFolderRemovedEntity,
  LiveFolderDeletedEntity,
];
/** Tables `live_folder…`. */
export const liveFoldersMigrations: MigrationClass[] = [
  LiveFolders1799000110000,
  LiveFoldersDeleted1799000500000,
  LiveFoldersPausedUntil1799000600000,
];
