import type { MigrationInterface, QueryRunner } from 'typeorm';
import type { MigrationClass } from '@dfs/database';
import { attributesMigrations } from './attributes.js';
import { chainMigrations } from './chain.js';
import { futureMigrations } from './future.js';
import { folderMigrations } from './folders.js';
import { importMigrations } from './imports.js';
import { retentionMigrations } from './retention.js';
import { voidMigrations } from './void.js';
import { waitingMigrations } from './waiting.js';

/** State of a stored record. Up to IN_SET it belongs to the set that all members hold. */
export const RecordState = {
  /** Counts: it is in the history of its path. */
  applied: 1,
  /** Of a later release: stored and passed on. */
  unknown: 2,
  /** Its author is not a member, as far as is known here. */
  waitingAuthor: 3,
  /** Its clock is too far ahead. */
  future: 4,
  /** Written by a member that was removed, after the last record that counts. */
  void: 5,
} as const;
export type RecordState = (typeof RecordState)[keyof typeof RecordState];
export const IN_SET = RecordState.unknown;

/** State of a path. */
export const PathState = { current: 1, deleted: 2, folder: 3 } as const;
export type PathState = (typeof PathState)[keyof typeof PathState];
/** Row of catalogue_total that counts conflicts: they may be in any state. */
export const CONFLICT_TOTAL = 4;

export const KIND_NUMBER = { file: 1, deletion: 2, folder: 3 } as const;

class Catalogue1763800000000 implements MigrationInterface {
  name = 'Catalogue1763800000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of TABLES) await runner.query(`DROP TABLE ${table}`);
  }
}

class CatalogueVersions1764000000000 implements MigrationInterface {
  name = 'CatalogueVersions1764000000000';

  async up(runner: QueryRunner): Promise<void> {
    // Contents of versions that were replaced or deleted. The state is that of applied records.
    await runner.query(`CREATE INDEX catalogue_record_past ON catalogue_record (content, size, author)
      WHERE head = 0 AND kind = 1 AND state = 1`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX catalogue_record_past');
  }
}

const TABLES = [
  'catalogue_author',
  'catalogue_record',
  'catalogue_parent',
  'catalogue_file',
  'catalogue_total',
  'catalogue_fingerprint',
];

const STATEMENTS = [
  // standing: what membership said of the author when its records were last judged.
  `CREATE TABLE catalogue_author (
    id INTEGER PRIMARY KEY,
    peer BLOB NOT NULL UNIQUE,
    records INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    standing TEXT NOT NULL
  ) STRICT`,
  // Rows of 500 bytes under random ids: with a rowid new ones are appended, and only the narrow index is scattered.
  // content, size, media_type: of a deletion they say what was deleted. born: first version of the current life, ms.
  `CREATE TABLE catalogue_record (
    seq INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    state INTEGER NOT NULL,
    head INTEGER NOT NULL,
    file INTEGER,
    kind INTEGER,
    author INTEGER NOT NULL,
    ms INTEGER NOT NULL,
    counter INTEGER NOT NULL,
    content BLOB,
    size INTEGER NOT NULL,
    media_type TEXT NOT NULL,
    imported INTEGER NOT NULL,
    born INTEGER NOT NULL,
    body BLOB NOT NULL,
    signature BLOB NOT NULL
  ) STRICT`,
  `CREATE INDEX catalogue_record_file ON catalogue_record (file, head)`,
  `CREATE INDEX catalogue_record_author ON catalogue_record (author, ms, counter)`,
  `CREATE INDEX catalogue_record_content ON catalogue_record (content, size, author) WHERE head = 1 AND kind = 1`,
  `CREATE INDEX catalogue_record_outside ON catalogue_record (state, author, ms) WHERE state > 2`,
  // Parents may come after their children: an edge names its parent by id. Edges of applied records only.
  `CREATE TABLE catalogue_parent (
    parent BLOB NOT NULL,
    child INTEGER NOT NULL,
    PRIMARY KEY (parent, child)
  ) STRICT, WITHOUT ROWID`,
  // One row a path: what it shows. search: the path in one case, null where that is the path itself.
  `CREATE TABLE catalogue_file (
    seq INTEGER PRIMARY KEY,
    file_id BLOB NOT NULL UNIQUE,
    path TEXT NOT NULL,
    search TEXT,
    state INTEGER NOT NULL,
    conflict INTEGER NOT NULL,
    record_id BLOB NOT NULL,
    content BLOB,
    size INTEGER NOT NULL,
    media_type TEXT NOT NULL,
    author INTEGER NOT NULL,
    created INTEGER NOT NULL,
    modified INTEGER NOT NULL
  ) STRICT`,
  // With what is searched in, so that a search reads this alone.
  `CREATE INDEX catalogue_file_path ON catalogue_file (state, path, search)`,
  `CREATE INDEX catalogue_file_size ON catalogue_file (state, size, path)`,
  `CREATE INDEX catalogue_file_modified ON catalogue_file (state, modified, path)`,
  `CREATE INDEX catalogue_file_conflict ON catalogue_file (path) WHERE conflict = 1`,
  `CREATE TABLE catalogue_total (
    state INTEGER PRIMARY KEY,
    count INTEGER NOT NULL,
    bytes INTEGER NOT NULL
  ) STRICT`,
  `INSERT INTO catalogue_total VALUES (1, 0, 0), (2, 0, 0), (3, 0, 0), (4, 0, 0)`,
  // Sums of the ids of the set, by their first 12 bits.
  `CREATE TABLE catalogue_fingerprint (
    bucket INTEGER PRIMARY KEY,
    count INTEGER NOT NULL,
    sum BLOB NOT NULL
  ) STRICT`,
];

/** Tables `catalogue_*`. */
export const catalogueMigrations: MigrationClass[] = [
  Catalogue1763800000000,
  ...importMigrations,
  ...chainMigrations,
  CatalogueVersions1764000000000,
  ...retentionMigrations,
  ...voidMigrations,
  ...attributesMigrations,
  ...waitingMigrations,
  ...futureMigrations,
  ...folderMigrations,
];
