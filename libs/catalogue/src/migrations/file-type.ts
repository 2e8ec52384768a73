import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Lists of files of one type are read from an index. */
export class CatalogueFileType1799000300000 implements MigrationInterface {
  name = 'CatalogueFileType1799000300000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE INDEX catalogue_file_type ON catalogue_file (state, media_type, path)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX catalogue_file_type');
  }
}
