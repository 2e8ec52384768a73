/**
 * `/dfs/sync/1`: two members come to hold the same set of records, and tell each other of new ones. Headers are small;
 * ids, fingerprints and records travel packed in payloads. Written down in PROTOCOL.md; pinned by golden bytes.
 */
import { sha256 } from '../ids/cid.js';
import type { WireValue } from '../codec/codec.js';
import { DfsError, KiB } from '@dfs/runtime';
import { packHex, unpackHex } from '../ids/hex.js';
import { shape, unless, type Infer } from '../codec/schema.js';

/** Comparison of record sets, and pushes of new records. PROTOCOL.md describes it. */
export const SYNC_PROTOCOL = '/dfs/sync/1';
/** The same exchange over void records, which are outside the set. */
export const VOID_PROTOCOL = '/dfs/void/1';

/** Bits by which a range is divided: 64 parts. */
export const SYNC_STEP_BITS = 6;
/** Parts of a divided range. */
export const SYNC_PARTS = 2 ** SYNC_STEP_BITS;
/** Bytes of a range's fingerprint. */
export const SYNC_PRINT_BYTES = 8;
/** Bytes of the whole set's fingerprint. */
export const SYNC_ROOT_BYTES = 16;
/** Bytes by which an exchange names a record, see `shortIdOf`. */
export const SYNC_SHORT_ID_BYTES = 8;
/** Bits of the finest range. */
export const SYNC_MAX_BITS = 24;
/** Ranges one frame may name. */
export const MAX_RANGES_PER_FRAME = 512;
/** Payload of one frame of ids or records. */
export const MAX_SYNC_PAYLOAD_BYTES = 512 * KiB;

/** Bytes of a content that may go with the record that names it: a small one. */
export const MAX_SMALL_CONTENT_BYTES = 16 * KiB;
/** Small contents of one frame. */
export const MAX_SMALL_CONTENTS = 256;

/** Bytes that stand for a member in `reached`: the first of SHA-256(peer id as text). */
export const MEMBER_MARK_BYTES = 4;
/** Members one frame may mark. */
export const MAX_MARKS = 1024;

/** Ranges have their `bits` in common; each is named by its index, u32 big-endian, packed. */
const ranges = {
  bits: shape.int(0, SYNC_MAX_BITS),
  of: shape.bytes(4, 4 * MAX_RANGES_PER_FRAME),
};
const listed = {
  ...ranges,
  /** Short ids of each range, u32 big-endian, packed. */
  counts: shape.bytes(4, 4 * MAX_RANGES_PER_FRAME),
};
const root = {
  /** Records in the sender's set. */
  count: shape.int(0, 2 ** 32 - 1),
  print: shape.bytes(SYNC_ROOT_BYTES),
};

/** Opens an exchange. */
export const syncHello = shape.struct({
  t: shape.oneOf('hello'),
  ...root,
  /** Mixed into the fingerprints of this exchange. */
  salt: shape.bytes(8),
});
/** Opens a stream of new records: `records` frames follow, each answered by `got`. */
export const syncPush = shape.struct({ t: shape.oneOf('push') });
/** Answer to `records` of a push: they have been stored, as far as they are valid. */
export const syncGot = shape.struct({ t: shape.oneOf('got') });
/** Answer to a hello: I am exchanging with you already. */
export const syncBusy = shape.struct({ t: shape.oneOf('busy'), ...root });
/** Answer to a hello: my set is the same. */
export const syncSame = shape.struct({ t: shape.oneOf('same') });
/** Fingerprints of the 64 parts of each of these ranges: payload. */
export const syncPrints = shape.struct({ t: shape.oneOf('prints'), ...ranges });
/** All short ids of these ranges: payload. */
export const syncIds = shape.struct({ t: shape.oneOf('ids'), ...listed });
/** Send me these records of these ranges: payload, short ids. */
export const syncWant = shape.struct({ t: shape.oneOf('want'), ...listed });
/** Send me all records of these ranges. */
export const syncAll = shape.struct({ t: shape.oneOf('all'), ...ranges });
/** Packed records: payload. */
export const syncRecords = shape.struct({
  t: shape.oneOf('records'),
  /** In a push: marks of the members that have these records or are being sent them, packed; nil for nobody known. */
  reached: shape.nullable(shape.bytes(MEMBER_MARK_BYTES, MEMBER_MARK_BYTES * MAX_MARKS)),
  /** In a push by their author: sizes of the small contents behind the records, u32 big-endian, packed; left out for none. */
  contents: unless<Uint8Array | undefined>(undefined, shape.bytes(4, 4 * MAX_SMALL_CONTENTS)),
});
/** Ends a turn. */
export const syncTurn = shape.struct({
  t: shape.oneOf('turn'),
  ...root,
  /** Whether the turn holds something to answer; otherwise the exchange is over. */
  more: shape.bool(),
  /** Whether the sender has left differences to the next exchange. */
  rest: shape.bool(),
});

