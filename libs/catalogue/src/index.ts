/**
 * The catalogue: signed records, the files that follow from them, and how nodes come to hold the same set.
 * Guarantees: the same records give the same files on every node, in whatever order they came; nothing unsigned, of
 * another network or of one who may not write comes in; a record never leaves the set because a peer lacks it; events
 * are committed with the change they tell of.
 * Does not: hold content, or know where it is. Units: bytes, milliseconds since 1970; ids are text.
 */
export { Catalogue } from './catalogue.js';
export type { VersionQuery } from './read/history.js';
export type { Received } from './receive/intake.js';
export type {
  CatalogueComponents,
  Change,
  Commit,
  CommitOutcome,
  Draft,
  Entry,
  EntryPage,
  Folder,
  JoinPlan,
  Level,
  ListQuery,
  MemberView,
  NetworkChanges,
  OnlyRows,
  SyncPeers,
  SyncTransport,
} from './ports.js';
export { CurrentRows, type PathRowInfo } from './read/current-rows.js';
export type { ContentOfHead } from './read/queries.js';
export { versionTag, type Conditions, type Tag } from './rules/conditions.js';
export { choice, duplicate, relocation, restoration, withAct, type OtherHeads } from './write/drafts.js';
export type { FormerPath, Folders, SaidByRecord, ShownPath } from './read/folders.js';
export type { KeyPage, KeyQuery, KeyRow } from './read/keys.js';
export type { ContentAt, Head, PathHeads } from './read/heads.js';
export type { PathConditions } from './read/conditions.js';
export { toldAttributes } from './rules/told-attributes.js';
export { pathsWith, recount, type Miscount, type Recount } from './store/recount.js';
export type { RetentionRule } from './retention/needed.js';
export type { PastContent } from './retention/past.js';
export type { Bound, Concluded, Retention } from './retention/retention.js';
export type { Stopwatch } from './retention/running-time.js';
export { catalogueEntities } from './entities/entities.js';
export { catalogueMigrations } from './migrations/migrations.js';
export type { VoidPage, VoidQuery, VoidVersion } from './void/void-list.js';
export { CatalogueSync, type CatalogueSyncComponents, type CatalogueSyncOptions } from './sync/catalogue-sync.js';
export type { SyncChannel } from './ports.js';
