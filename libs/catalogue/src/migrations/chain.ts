import type { MigrationClass } from '@dfs/database';
import { parseRecord } from '@dfs/protocol';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { chainKey } from '../rules/chain-key.js';

/** Records read and given their key at a time. */
const RECORDS_AT_ONCE = 2000;

export class CatalogueChain1764000000000 implements MigrationInterface {
  name = 'CatalogueChain1764000000000';

  async up(runner: QueryRunner): Promise<void> {
    // Of a record in the set, what it has in common with others by its author that follow on the same one; else null.
    await runner.query('ALTER TABLE catalogue_record ADD COLUMN chain INTEGER');
    await fill(runner);
    await runner.query('CREATE INDEX catalogue_record_chain ON catalogue_record (chain)');
    // Two records of one author that follow on the same one: the later to be found here, and the earlier.
    await runner.query(`CREATE TABLE catalogue_fork (
      record BLOB PRIMARY KEY,
      sibling BLOB NOT NULL
    ) STRICT, WITHOUT ROWID`);
    await runner.query('CREATE INDEX catalogue_fork_sibling ON catalogue_fork (sibling)');
    await runner.query(`INSERT INTO catalogue_fork SELECT r.id, first.id FROM
      (SELECT chain, min(seq) AS seq FROM catalogue_record WHERE chain IS NOT NULL GROUP BY chain HAVING count(*) > 1) f
      JOIN catalogue_record first ON first.seq = f.seq JOIN catalogue_record r ON r.chain = f.chain AND r.seq > f.seq`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE catalogue_fork');
    await runner.query('DROP INDEX catalogue_record_chain');
    await runner.query('ALTER TABLE catalogue_record DROP COLUMN chain');
  }
}

async function fill(runner: QueryRunner): Promise<void> {
  for (let after = 0; ;) {
    const rows = (await runner.query(
      `SELECT seq, body FROM catalogue_record WHERE seq > ? AND state <= 2 ORDER BY seq LIMIT ${RECORDS_AT_ONCE}`,
      [after],
    )) as { seq: number; body: Uint8Array }[];
    if (rows.length === 0) return;
    const keys = rows.map(({ seq, body }) => [seq, chainKey(parseRecord(body).envelope)]);
    await runner.query(
      `UPDATE catalogue_record SET chain = k.value ->> 1 FROM json_each(?) k WHERE catalogue_record.seq = k.value ->> 0`,
      [JSON.stringify(keys)],
    );
    after = rows.at(-1)?.seq ?? after;
  }
}

/** Column `catalogue_record.chain` and table `catalogue_fork`: authors whose records do not form one chain. */
export const chainMigrations: MigrationClass[] = [CatalogueChain1764000000000];