const shapes = {
  hello: syncHello,
  push: syncPush,
  got: syncGot,
  busy: syncBusy,
  same: syncSame,
  prints: syncPrints,
  ids: syncIds,
  want: syncWant,
  all: syncAll,
  records: syncRecords,
  turn: syncTurn,
};
/** Narrowed by `t`. */
export type SyncMessage = { [T in keyof typeof shapes]: Infer<(typeof shapes)[T]> }[keyof typeof shapes];
const kind = shape.struct({ t: shape.oneOf(...(Object.keys(shapes) as (keyof typeof shapes)[])) });

/** Sections `catalogue` and `void` of a status message. */
export const catalogueStatus = shape.struct(root);
/** Section of a status: size and fingerprint of the sender's set. */
export type CatalogueStatus = Infer<typeof catalogueStatus>;

/** Section `small` of status messages. */
export const smallContentsStatus = shape.struct({
  /** Bytes that a content may have at most that goes to the sender with its record; 0: none may. */
  most: shape.int(0, MAX_SMALL_CONTENT_BYTES),
});

/** @throws DfsError `bad-request` naming the field at fault. */
export function parseSyncMessage(header: WireValue): SyncMessage {
  return shapes[kind.parse(header, 'message').t].parse(header, 'message');
}

/** Each as four bytes, big-endian. */
export function packIndexes(indexes: readonly number[]): Uint8Array {
  const out = Buffer.alloc(indexes.length * 4);
  indexes.forEach((index, at) => out.writeUInt32BE(index, at * 4));
  return out;
}

/** Inverse of packIndexes, for any numbers. @throws DfsError `bad-request` */
export function unpackCounts(packed: Uint8Array): number[] {
  if (packed.length % 4 !== 0) throw malformed('counts');
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  return Array.from({ length: packed.length / 4 }, (_, at) => view.getUint32(at * 4));
}

/** Inverse of packIndexes. @throws DfsError `bad-request` unless they ascend, each once, and have `bits` bits. */
export function unpackIndexes(packed: Uint8Array, bits: number): number[] {
  const indexes = unpackCounts(packed);
  const fine = indexes.every((index, at) => index < 2 ** bits && (at === 0 || index > (indexes[at - 1] as number)));
  if (!fine) throw malformed('ranges');
  return indexes;
}

/**
 * A record's name within one exchange: the first bytes of SHA-256(salt, id), as hex. Salted, so that nobody can prepare
 * two ids that look alike.
 */
export function shortIdOf(salt: Uint8Array, id: Uint8Array): string {
  const digest = sha256(Buffer.concat([salt, id]));
  return Buffer.from(digest.buffer, digest.byteOffset, SYNC_SHORT_ID_BYTES).toString('hex');
}

/** Ids of SYNC_SHORT_ID_BYTES each, one after another. */
export function packShortIds(ids: readonly string[]): Uint8Array {
  return packHex(ids);
}

/** Inverse of packShortIds. @throws DfsError `bad-request` */
export function unpackShortIds(packed: Uint8Array): string[] {
  const ids = unpackHex(packed, SYNC_SHORT_ID_BYTES);
  if (!ids) throw malformed('ids');
  return ids;
}

/** Stands for a member where many are named, as hex. */
export function memberMark(peerId: string): string {
  const digest = sha256(Buffer.from(peerId));
  return Buffer.from(digest.buffer, digest.byteOffset, MEMBER_MARK_BYTES).toString('hex');
}

/** Marks as they travel; null for none. Marks beyond the limit are left out. */
export function packMarks(marks: readonly string[]): Uint8Array | null {
  return marks.length === 0 ? null : packHex(marks.slice(0, MAX_MARKS));
}

/** Inverse of packMarks. @throws DfsError `bad-request` */
export function unpackMarks(packed: Uint8Array | null): string[] {
  if (packed === null) return [];
  const marks = unpackHex(packed, MEMBER_MARK_BYTES);
  if (!marks) throw malformed('reached');
  return marks;
}

/**
 * Parts the payload of `records` at the end of the records.
 * @param sizes of the contents, as the header says
 * @throws DfsError `bad-request` for sizes that no small content has, or that the payload has not
 */
export function splitContents(
  payload: Uint8Array,
  sizes: Uint8Array | undefined,
): { records: Uint8Array; contents: Uint8Array[] } {
  if (sizes === undefined) return { records: payload, contents: [] };
  const each = unpackCounts(sizes);
  let at = payload.length - each.reduce((sum, size) => sum + size, 0);
  if (at < 0 || each.some((size) => size === 0 || size > MAX_SMALL_CONTENT_BYTES)) throw malformed('contents');
  const records = payload.subarray(0, at);
  const contents = each.map((size) => payload.subarray(at, (at += size)));
  return { records, contents };
}

function malformed(what: string): DfsError {
  return new DfsError('bad-request', `The message is malformed: its ${what}.`);
}
