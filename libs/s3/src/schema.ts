import type { MigrationInterface, QueryRunner } from 'typeorm';
import type { EntityClass, MigrationClass } from '@dfs/database';
import { S3PartBlockEntity, S3PartEntity, S3UploadEntity } from './uploads/uploads.entity.js';

class S3Uploads1799000700000 implements MigrationInterface {
  name = 'S3Uploads1799000700000';

  async up(runner: QueryRunner): Promise<void> {
    // An upload that comes in parts. owner: id of the key that began it. entry: the file that it became.
    await runner.query(`
      CREATE TABLE s3_upload (
        seq INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        owner TEXT NOT NULL,
        path TEXT NOT NULL,
        media_type TEXT,
        attributes TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        expires_at INTEGER NOT NULL,
        entry TEXT
      ) STRICT`);
    await runner.query('CREATE INDEX s3_upload_by_expiry ON s3_upload (expires_at)');
    await runner.query(`
      CREATE TABLE s3_part (
        seq INTEGER PRIMARY KEY,
        upload INTEGER NOT NULL REFERENCES s3_upload (seq),
        number INTEGER NOT NULL,
        size INTEGER NOT NULL,
        md5 BLOB NOT NULL,
        stored_at INTEGER NOT NULL
      ) STRICT`);
    await runner.query('CREATE UNIQUE INDEX s3_part_by_number ON s3_part (upload, number)');
    await runner.query(`
      CREATE TABLE s3_part_block (
        part INTEGER NOT NULL REFERENCES s3_part (seq),
        number INTEGER NOT NULL,
        cid BLOB NOT NULL,
        PRIMARY KEY (part, number)
      ) STRICT, WITHOUT ROWID`);
    await runner.query('CREATE INDEX s3_part_block_by_cid ON s3_part_block (cid)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE s3_part_block');
    await runner.query('DROP TABLE s3_part');
    await runner.query('DROP TABLE s3_upload');
  }
}

/** Tables `s3_upload`, `s3_part` and `s3_part_block`. */
export const s3Migrations: MigrationClass[] = [S3Uploads1799000700000];

/** Entities of these tables. */
export const s3Entities: EntityClass[] = [S3UploadEntity, S3PartEntity, S3PartBlockEntity];
