import type { MigrationInterface, QueryRunner } from 'typeorm';
import type { MigrationClass } from '@dfs/database';
import { removeUploadsOf } from '@dfs/files';

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

/** Uploads stand in the tables that `files` has for all that come in parts. */
class TusUploadsMoved1799000810000 implements MigrationInterface {
  name = 'TusUploadsMoved1799000810000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      INSERT INTO files_upload (id, front, owner, path, media_type, metadata, size, offset, attributes, conditions,
        created_at, expires_at, refusal, entry)
      SELECT id, 'tus', owner, path, media_type, metadata, size, offset, attributes, conditions,
        created_at, expires_at, refusal, entry
      FROM upload ORDER BY seq`);
    await runner.query(`
      INSERT INTO files_upload_part (upload, number, size, stored_at)
      SELECT new.seq, 1, old.offset, old.created_at FROM upload old JOIN files_upload new ON new.id = old.id
      WHERE old.entry IS NULL ORDER BY new.seq`);
    await runner.query(`
      INSERT INTO files_upload_block (part, number, cid, size, is_chunk)
      SELECT part.seq, block.number, block.cid, block.size, block.is_chunk FROM upload_block block
      JOIN upload old ON old.seq = block.upload JOIN files_upload new ON new.id = old.id
      JOIN files_upload_part part ON part.upload = new.seq`);
    await new TusUploads1799000100000().down(runner);
  }

  async down(runner: QueryRunner): Promise<void> {
    await new TusUploads1799000100000().up(runner);
    await runner.query(`
      INSERT INTO upload (id, owner, path, media_type, metadata, size, offset, attributes, conditions,
        created_at, expires_at, refusal, entry)
      SELECT id, owner, path, media_type, metadata, size, offset, attributes, conditions,
        created_at, expires_at, refusal, entry
      FROM files_upload WHERE front = 'tus' ORDER BY seq`);
    await runner.query(`
      INSERT INTO upload_block (upload, number, cid, size, is_chunk)
      SELECT old.seq, block.number, block.cid, block.size, block.is_chunk FROM files_upload_block block
      JOIN files_upload_part part ON part.seq = block.part
      JOIN files_upload new ON new.seq = part.upload JOIN upload old ON old.id = new.id`);
    await removeUploadsOf(runner, 'tus');
  }
}

/** The tables that uploads by tus had, and their move into those of `files`, which must be known. */
export const tusMigrations: MigrationClass[] = [TusUploads1799000100000, TusUploadsMoved1799000810000];
