import type { MigrationClass } from '@dfs/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';

class CatalogueRetention1764100000000 implements MigrationInterface {
  name = 'CatalogueRetention1764100000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX catalogue_import_content');
    for (const index of ['outside_content', 'unknown']) await runner.query(`DROP INDEX catalogue_record_${index}`);
    for (const table of ['purged', 'concluded', 'running']) await runner.query(`DROP TABLE catalogue_${table}`);
    await runner.query('ALTER TABLE catalogue_record DROP COLUMN stored');
  }
}

const STATEMENTS = [
  // When the record came into this state here, in milliseconds that this node has run.
  `ALTER TABLE catalogue_record ADD COLUMN stored INTEGER NOT NULL DEFAULT 0`,
  `CREATE TABLE catalogue_running (one INTEGER PRIMARY KEY CHECK (one = 1), ms INTEGER NOT NULL) STRICT`,
  `INSERT INTO catalogue_running VALUES (1, 0)`,
  // Contents whose retention is over and that no version needs: no longer promised by this node.
  `CREATE TABLE catalogue_purged (content BLOB PRIMARY KEY) STRICT, WITHOUT ROWID`,
  // Deleted paths whose retention is over: for which shown deletion, and whether some of the content is kept.
  `CREATE TABLE catalogue_concluded (file INTEGER PRIMARY KEY, record BLOB NOT NULL, kept INTEGER NOT NULL) STRICT`,
  // Contents of records outside the set. The states are those above IN_SET.
  `CREATE INDEX catalogue_record_outside_content ON catalogue_record (content) WHERE state > 2`,
  `CREATE INDEX catalogue_record_unknown ON catalogue_record (seq) WHERE state = 2`,
  `CREATE INDEX catalogue_import_content ON catalogue_import (content)`,
];

/** Column `catalogue_record.stored`, tables `catalogue_running`, `catalogue_purged`, `catalogue_concluded`. */
export const retentionMigrations: MigrationClass[] = [CatalogueRetention1764100000000];
