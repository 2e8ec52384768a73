/**
 * The node's SQLite file. Guarantees: WAL with `synchronous=FULL`; every write within one serialised unit of work that
 * is committed as a whole; reads on a connection of their own see committed state only; an unsafe start is refused.
 * Snapshots of the file can be taken beside all that, and a journal keeps in plain files what must outlive it.
 * Does not know any table: each library brings its own migrations.
 */
export { Database, type DatabaseOptions } from './database.js';
export { DAMAGED_ADVICE, startRefusal } from './refusals.js';
export { ReadOnlyDatabase } from './read-only.js';
export { isOpenElsewhere } from './in-use.js';
export { FileLock } from './file-lock.js';
export { Snapshots, type Snapshot, type SnapshotsComponents } from './snapshots.js';
export { Journal, readJournal, type JournalEntry, type JournalOptions } from './journal.js';
export { DatabaseError, type MigrationClass, type Reader, type SqlValue, type Tx } from './sql/sql.js';
export {
  BLOBS,
  BLOBS_AT,
  byIds,
  changeByIds,
  countByIds,
  idsParameter,
  IDS_PER_QUERY,
  PAIRS,
  slices,
  VALUE_PAIRS,
  VALUES,
  type RowId,
} from './sql/by-ids.js';
export { tuples, tuplesFrom, type Tuples } from './sql/tuples.js';
export type { EntityClass, ReadRepository, Where, WriteRepository } from './tables/rows.js';
export { flagColumn, hexColumn, jsonColumn } from './tables/columns.js';
export {
  entityShapes,
  fileShapes,
  type ColumnShape,
  type ForeignShape,
  type IndexShape,
  type TableShape,
} from './tables/shapes.js';
