/**
 * Bytes to chunks, and chunks on the disk of this node.
 *
 * Guarantees: equal bytes give equal content ids, on every node and in every version (golden vectors). Blocks that
 * `flush` and a commit have acknowledged survive a crash; others leave nothing behind. No bytes leave the store that
 * do not hash to their id. One failed read is not damage: a damaged block was read three times, by different ways. A pack
 * that the database does not know is swept only where the database is proven the newest of its directory. Any size in constant memory.
 * Does not know files, peers, or which blocks are still needed: `reclaim` asks. The database must know
 * `chunksMigrations`.
 * Units: bytes, milliseconds.
 */
export { split } from './split/split.js';
export {
  storeChunk,
  storeContent,
  storeManifest,
  storePart,
  storeRest,
  type DigestName,
  type Digests,
  type PartChunk,
  type PushedBytes,
  type StoreContentOptions,
  type StoredContent,
  type TakePiece,
} from './store-content.js';
export { ManifestBuilder, type Block } from './manifest/builder.js';
export {
  chunksFrom,
  readExtent,
  summarise,
  type ChunkPlace,
  type ContentSummary,
  type Extent,
  type GetBlock,
} from './manifest/reader.js';
export { manifestParts, type ManifestParts } from './manifest/format.js';
export { HASH_ELSEWHERE_BYTES, hashShared } from './hashing.js';
export { slabs } from './slabs.js';
export { ChunkStore, type BlockPlace, type ChunkStoreOptions, type Usage } from './store/chunk-store.js';
export { Generation, type Doubt } from './store/generation/generation.js';
export type { Found } from './store/index/chunk-index.js';
export type { BlockBatch } from './store/batch.js';
export type { ReadBlock, ReadOptions } from './store/chunk-reader.js';
export { isNotHere } from './store/damage/errors.js';
export type { DiskTrouble } from './store/damage/trouble.js';
export { roomAt, type FileSystemSize, type Quota } from './store/admission/admission.js';
export type { PastBytes, Purpose, RoomMaker } from './store/admission/room.js';
export type { IsLive, Reclaimed, ReclaimOptions } from './store/reclaim/reclaim.js';
export type { Scrubbed, ScrubOptions } from './store/damage/scrub.js';
export { Scrubber, type ScrubberOptions, type ScrubStatus } from './scrub/scrubber.js';
export { checkStore, type StoreTotals } from './check/check-store.js';
export type { StoreFinding, StoreProblem } from './check/check-pack.js';
export { ReadOnlyBlocks } from './check/read-only-blocks.js';
export { chunksEntities, chunksMigrations } from './schema.js';
export { MAX_RESERVE_BYTES, PEER_SHARE, RESERVE_SHARE } from './store/limits.js';
