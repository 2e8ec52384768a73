/**
 * `/dfs/ahead/1`: blocks of an upload that is still coming in, told to members that will hold the file anyway. The one that
 * takes the upload in opens the stream and says what has come; the other asks it for the blocks by `get`. Written down in
 * PROTOCOL.md; pinned by golden bytes.
 */
import { CHUNK_MAX_BYTES } from '../limits.js';
import type { WireValue } from '../codec/codec.js';
import { shape, type Infer } from '../codec/schema.js';
import type { Cid } from '../ids/cid.js';
import { PACKED_ID_BYTES, packIds, packSizes, unpackIds, unpackSizes } from './chunks-messages.js';
import { DfsError } from '@dfs/runtime';

/** Uploads under way. PROTOCOL.md describes it. */
export const AHEAD_PROTOCOL = '/dfs/ahead/1';
/** Blocks that one frame may name. */
export const MAX_AHEAD_BLOCKS = 1024;

const aheadKind = shape.struct({ kind: shape.oneOf('blocks', 'whole') });

/** These blocks have come. */
export const aheadBlocks = shape.struct({
  kind: shape.oneOf('blocks'),
  ids: shape.bytes(PACKED_ID_BYTES, PACKED_ID_BYTES * MAX_AHEAD_BLOCKS),
  /** Of each, in the same order. */
  sizes: shape.bytes(4, 4 * MAX_AHEAD_BLOCKS),
});

/** All of them have been named, and this is what they are. A record follows. */
export const aheadWhole = shape.struct({ kind: shape.oneOf('whole'), content: shape.cid(), size: shape.int() });

/** Answer to each frame: so many bytes of the upload have come. */
export const aheadTaken = shape.struct({ bytes: shape.int() });

/** A block and its size in bytes. */
export interface AheadBlock {
  readonly id: Cid;
  readonly size: number;
}

/** One frame, read. */
export type AheadMessage =
  { readonly kind: 'blocks'; readonly blocks: readonly AheadBlock[] } | Infer<typeof aheadWhole>;

/** The header of a frame that names 1 to MAX_AHEAD_BLOCKS blocks. */
export function formAheadBlocks(blocks: readonly AheadBlock[]): WireValue {
  const ids = packIds(blocks.map(({ id }) => id));
  return aheadBlocks.form({ kind: 'blocks', ids, sizes: packSizes(blocks.map(({ size }) => size)) }) ?? null;
}

/** @throws DfsError `bad-request` naming what is at fault */
export function parseAhead(header: WireValue): AheadMessage {
  if (aheadKind.parse(header, 'message').kind === 'whole') return aheadWhole.parse(header, 'message');
  const { ids, sizes } = aheadBlocks.parse(header, 'message');
  if (ids.length % PACKED_ID_BYTES !== 0 || sizes.length % 4 !== 0) throw malformed();
  const bytes = unpackSizes(sizes);
  const all = unpackIds(ids);
  if (all.length !== bytes.length || bytes.some((size) => size === 0 || size > CHUNK_MAX_BYTES)) throw malformed();
  return { kind: 'blocks', blocks: all.map((id, index) => ({ id, size: bytes[index]! })) };
}

function malformed(): DfsError {
  return new DfsError('bad-request', 'The message is malformed: blocks and sizes do not agree.');
}
