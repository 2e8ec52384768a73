import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The tables as the first release has them. States and kinds are written as numbers, which no later release may give anew. */
export class CatalogueBaseline1796000000000 implements MigrationInterface {
  name = 'CatalogueBaseline1796000000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of TABLES) await runner.query(`DROP TABLE catalogue_${table}`);
  }
}

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
  // chain: of a record in the set, what it has in common with others by its author that follow on the same one; else null.
  // stored: when the record came into this state here, in milliseconds that this node has run.
  // shown_at: the author's wall clock or this node's when the record came, whichever was earlier, in ms since 1970.
  // attributes: encoded, null where there are none; of a deletion those of what was deleted. repeats: the content is that
  // of a version it replaces. purge: a deletion that says of itself that its retention is over.
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
    signature BLOB NOT NULL,
    chain INTEGER,
    stored INTEGER NOT NULL DEFAULT 0,
    shown_at INTEGER NOT NULL DEFAULT 0,
    attributes BLOB,
    repeats INTEGER NOT NULL DEFAULT 0,
    purge INTEGER NOT NULL DEFAULT 0
  ) STRICT`,
  `CREATE INDEX catalogue_record_file ON catalogue_record (file, head)`,
  `CREATE INDEX catalogue_record_author ON catalogue_record (author, ms, counter)`,
  `CREATE INDEX catalogue_record_content ON catalogue_record (content, size, author) WHERE head = 1 AND kind = 1`,
  `CREATE INDEX catalogue_record_outside ON catalogue_record (state, author, ms) WHERE state > 2`,
  `CREATE INDEX catalogue_record_chain ON catalogue_record (chain)`,
  // Contents of versions that were replaced or deleted. The state is that of applied records.
  `CREATE INDEX catalogue_record_past ON catalogue_record (content, size, author)
    WHERE head = 0 AND kind = 1 AND state = 1`,
  // Contents of records outside the set. The states are those above IN_SET.
  `CREATE INDEX catalogue_record_outside_content ON catalogue_record (content) WHERE state > 2`,
  `CREATE INDEX catalogue_record_unknown ON catalogue_record (seq) WHERE state = 2`,
  `CREATE INDEX catalogue_record_purge ON catalogue_record (file, ms, counter) WHERE purge = 1`,
  // Parents may come after their children: an edge names its parent by id. Edges of applied records only.
  `CREATE TABLE catalogue_parent (
    parent BLOB NOT NULL,
    child INTEGER NOT NULL,
    PRIMARY KEY (parent, child)
  ) STRICT, WITHOUT ROWID`,
  // Two records of one author that follow on the same one: the later to be found here, and the earlier.
  `CREATE TABLE catalogue_fork (
    record BLOB PRIMARY KEY,
    sibling BLOB NOT NULL
  ) STRICT, WITHOUT ROWID`,
  `CREATE INDEX catalogue_fork_sibling ON catalogue_fork (sibling)`,
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
    modified INTEGER NOT NULL,
    attributes BLOB
  ) STRICT`,
  // With what is searched in, so that a search reads this alone.
  `CREATE INDEX catalogue_file_path ON catalogue_file (state, path, search)`,
  `CREATE INDEX catalogue_file_size ON catalogue_file (state, size, path)`,
  `CREATE INDEX catalogue_file_modified ON catalogue_file (state, modified, path)`,
  `CREATE INDEX catalogue_file_conflict ON catalogue_file (path) WHERE conflict = 1`,
  // path: with its slash at the end, empty for the top. parent: the same of the folder above, null for the top. files,
  // bytes, newest (ms): of all current files beneath it; own: files directly in it; folders: folders directly in it.
  // made: a folder record says so, so that it stays when it is empty.
  `CREATE TABLE catalogue_folder (
    path TEXT PRIMARY KEY,
    parent TEXT,
    files INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    newest INTEGER NOT NULL,
    own INTEGER NOT NULL,
    folders INTEGER NOT NULL,
    made INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID`,
  `CREATE INDEX catalogue_folder_parent ON catalogue_folder (parent, path)`,
  `INSERT INTO catalogue_folder VALUES ('', NULL, 0, 0, 0, 0, 0, 0)`,
  // Paths by state; the last row counts conflicts.
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
  // Heads of the network this node has left, in the order in which they were written.
  `CREATE TABLE catalogue_import (
    seq INTEGER PRIMARY KEY,
    kind INTEGER NOT NULL,
    path TEXT NOT NULL,
    content BLOB,
    size INTEGER NOT NULL,
    media_type TEXT NOT NULL,
    ms INTEGER NOT NULL,
    time INTEGER NOT NULL DEFAULT 0,
    attributes BLOB
  ) STRICT`,
  `CREATE INDEX catalogue_import_content ON catalogue_import (content)`,
  // For how long this node has run.
  `CREATE TABLE catalogue_running (one INTEGER PRIMARY KEY CHECK (one = 1), ms INTEGER NOT NULL) STRICT`,
  `INSERT INTO catalogue_running VALUES (1, 0)`,
  // Contents whose retention is over and that no version needs: no longer promised by this node.
  `CREATE TABLE catalogue_purged (content BLOB PRIMARY KEY) STRICT, WITHOUT ROWID`,
  // Deleted paths whose retention is over: for which shown deletion, and whether some of the content is kept.
  `CREATE TABLE catalogue_concluded (file INTEGER PRIMARY KEY, record BLOB NOT NULL, kept INTEGER NOT NULL) STRICT`,
  // The fields of void records, by the row of the record; path to media_type are null, 0 or empty of one of a later
  // release.
  // future: of a record that waits for its time: shown with the void ones, and not passed on with them.
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
    media_type TEXT NOT NULL,
    future INTEGER NOT NULL DEFAULT 0
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
  // Records that wait for their author: which peer brought them, and until when they are kept, in milliseconds that this
  // node has run.
  `CREATE TABLE catalogue_waiting (
    id BLOB PRIMARY KEY,
    bringer BLOB NOT NULL,
    expires INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID`,
  `CREATE INDEX catalogue_waiting_bringer ON catalogue_waiting (bringer, expires)`,
];

const TABLES = [
  ...['author', 'record', 'parent', 'fork', 'file', 'folder', 'total', 'fingerprint', 'import', 'running', 'purged'],
  ...['concluded', 'void', 'void_fingerprint', 'adopted', 'waiting'],
];
