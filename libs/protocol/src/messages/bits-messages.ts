/**
 * `bits`, a method of `/dfs/chunks/1`: which chunks of an extent a peer has, and who else fetches it. Unlike the other
 * methods the answer goes on until the asker has enough. Written down in PROTOCOL.md; pinned by golden bytes.
 */
import { DfsError } from '@dfs/runtime';
import { EXTENT_CHUNKS } from '../limits.js';
import { shape, unless, type Infer } from '../codec/schema.js';

/** Peers that one answer may name. */
export const MAX_FETCHERS = 32;

/** Asks which blocks of this extent are here. The asker fetches it, and may be named to others who do. */
export const bitsRequest = shape.struct({
  method: shape.oneOf('bits'),
  content: shape.cid(),
  /** Bytes of the content. */
  size: shape.int(),
  extent: shape.int(0, 2 ** 32 - 1),
});

/** Answer to `bits`: frames, the first at once, another when something has changed, and now and then without. */
export const bitsFrame = shape.struct({
  /** All of it is here. */
  whole: shape.bool(),
  /** Chunks of the extent; 0 where that is not known, or `whole` says all. */
  count: unless(0, shape.int(0, EXTENT_CHUNKS)),
  /** Bit n (the highest bit of a byte first) is chunk n of the extent; as many as `count`. */
  have: shape.bytes(0, EXTENT_CHUNKS / 8),
  /** Members that fetch this extent now, or did a little while ago; the asker is not among them. */
  fetchers: unless<string[]>([], shape.list(shape.peerId(), MAX_FETCHERS)),
});

/** The asker, and the extent it fetches. */
export type BitsRequest = Infer<typeof bitsRequest>;
/** The answerer's blocks of the extent, or those that it has got since the frame before. */
export type BitsFrame = Infer<typeof bitsFrame>;

/** @throws DfsError `bad-request` unless bits and count agree */
export function checkBits(frame: BitsFrame): BitsFrame {
  if (frame.have.length !== Math.ceil(frame.count / 8)) {
    throw new DfsError('bad-request', 'The message is malformed: the bit field.');
  }
  return frame;
}
