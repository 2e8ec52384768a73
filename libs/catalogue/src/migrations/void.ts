import type { MigrationClass } from '@dfs/database';
import { cidToBytes, parseRecord } from '@dfs/protocol';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { Delta, toBytes } from '../store/fingerprints.js';

/** Records read and listed at a time. */
const RECORDS_AT_ONCE = 2000;

class CatalogueVoid1764200000000 implements MigrationInterface {
  name = 'CatalogueVoid1764200000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
    await fill(runner);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['', '_fingerprint']) await runner.query(`DROP TABLE catalogue_void${table}`);
    await runner.query('DROP TABLE catalogue_adopted');
  }
}

const STATEMENTS = [
  // What void records say, by the row of the record; path to media_type are null, 0 or empty of one of a later release.
  `CREATE TABLE catalogue_void (
    seq INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    author INTEGER NOT NULL,
    ms INTEGER NOT NULL,
    counter INTEGER NOT NULL,
    path TEXT,
    kind INTEGER,
    content BLOB,
    size INTEGER NOT NULL,
    media_type TEXT NOT NULL
  ) STRICT`,
  `CREATE INDEX catalogue_void_newest ON catalogue_void (ms, counter, id)`,
  `CREATE INDEX catalogue_void_author ON catalogue_void (author, ms, counter, id)`,
  `CREATE INDEX catalogue_void_path ON catalogue_void (path, ms, counter)`,
  `CREATE INDEX catalogue_void_content ON catalogue_void (content, size, author) WHERE kind = 1`,
  // Sums of their ids, as catalogue_fingerprint has them of the set.
  `CREATE TABLE catalogue_void_fingerprint (
    bucket INTEGER PRIMARY KEY,
    count INTEGER NOT NULL,
    sum BLOB NOT NULL
  ) STRICT`,
  // Which record says here what a void one said: the one that this node signed, or one that said so already.
  `CREATE TABLE catalogue_adopted (id BLOB PRIMARY KEY, record BLOB NOT NULL) STRICT, WITHOUT ROWID`,
];

async function fill(runner: QueryRunner): Promise<void> {
  const prints = new Delta();
  for (let after = 0; ;) {
    const rows = (await runner.query(
      `SELECT seq, id, author, ms, counter, body FROM catalogue_record WHERE seq > ? AND state = 5 ORDER BY seq LIMIT ${RECORDS_AT_ONCE}`,
      [after],
    )) as { seq: number; id: Uint8Array; author: number; ms: number; counter: number; body: Uint8Array }[];
    for (const { seq, id, author, ms, counter, body } of rows) {
      const { fields } = parseRecord(body);
      prints.add(id);
      const content = fields?.content ? cidToBytes(fields.content) : null;
      const kind = fields && { file: 1, deletion: 2, folder: 3 }[fields.kind];
      await runner.query('INSERT INTO catalogue_void VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)', [
        ...[seq, id, author, ms, counter, fields?.path ?? null, kind, content],
        ...[fields?.size ?? 0, fields?.mediaType ?? ''],
      ]);
    }
    if (rows.length < RECORDS_AT_ONCE) break;
    after = rows.at(-1)?.seq ?? after;
  }
  for (const [bucket, { count, sum }] of prints.buckets) {
    await runner.query('INSERT INTO catalogue_void_fingerprint VALUES (?, ?, ?)', [bucket, count, toBytes(sum)]);
  }
}

/** Tables `catalogue_void`, `catalogue_void_fingerprint`, `catalogue_adopted`: records outside the set that a person may adopt. */
export const voidMigrations: MigrationClass[] = [CatalogueVoid1764200000000];
