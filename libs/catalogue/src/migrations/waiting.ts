import type { MigrationClass } from '@dfs/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';

class CatalogueWaiting1765000000000 implements MigrationInterface {
  name = 'CatalogueWaiting1765000000000';

  async up(runner: QueryRunner): Promise<void> {
    // Records that wait for their author: which peer brought them, and until when they are kept, in milliseconds that this
    // node has run.
    await runner.query(`CREATE TABLE catalogue_waiting (
      id BLOB PRIMARY KEY,
      bringer BLOB NOT NULL,
      expires INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID`);
    await runner.query('CREATE INDEX catalogue_waiting_bringer ON catalogue_waiting (bringer, expires)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE catalogue_waiting');
  }
}

/** Table `catalogue_waiting`. */
export const waitingMigrations: MigrationClass[] = [CatalogueWaiting1765000000000];
