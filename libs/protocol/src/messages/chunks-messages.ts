/**
 * `/dfs/chunks/1`: blocks by id, who has which, the numbered log of what a member pins, and promises to keep. One request a stream; the
 * request is one frame without payload. Ids travel packed, 33 bytes each, so that a request of thousands stays one
 * small element for the pre-scan. Written down in PROTOCOL.md; pinned by golden bytes.
 */
import { bitsRequest, type BitsRequest } from './bits-messages.js';
import { cidCodec, cidDigest, cidFromDigest, MANIFEST_CODEC, RAW_CODEC, type Cid } from '../ids/cid.js';
import type { WireValue } from '../codec/codec.js';
import { DfsError } from '@dfs/runtime';
import { promiseRequest, type ExtentId, type PromiseRequest } from './promise-messages.js';
import { shape, unless, type Infer, type Shape } from '../codec/schema.js';

/** Blocks and the holdings of members. PROTOCOL.md describes it. */
export const CHUNKS_PROTOCOL = '/dfs/chunks/1';

/** Blocks one request may name. */
export const MAX_IDS_PER_REQUEST = 4096;
/** Kind (0 chunk, 1 manifest block) and SHA-256. */
export const PACKED_ID_BYTES = 33;
/** Blocks one frame may carry. */
export const MAX_BLOCKS_PER_FRAME = 1024;
/** Entries of a pin log in one frame. */
export const MAX_PINS_PER_FRAME = 16_384;
/** In the place of a size: the block is not sent, since another who fetches the same extent has been given it. */
export const GIVEN_SIZE = 0xffff_ffff;
/** Packed id, extent (u32), 1 when pinned and 0 when let go. */
export const PACKED_PIN_BYTES = PACKED_ID_BYTES + 5;
/** Random bytes that name a store; another nonce is another store, whatever its peer id. */
export const STORE_NONCE_BYTES = 16;

const packedIds = shape.bytes(PACKED_ID_BYTES, PACKED_ID_BYTES * MAX_IDS_PER_REQUEST);

/** The request of a stream. */
export const chunksMethod = shape.struct({ method: shape.oneOf('get', 'have', 'pins', 'promise', 'bits') });

/** The extent that an asker fetches, perhaps together with others. */
const sharedExtent = shape.struct({ content: shape.cid(), extent: shape.int(0, 2 ** 32 - 1) });

/** The bytes of these blocks, in this order. */
export const getRequest = shape.struct({
  method: shape.oneOf('get'),
  ids: packedIds,
  /** They are chunks of it: those that another who fetches it has been given need not be sent. */
  shared: unless<ExtentId | null>(null, sharedExtent as Shape<ExtentId | null>),
  /** Those who were given them do not pass them on: they are to be sent all the same. */
  insist: unless(false, shape.bool()),
  /** The answerer has sent bytes of them that are not theirs: it hashes them before it sends them. */
  checked: unless(false, shape.bool()),
});
/** Answer to `get`: frames in the order of the request, each with the next blocks; the payload is their bytes. */
export const blocksFrame = shape.struct({
  /** Bytes of each block, u32 big-endian; 0 for one that is not here, GIVEN_SIZE for one to be had from another. */
  sizes: shape.bytes(4, 4 * MAX_BLOCKS_PER_FRAME),
});

/** Which of these blocks are here. */
export const haveRequest = shape.struct({
  method: shape.oneOf('have'),
  ids: packedIds,
});
/** Answer to `have`, one frame: bit n (the highest bit of a byte first) is block n of the request. */
export const haveFrame = shape.struct({ have: shape.bytes(1, MAX_IDS_PER_REQUEST / 8) });

/** The pin log after entry `after` of the store `nonce`; another nonce than the store's means: from the start. */
export const pinsRequest = shape.struct({
  method: shape.oneOf('pins'),
  nonce: shape.nullable(shape.bytes(STORE_NONCE_BYTES)),
  after: shape.int(),
});
/** Answer to `pins`: frames until the log's end, at least one; the payload is packed pins. */
export const pinsFrame = shape.struct({
  nonce: shape.bytes(STORE_NONCE_BYTES),
  /** The log before this frame's entries: 0 is its start, and voids what was known. */
  after: shape.int(),
  /** The log with them. */
  to: shape.int(),
});

/** Section `holdings` of a status message. */
export const holdingsStatus = shape.struct({
  nonce: shape.bytes(STORE_NONCE_BYTES),
  /** Number of the newest entry of the pin log. */
  number: shape.int(),
  /** Takes nothing more on behalf of others for now. */
  full: shape.bool(),
  /** Capacity class c: weight 2^c, about 2^c GiB. */
  capacity: shape.int(0, 31),
});

/** Members that an owner empties at a time. */
export const MAX_DRAINING = 64;

/** Section `draining` of a status message: members whose data the sender, an owner, has moved before it removes them. */
export const drainingStatus = shape.list(shape.peerId(), MAX_DRAINING);

