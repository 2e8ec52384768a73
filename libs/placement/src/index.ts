/**
 * Placement of extents: which member should hold each, pins and promises, replication, release and repair, and bytes for
 * readers.
 * Guarantees: the node writes a pin only in the unit of work that commits the last block of a whole extent, its manifest
 * included. It holds every byte from a peer against its id before anyone sees it. All queues, windows and read-aheads are
 * bounded. States follow from holders and liveness at the time of asking. The node frees bytes only when no pin needs
 * them. It releases a pin only after enough other members have promised to keep theirs, for damage, or when no version
 * needs the content any more.
 * Does not know paths or versions, or which content is obsolete; the catalogue does.
 * Units: bytes, milliseconds. The database must know `placementMigrations`.
 */
export type { OfferedBatch } from './ahead/offer.js';
export type { SmallContents } from './ahead/small-contents.js';
export type { PlacementOptions } from './parts.js';
export type { ContentStanding } from './status/replication-state.js';
export type { SizedContent } from './status/replication-status.js';
export { HolderSets } from './status/holder-sets.js';
export { Placement, type ContentStates } from './placement.js';
export type { FetchOptions } from './read/content-fetch.js';
export type { BlockHere, ContentsHere } from './read/contents-here.js';
export { checkPins, type PinFinding, type PinProblem, type PinTotals } from './pins/check-pins.js';
export type { FoundContent, FoundContents } from './release/found-contents.js';
export { pinRestored, type PinsRestored } from './repair/pin-restored.js';
export { placementEntities, placementMigrations } from './schema.js';
export type {
  BlockStore,
  ContentChange,
  ContentRef,
  Contents,
  MemberList,
  PeerView,
  PlacementComponents,
  Providers,
} from './ports.js';
