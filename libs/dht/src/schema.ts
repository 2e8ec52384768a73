import type { MigrationInterface, QueryRunner } from 'typeorm';
import type { MigrationClass } from '@dfs/database';

class Dht1763800000000 implements MigrationInterface {
  name = 'Dht1763800000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE dht_provide (
      content BLOB PRIMARY KEY,
      due INTEGER NOT NULL,
      provided_at INTEGER,
      failures INTEGER NOT NULL DEFAULT 0
    ) STRICT, WITHOUT ROWID`);
    await runner.query('CREATE INDEX dht_provide_due ON dht_provide (due)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE dht_provide');
  }
}

/** Table `dht_provide`: contents this node holds and names itself for, and when next. */
export const dhtMigrations: MigrationClass[] = [Dht1763800000000];
