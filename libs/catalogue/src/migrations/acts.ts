import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The name of the attribute and the head of 16 bytes, as a record has them encoded. */
const ENCODED_ACT = "x'a3616374c410'";
const HEAD_BYTES = 6;
const ACT_BYTES = 16;

/** The records of an act are read from an index; folders that are deleted have a state of their own, 5, and are no deleted files. */
export class CatalogueActs1799000400000 implements MigrationInterface {
  name = 'CatalogueActs1799000400000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE catalogue_record ADD COLUMN act BLOB');
    await runner.query(
      `UPDATE catalogue_record SET act = substr(body, instr(body, ${ENCODED_ACT}) + ${HEAD_BYTES}, ${ACT_BYTES})
       WHERE instr(body, ${ENCODED_ACT}) > 0`,
    );
    await runner.query('CREATE INDEX catalogue_record_act ON catalogue_record (act) WHERE act IS NOT NULL');
    await runner.query(
      'INSERT INTO catalogue_total SELECT 5, count(*), 0 FROM catalogue_file WHERE state = 2 AND content IS NULL',
    );
    await runner.query(
      'UPDATE catalogue_total SET count = count - (SELECT count FROM catalogue_total WHERE state = 5) WHERE state = 2',
    );
    await runner.query('UPDATE catalogue_file SET state = 5 WHERE state = 2 AND content IS NULL');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('UPDATE catalogue_file SET state = 2 WHERE state = 5');
    await runner.query(
      'UPDATE catalogue_total SET count = count + (SELECT count FROM catalogue_total WHERE state = 5) WHERE state = 2',
    );
    await runner.query('DELETE FROM catalogue_total WHERE state = 5');
    await runner.query('DROP INDEX catalogue_record_act');
    await runner.query('ALTER TABLE catalogue_record DROP COLUMN act');
  }
}
