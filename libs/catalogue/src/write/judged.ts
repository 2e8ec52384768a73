import type { ParsedRecord, SignedRecord } from '@dfs/protocol';
import type { Version } from '../rules/heads.js';
import type { PathState, RecordState } from '../rules/states.js';
import type { FileRow } from '../store/rows.js';

/** A record that has been judged, to be stored. */
export interface JudgedRecord extends SignedRecord, ParsedRecord {
  state: RecordState;
  /** Stored before, in another state: its author's share has been counted. */
  again?: boolean;
  /** See Version: worked out once, when the record comes. */
  shownAt: number;
}

/** A path in this unit of work: what it was, and its heads as they change. */
export interface PathChange {
  path: string;
  fileId: string;
  /** Row of the path, there or to be made. */
  seq: number;
  before: FileRow | undefined;
  heads: Map<string, Version>;
  /** Ids of heads that came in this unit. */
  fresh: Set<string>;
  /** Paths that say so of themselves were brought back: ids of those records. */
  broughtBack: Set<string>;
}

/** A record of the set, and its `chainKey`. */
export interface ChainLink {
  record: JudgedRecord;
  chain: number;
}

/** The change of a path by a unit of work. */
export interface PathOutcome {
  change: PathChange;
  /** Undefined when nothing valid is left of it. */
  after: PathRow | undefined;
}

/** A path as it is shown, before it is a row. */
export interface PathRow {
  state: PathState;
  conflict: boolean;
  shown: Version;
}
