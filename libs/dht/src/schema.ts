import type { MigrationInterface, QueryRunner } from 'typeorm';
import type { EntityClass, MigrationClass } from '@dfs/database';
import { DhtProvideEntity, DhtRecordEntity } from './dht.entity.js';

class DhtBaseline1796000000000 implements MigrationInterface {
  name = 'DhtBaseline1796000000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE dht_provide (
      content BLOB PRIMARY KEY,
      due INTEGER NOT NULL,
      provided_at INTEGER,
      failures INTEGER NOT NULL DEFAULT 0
    ) STRICT, WITHOUT ROWID`);
    await runner.query('CREATE INDEX dht_provide_due ON dht_provide (due)');
    await runner.query(`CREATE TABLE dht_record (
      content TEXT NOT NULL,
      peer TEXT NOT NULL,
      value BLOB NOT NULL,
      PRIMARY KEY (content, peer)
    ) STRICT, WITHOUT ROWID`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE dht_record');
    await runner.query('DROP TABLE dht_provide');
  }
}

/**
 * Tables `dht_provide`: contents this node holds and names itself for, and when next; `dht_record`: what other nodes have
 * named themselves for, as the DHT writes that.
 */
export const dhtMigrations: MigrationClass[] = [DhtBaseline1796000000000];

/** Entities of these tables. */
export const dhtEntities: EntityClass[] = [DhtProvideEntity, DhtRecordEntity];
