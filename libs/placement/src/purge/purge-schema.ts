import type { MigrationClass } from '@dfs/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';

class PlacementPurge1764100000000 implements MigrationInterface {
  name = 'PlacementPurge1764100000000';

  async up(runner: QueryRunner): Promise<void> {
    // Authors of receipts: how much of them is kept, and the time of their newest.
    await runner.query(`CREATE TABLE placement_signatory (
      ordinal INTEGER PRIMARY KEY,
      peer BLOB NOT NULL UNIQUE,
      time INTEGER NOT NULL,
      bytes INTEGER NOT NULL
    ) STRICT`);
    await runner.query(`CREATE TABLE placement_receipt (
      author INTEGER NOT NULL REFERENCES placement_signatory (ordinal) ON DELETE CASCADE,
      time INTEGER NOT NULL,
      body BLOB NOT NULL,
      signature BLOB NOT NULL,
      UNIQUE (author, time)
    ) STRICT`);
    // What each author last said of a deletion.
    await runner.query(`CREATE TABLE placement_purge (
      deletion BLOB NOT NULL,
      author INTEGER NOT NULL REFERENCES placement_signatory (ordinal) ON DELETE CASCADE,
      kept INTEGER NOT NULL,
      PRIMARY KEY (deletion, author)
    ) STRICT, WITHOUT ROWID`);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['purge', 'receipt', 'signatory']) await runner.query(`DROP TABLE placement_${table}`);
  }
}

/** Tables `placement_signatory`, `placement_receipt` and `placement_purge`. */
export const purgeMigrations: MigrationClass[] = [PlacementPurge1764100000000];
