/**
 * Method `promise` of `/dfs/chunks/1`: asks a member to keep extents that it pins for an hour at least, so that the asker
 * may let go of its own. Written down in PROTOCOL.md; pinned by golden bytes.
 */
import { cidCodec, cidDigest, cidFromDigest, MANIFEST_CODEC, RAW_CODEC, type Cid } from '../ids/cid.js';
import { DfsError, hour } from '@dfs/runtime';
import { shape, type Infer } from '../codec/schema.js';

/** Extents of one request. */
export const MAX_PROMISES = 4096;
/** Kind of the content (0 chunk, 1 manifest block), its SHA-256, extent (u32). */
export const PACKED_EXTENT_BYTES = 37;
/** A promise holds for at least so long. */
export const PROMISE_TIME = 1 * hour;

/** Asks for a promise to keep extents, so that the asker may release its copies. */
export const promiseRequest = shape.struct({
  method: shape.oneOf('promise'),
  /** Packed extents. */
  extents: shape.bytes(PACKED_EXTENT_BYTES, PACKED_EXTENT_BYTES * MAX_PROMISES),
});
/** Answer, one frame: bit n (the highest bit of a byte first) is extent n of the request, 1 where it is promised. */
export const promiseFrame = shape.struct({ promised: shape.bytes(1, MAX_PROMISES / 8) });

/** A decoded `promiseRequest`. */
export type PromiseRequest = Infer<typeof promiseRequest>;

/** An extent of a content, by its number. */
export interface ExtentId {
  content: Cid;
  extent: number;
}

/** Each in PACKED_EXTENT_BYTES: kind of the content id, its digest, and the extent as four bytes, big-endian. */
export function packExtents(extents: readonly ExtentId[]): Uint8Array {
  const out = Buffer.alloc(extents.length * PACKED_EXTENT_BYTES);
  extents.forEach(({ content, extent }, index) => {
    const at = index * PACKED_EXTENT_BYTES;
    out[at] = cidCodec(content) === MANIFEST_CODEC ? 1 : 0;
    out.set(cidDigest(content), at + 1);
    out.writeUInt32BE(extent, at + PACKED_EXTENT_BYTES - 4);
  });
  return out;
}

/** @throws DfsError `bad-request` */
export function unpackExtents(packed: Uint8Array): ExtentId[] {
  const count = packed.length / PACKED_EXTENT_BYTES;
  if (!Number.isInteger(count)) throw malformed();
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  return Array.from({ length: count }, (_, index) => {
    const at = index * PACKED_EXTENT_BYTES;
    const end = at + PACKED_EXTENT_BYTES - 4;
    if (packed[at]! > 1) throw malformed();
    const content = cidFromDigest(packed.subarray(at + 1, end), packed[at] === 1 ? MANIFEST_CODEC : RAW_CODEC);
    return { content, extent: view.getUint32(end) };
  });
}

function malformed(): DfsError {
  return new DfsError('bad-request', 'The message is malformed: the extents.');
}
