import type { MigrationClass } from '@dfs/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';

class CatalogueFuture1764400000000 implements MigrationInterface {
  name = 'CatalogueFuture1764400000000';

  async up(runner: QueryRunner): Promise<void> {
    // Of a record that waits for its time: shown with the void ones, and not passed on with them.
    await runner.query('ALTER TABLE catalogue_void ADD COLUMN future INTEGER NOT NULL DEFAULT 0');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE catalogue_void DROP COLUMN future');
  }
}

/** Column `catalogue_void.future`. */
export const futureMigrations: MigrationClass[] = [CatalogueFuture1764400000000];
