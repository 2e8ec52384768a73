/**
 * The agreement between two peers: ids, the wire codec with its pre-scan, message shapes, limits.
 * Guarantees: nothing here touches disk or network; nothing a peer sends is decoded before the pre-scan has passed it.
 * Units: bytes, milliseconds.
 */
export { decode, encode, type WireValue } from './codec/codec.js';
export { encodeAs, shape, type Infer, type Shape } from './codec/schema.js';
export { fromBase32, toBase32 } from './ids/base32.js';
export { fromHex, toHex } from './ids/hex.js';
export {
  cidDigest,
  cidFromBytes,
  cidFromDigest,
  cidOf,
  cidToBytes,
  EMPTY_CONTENT,
  hashesTo,
  isCid,
  isManifestCid,
  MANIFEST_CODEC,
  RAW_CODEC,
  sha256,
  type Cid,
} from './ids/cid.js';
export {
  normalisePeerId,
  peerIdFromBytes,
  peerIdToBytes,
  signerFromRaw,
  verifySignature,
  type Signer,
} from './ids/keys.js';
export { peerBytes, peerText } from './ids/known-peers.js';
export { FILE_ID_PATTERN, fileIdOf, normalisePath } from './ids/paths.js';
export {
  CHUNK_MAX_BYTES,
  CHUNK_MEAN_BYTES,
  CHUNK_MIN_BYTES,
  EXTENT_CHUNKS,
  MAX_CLOCK_SKEW,
  MAX_HEADER_BYTES,
  MAX_KNOWN_RECORDS,
  MAX_MANIFEST_BLOCK_BYTES,
  MAX_MEDIA_TYPE_LENGTH,
  MAX_MEMBERS,
  MAX_NAME_LENGTH,
  MAX_PARENTS,
  MAX_PATH_BYTES,
  MAX_PAYLOAD_BYTES,
  MAX_PEER_ID_LENGTH,
} from './limits.js';
export {
  carriedAttributes,
  decodeAttributes,
  encodeAttributes,
  fitsAttributes,
  MAX_ATTRIBUTES_BYTES,
  META_NAME,
  type RecordAttributes,
} from './messages/attributes.js';
export {
  AHEAD_PROTOCOL,
  aheadTaken,
  aheadWhole,
  formAheadBlocks,
  MAX_AHEAD_BLOCKS,
  parseAhead,
  type AheadBlock,
  type AheadMessage,
} from './messages/ahead-messages.js';
export {
  bitsFrame,
  bitsRequest,
  checkBits,
  MAX_FETCHERS,
  type BitsFrame,
  type BitsRequest,
} from './messages/bits-messages.js';
export {
  blocksFrame,
  CHUNKS_PROTOCOL,
  drainingStatus,
  getRequest,
  GIVEN_SIZE,
  haveFrame,
  holdingsStatus,
  MAX_BLOCKS_PER_FRAME,
  MAX_DRAINING,
  MAX_IDS_PER_REQUEST,
  MAX_PINS_PER_FRAME,
  packBits,
  PACKED_ID_BYTES,
  packIds,
  packPins,
  packSizes,
  parseChunksRequest,
  pinsFrame,
  STORE_NONCE_BYTES,
  unpackBits,
  unpackIds,
  unpackPins,
  unpackSizes,
  type ChunksRequest,
  type HoldingsStatus,
  type Pin,
  type PinsRequest,
} from './messages/chunks-messages.js';
export { FAREWELL_PROTOCOL, farewellMessage } from './messages/farewell-messages.js';
export {
  JOIN_PROTOCOL,
  joinChallenge,
  joinProof,
  joinRequest,
  joinTranscript,
  joinWelcome,
  recordsMessage,
  type JoinWelcome,
} from './messages/join-messages.js';
export {
  membershipBody,
  membershipIdOf,
  membershipKindOf,
  readMembershipBody,
  readMembershipRecord,
  RETAINED_VERSIONS,
  sealMembershipRecord,
  signMembershipRecord,
  type MembershipContent,
  type MembershipRecord,
  type NetworkSettings,
} from './messages/membership-record.js';
export {
  MAX_OWNER_VOTES,
  ownersSection,
  SIGN_PROTOCOL,
  signatureMessage,
  signMessage,
} from './messages/owner-messages.js';
export {
  MAX_PROMISES,
  packExtents,
  PROMISE_TIME,
  promiseFrame,
  unpackExtents,
  type ExtentId,
  type PromiseRequest,
} from './messages/promise-messages.js';
export {
  MAX_DELETIONS_PER_RECEIPT,
  MAX_RECEIPTS_PAYLOAD_BYTES,
  packReceiptMarks,
  parseReceipt,
  printOfMarks,
  RECEIPTS_PROTOCOL,
  receiptsFrame,
  receiptsRequest,
  receiptsStatus,
  signReceipt,
  unpackReceiptMarks,
  verifyReceipt,
  type Receipt,
  type ReceiptMark,
} from './messages/receipt-messages.js';
export {
  compareClocks,
  encodeRecord,
  nextClock,
  packedRecordSize,
  packRecords,
  parseRecord,
  RECORD_VERSION,
  recordIdOf,
  signBodies,
  signRecord,
  unpackRecords,
  verifyRecord,
  type ParsedRecord,
  type RecordClock,
  type RecordEnvelope,
  type RecordFields,
  type RecordKind,
  type SignedRecord,
} from './messages/record.js';
export { StatusLine } from './messages/status-line.js';
export {
  heartbeatStatement,
  MAX_STATUS_RUNS,
  MAX_STATUS_SECTIONS,
  nodeSection,
  pullMessage,
  pushMessage,
  receivedMessage,
  STATUS_PROTOCOL,
  statusMessage,
  statusMethod,
  type StatusMessage,
} from './messages/status-messages.js';
export {
  catalogueStatus,
  MAX_RANGES_PER_FRAME,
  MAX_SYNC_PAYLOAD_BYTES,
  memberMark,
  packIndexes,
  packMarks,
  packShortIds,
  parseSyncMessage,
  shortIdOf,
  SYNC_MAX_BITS,
  SYNC_PARTS,
  SYNC_PRINT_BYTES,
  SYNC_PROTOCOL,
  SYNC_SHORT_ID_BYTES,
  SYNC_STEP_BITS,
  unpackCounts,
  unpackIndexes,
  unpackMarks,
  unpackShortIds,
  VOID_PROTOCOL,
  type SyncMessage,
} from './messages/sync-messages.js';
export {
  decodeTicket,
  encodeReturnTicket,
  encodeTicket,
  MAX_TICKET_LENGTH,
  TICKET_SECRET_BYTES,
  type ReturnTicket,
  type Ticket,
} from './messages/ticket.js';
