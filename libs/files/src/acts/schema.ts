import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Tables `files_act` and `files_act_item`. */
export class FilesActs1799000200000 implements MigrationInterface {
  name = 'FilesActs1799000200000';

  async up(runner: QueryRunner): Promise<void> {
    // An act over more files than one unit of work takes: it goes on over restarts. id: of its transfer. done: items that are
    // done or skipped; skipped: the first of these, as JSON, and how many there are. started: ms since 1970.
    await runner.query(`CREATE TABLE files_act (
      id TEXT PRIMARY KEY,
      act BLOB NOT NULL,
      network TEXT NOT NULL,
      path TEXT NOT NULL,
      total INTEGER NOT NULL,
      done INTEGER NOT NULL,
      skipped TEXT NOT NULL,
      skipped_total INTEGER NOT NULL,
      started INTEGER NOT NULL
    ) STRICT`);
    // Its list, fixed at its begin. does: delete, move, copy or back; record: what the path showed then; target: where it goes;
    // was: the record that is said anew.
    await runner.query(`CREATE TABLE files_act_item (
      act TEXT NOT NULL REFERENCES files_act (id) ON DELETE CASCADE,
      at INTEGER NOT NULL,
      does TEXT NOT NULL,
      path TEXT NOT NULL,
      record TEXT NOT NULL,
      target TEXT,
      was TEXT,
      PRIMARY KEY (act, at)
    ) STRICT, WITHOUT ROWID`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE files_act_item');
    await runner.query('DROP TABLE files_act');
  }
}

/** The key that has begun an act. */
export class FilesActsKey1799000400000 implements MigrationInterface {
  name = 'FilesActsKey1799000400000';

  async up(runner: QueryRunner): Promise<void> {
    // The API key that has begun it; null for none.
    await runner.query('ALTER TABLE files_act ADD COLUMN key TEXT');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE files_act DROP COLUMN key');
  }
}
