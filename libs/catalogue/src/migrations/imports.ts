import type { MigrationClass } from '@dfs/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';

class CatalogueImport1763900000000 implements MigrationInterface {
  name = 'CatalogueImport1763900000000';

  async up(runner: QueryRunner): Promise<void> {
    // Heads of the network this node has left, in the order in which they were written.
    await runner.query(`CREATE TABLE catalogue_import (
      seq INTEGER PRIMARY KEY,
      kind INTEGER NOT NULL,
      path TEXT NOT NULL,
      content BLOB,
      size INTEGER NOT NULL,
      media_type TEXT NOT NULL,
      ms INTEGER NOT NULL
    ) STRICT`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE catalogue_import');
  }
}

/** Table `catalogue_import`: files on their way from one network into another. */
export const importMigrations: MigrationClass[] = [CatalogueImport1763900000000];
