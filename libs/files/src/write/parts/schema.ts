import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Tables of uploads that come in parts. The fronts move what they had in tables of their own into these. */
export class FilesUploads1799000800000 implements MigrationInterface {
  name = 'FilesUploads1799000800000';

  async up(runner: QueryRunner): Promise<void> {
    // front: the protocol by which it comes. owner: id of the key that began it, empty for the node's own token. metadata: as the
    // client sent it. size: null where it is not announced. refusal: why the bytes, all of them here, are no file. entry: the
    // file that they became.
    await runner.query(`
      CREATE TABLE files_upload (
        seq INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        front TEXT NOT NULL,
        owner TEXT NOT NULL,
        path TEXT NOT NULL,
        media_type TEXT,
        metadata TEXT NOT NULL,
        size INTEGER,
        offset INTEGER NOT NULL,
        attributes TEXT NOT NULL,
        conditions TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        expires_at INTEGER NOT NULL,
        refusal TEXT,
        entry TEXT
      ) STRICT`);
    await runner.query('CREATE INDEX files_upload_by_expiry ON files_upload (expires_at)');
    await runner.query(`
      CREATE TABLE files_upload_part (
        seq INTEGER PRIMARY KEY,
        upload INTEGER NOT NULL REFERENCES files_upload (seq),
        number INTEGER NOT NULL,
        size INTEGER NOT NULL,
        md5 BLOB,
        stored_at INTEGER NOT NULL
      ) STRICT`);
    await runner.query('CREATE UNIQUE INDEX files_upload_part_by_number ON files_upload_part (upload, number)');
    // Chunks in order, then the pieces behind the last cut, which are to be part of a chunk.
    await runner.query(`
      CREATE TABLE files_upload_block (
        part INTEGER NOT NULL REFERENCES files_upload_part (seq),
        number INTEGER NOT NULL,
        cid BLOB NOT NULL,
        size INTEGER,
        is_chunk INTEGER NOT NULL,
        PRIMARY KEY (part, number)
      ) STRICT, WITHOUT ROWID`);
    await runner.query('CREATE INDEX files_upload_block_by_cid ON files_upload_block (cid)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE files_upload_block');
    await runner.query('DROP TABLE files_upload_part');
    await runner.query('DROP TABLE files_upload');
  }
}

/** Removes the uploads of a front from these tables, for a migration that has put them into tables of its own. */
export async function removeUploadsOf(runner: QueryRunner, front: string): Promise<void> {
  const uploads = 'SELECT seq FROM files_upload WHERE front = ?';
  const parts = `SELECT seq FROM files_upload_part WHERE upload IN (${uploads})`;
  await runner.query(`DELETE FROM files_upload_block WHERE part IN (${parts})`, [front]);
  await runner.query(`DELETE FROM files_upload_part WHERE upload IN (${uploads})`, [front]);
  await runner.query('DELETE FROM files_upload WHERE front = ?', [front]);
}
