/**
 * Placement of extents: holders, pins, copies, replication, release and repair, and bytes for readers.
 * Guarantees: a pin is written only in the unit of work that commits the last block of a whole extent, its manifest
 * included; every byte from a peer is held against its id before anyone sees it; all queues, windows and read-aheads
 * are bounded; states are derived from holders and liveness when asked for; bytes are freed only when no pin needs them; a
 * pin is let go of only when as many others as copies are wanted have promised to keep theirs, for damage, or when no
 * version needs the content any more.
 * Does not: know paths or versions, nor what is needed no more (the catalogue does).
 * Units: bytes, milliseconds. The database must know `placementMigrations`.
 */
export type { PlacementOptions } from './parts.js';
export type { ContentStanding } from './status/replication-status.js';
export { Placement } from './placement.js';
export type { FetchOptions } from './read/content-fetch.js';
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
