import type { MigrationClass } from '@dfs/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';

class CatalogueAttributes1764300000000 implements MigrationInterface {
  name = 'CatalogueAttributes1764300000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX catalogue_record_purge');
    for (const column of ['shown_at', 'attributes', 'repeats', 'purge']) {
      await runner.query(`ALTER TABLE catalogue_record DROP COLUMN ${column}`);
    }
    await runner.query('ALTER TABLE catalogue_file DROP COLUMN attributes');
    for (const column of ['time', 'attributes'])
      await runner.query(`ALTER TABLE catalogue_import DROP COLUMN ${column}`);
  }
}

const STATEMENTS = [
  // shown_at: the author's wall clock or this node's when the record came, whichever was earlier, in ms since 1970.
  // attributes: encoded, null where there are none; of a deletion those of what was deleted. repeats: the content is that
  // of a version it replaces. purge: a deletion that says of itself that its retention is over.
  `ALTER TABLE catalogue_record ADD COLUMN shown_at INTEGER NOT NULL DEFAULT 0`,
  `ALTER TABLE catalogue_record ADD COLUMN attributes BLOB`,
  `ALTER TABLE catalogue_record ADD COLUMN repeats INTEGER NOT NULL DEFAULT 0`,
  `ALTER TABLE catalogue_record ADD COLUMN purge INTEGER NOT NULL DEFAULT 0`,
  `CREATE INDEX catalogue_record_purge ON catalogue_record (file, ms, counter) WHERE purge = 1`,
  `ALTER TABLE catalogue_file ADD COLUMN attributes BLOB`,
  `ALTER TABLE catalogue_import ADD COLUMN time INTEGER NOT NULL DEFAULT 0`,
  `ALTER TABLE catalogue_import ADD COLUMN attributes BLOB`,
];

/** Columns for what records say of a file beside its content, and for the time that is shown of them. */
export const attributesMigrations: MigrationClass[] = [CatalogueAttributes1764300000000];
