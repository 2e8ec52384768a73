import type { MigrationInterface, QueryRunner } from 'typeorm';
import type { EntityClass, MigrationClass } from '@dfs/database';
import { UploadBlockEntity, UploadEntity } from './uploads.entity.js';

class TusUploads1799000100000 implements MigrationInterface {
  name = 'TusUploads1799000100000';

  async up(runner: QueryRunner): Promise<void> {
    // An upload that comes in parts. owner: id of the key that began it, empty for the node's own token. metadata: as the client
    // sent it. refusal: why the bytes, all of them here, are no file. entry: the file that they became.
    await runner.query(`
      CREATE TABLE upload (
        seq INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        owner TEXT NOT NULL,
        path TEXT NOT NULL,
        media_type TEXT,
        metadata TEXT NOT NULL,
        size INTEGER NOT NULL,
        offset INTEGER NOT NULL,
        attributes TEXT NOT NULL,
        conditions TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        expires_at INTEGER NOT NULL,
        refusal TEXT,
        entry TEXT
      ) STRICT`);
    await runner.query('CREATE INDEX upload_by_expiry ON upload (expires_at)');
    // Its blocks in order: chunks, then the pieces behind the last cut, which are to be part of a chunk.
    await runner.query(`
      CREATE TABLE upload_block (
        upload INTEGER NOT NULL REFERENCES upload (seq),
        number INTEGER NOT NULL,
        cid BLOB NOT NULL,
        size INTEGER NOT NULL,
        is_chunk INTEGER NOT NULL,
        PRIMARY KEY (upload, number)
      ) STRICT, WITHOUT ROWID`);
    await runner.query('CREATE INDEX upload_block_by_cid ON upload_block (cid)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE upload_block');
    await runner.query('DROP TABLE upload');
  }
}

/** Tables `upload` and `upload_block`. */
export const tusMigrations: MigrationClass[] = [TusUploads1799000100000];

/** Entities of these tables. */
export const tusEntities: EntityClass[] = [UploadEntity, UploadBlockEntity];
