import type { MigrationInterface, QueryRunner } from 'typeorm';
import type { MigrationClass } from '@dfs/database';
import { removeUploadsOf } from '@dfs/files';

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

/** Uploads stand in the tables that `files` has for all that come in parts. */
class S3UploadsMoved1799000820000 implements MigrationInterface {
  name = 'S3UploadsMoved1799000820000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      INSERT INTO files_upload (id, front, owner, path, media_type, metadata, offset, attributes, conditions,
        created_at, expires_at, entry)
      SELECT id, 's3', owner, path, media_type, '',
        (SELECT coalesce(sum(size), 0) FROM s3_part WHERE s3_part.upload = old.seq),
        attributes, '{}', created_at, expires_at, entry
      FROM s3_upload old ORDER BY seq`);
    await runner.query(`
      INSERT INTO files_upload_part (upload, number, size, md5, stored_at)
      SELECT new.seq, part.number, part.size, part.md5, part.stored_at FROM s3_part part
      JOIN s3_upload old ON old.seq = part.upload JOIN files_upload new ON new.id = old.id ORDER BY part.seq`);
    await runner.query(`
      INSERT INTO files_upload_block (part, number, cid, is_chunk)
      SELECT moved.seq, block.number, block.cid, 1 FROM s3_part_block block
      JOIN s3_part part ON part.seq = block.part JOIN s3_upload old ON old.seq = part.upload
      JOIN files_upload new ON new.id = old.id
      JOIN files_upload_part moved ON moved.upload = new.seq AND moved.number = part.number`);
    await new S3Uploads1799000700000().down(runner);
  }

  async down(runner: QueryRunner): Promise<void> {
    await new S3Uploads1799000700000().up(runner);
    await runner.query(`
      INSERT INTO s3_upload (id, owner, path, media_type, attributes, created_at, expires_at, entry)
      SELECT id, owner, path, media_type, attributes, created_at, expires_at, entry
      FROM files_upload WHERE front = 's3' ORDER BY seq`);
    await runner.query(`
      INSERT INTO s3_part (upload, number, size, md5, stored_at)
      SELECT old.seq, part.number, part.size, part.md5, part.stored_at FROM files_upload_part part
      JOIN files_upload new ON new.seq = part.upload JOIN s3_upload old ON old.id = new.id ORDER BY part.seq`);
    await runner.query(`
      INSERT INTO s3_part_block (part, number, cid)
      SELECT back.seq, block.number, block.cid FROM files_upload_block block
      JOIN files_upload_part part ON part.seq = block.part JOIN files_upload new ON new.seq = part.upload
      JOIN s3_upload old ON old.id = new.id JOIN s3_part back ON back.upload = old.seq AND back.number = part.number`);
    await removeUploadsOf(runner, 's3');
  }
}

/** The tables that uploads by S3 had, and their move into those of `files`, which must be known. */
export const s3Migrations: MigrationClass[] = [S3Uploads1799000700000, S3UploadsMoved1799000820000];