/** Asks for blocks, in this order. */
export type GetRequest = Infer<typeof getRequest>;
/** Asks which of these blocks the peer has. */
export type HaveRequest = Infer<typeof haveRequest>;
/** Asks for the changes of the peer's pin log after a number. */
export type PinsRequest = Infer<typeof pinsRequest>;
/** First frame of a stream, told apart by `method`. */
export type ChunksRequest = GetRequest | HaveRequest | PinsRequest | PromiseRequest | BitsRequest;
/** Section of a status: how far the sender's pin log reaches, and how much it can hold. */
export type HoldingsStatus = Infer<typeof holdingsStatus>;

/** One entry of a pin log. */
export interface Pin {
  content: Cid;
  extent: number;
  /** False: it was let go. */
  held: boolean;
}

/** @throws DfsError `bad-request` naming the field at fault. */
export function parseChunksRequest(header: WireValue): ChunksRequest {
  const { method } = chunksMethod.parse(header, 'request');
  switch (method) {
    case 'get':
      return checkIds(getRequest.parse(header, 'request'));
    case 'have':
      return checkIds(haveRequest.parse(header, 'request'));
    case 'pins':
      return pinsRequest.parse(header, 'request');
    case 'promise':
      return promiseRequest.parse(header, 'request');
    case 'bits':
      return bitsRequest.parse(header, 'request');
  }
}

/** Ids one after another, each in its binary form of PACKED_ID_BYTES. */
export function packIds(ids: readonly Cid[]): Uint8Array {
  const out = new Uint8Array(ids.length * PACKED_ID_BYTES);
  ids.forEach((id, index) => packId(id, out, index * PACKED_ID_BYTES));
  return out;
}

/** @throws DfsError `bad-request` */
export function unpackIds(packed: Uint8Array): Cid[] {
  const ids = new Array<Cid>(packed.length / PACKED_ID_BYTES);
  for (let index = 0; index < ids.length; index++) ids[index] = unpackId(packed, index * PACKED_ID_BYTES);
  return ids;
}

/** Each as four bytes, big-endian. */
export function packSizes(sizes: readonly number[]): Uint8Array {
  const out = Buffer.allocUnsafe(sizes.length * 4);
  sizes.forEach((size, index) => out.writeUInt32BE(size, index * 4));
  return out;
}

/** The inverse of `packSizes`. @throws DfsError `peer-misbehaved` for a length that is no multiple of four */
export function unpackSizes(packed: Uint8Array): number[] {
  if (packed.length % 4 !== 0) throw malformed('the sizes');
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  return Array.from({ length: packed.length / 4 }, (_, index) => view.getUint32(index * 4));
}

/** The first bit is the highest of the first byte; the bits left over are zero. */
export function packBits(bits: readonly boolean[]): Uint8Array {
  const out = new Uint8Array(Math.ceil(bits.length / 8));
  bits.forEach((bit, index) => {
    if (bit) out[index >> 3]! |= 0x80 >> (index & 7);
  });
  return out;
}

/** The first `count` bits. @throws DfsError `bad-request` unless there are just so many bytes. */
export function unpackBits(packed: Uint8Array, count: number): boolean[] {
  if (packed.length !== Math.ceil(count / 8)) throw malformed('the bit field');
  return Array.from({ length: count }, (_, index) => (packed[index >> 3]! & (0x80 >> (index & 7))) !== 0);
}

/** Each in PACKED_PIN_BYTES: content id, extent, and whether it is held or given up. */
export function packPins(pins: readonly Pin[]): Uint8Array {
  const out = Buffer.alloc(pins.length * PACKED_PIN_BYTES);
  pins.forEach(({ content, extent, held }, index) => {
    const at = index * PACKED_PIN_BYTES;
    packId(content, out, at);
    out.writeUInt32BE(extent, at + PACKED_ID_BYTES);
    out[at + PACKED_ID_BYTES + 4] = held ? 1 : 0;
  });
  return out;
}

/** @throws DfsError `bad-request` */
export function unpackPins(packed: Uint8Array): Pin[] {
  const count = packed.length / PACKED_PIN_BYTES;
  if (!Number.isInteger(count) || count > MAX_PINS_PER_FRAME) throw malformed('the pins');
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  return Array.from({ length: count }, (_, index) => {
    const at = index * PACKED_PIN_BYTES;
    const held = packed[at + PACKED_ID_BYTES + 4]!;
    if (held > 1) throw malformed('a pin');
    return { content: unpackId(packed, at), extent: view.getUint32(at + PACKED_ID_BYTES), held: held === 1 };
  });
}

function packId(id: Cid, out: Uint8Array, at: number): void {
  out[at] = cidCodec(id) === MANIFEST_CODEC ? 1 : 0;
  out.set(cidDigest(id), at + 1);
}

function unpackId(packed: Uint8Array, at: number): Cid {
  const kind = packed[at]!;
  if (kind > 1) throw malformed('an id');
  return cidFromDigest(packed.subarray(at + 1, at + PACKED_ID_BYTES), kind === 1 ? MANIFEST_CODEC : RAW_CODEC);
}

function checkIds<R extends { ids: Uint8Array }>(request: R): R {
  if (request.ids.length % PACKED_ID_BYTES !== 0) throw malformed('the ids');
  return request;
}

function malformed(what: string): DfsError {
  return new DfsError('bad-request', `The message is malformed: ${what}.`);
}
