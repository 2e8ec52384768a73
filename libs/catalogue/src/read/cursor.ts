import { MAX_PAGE } from '@dfs/contracts';
import { decode, encode, sha256, type WireValue } from '@dfs/protocol';
import { DfsError } from '@dfs/runtime';

/** Bytes of the digest that binds a position to its query. */
const SEAL_BYTES = 12;

/** Where a page ended: the value it was sorted by, and the path. */
export interface Position {
  value: number | null;
  path: string;
}

/** A position as opaque text, good for this query only. */
export function sealCursor(query: WireValue, { value, path }: Position): string {
  const position = encode([value, path]);
  return Buffer.concat([seal(query, position), position]).toString('base64url');
}

/** @throws DfsError `invalid-cursor` for what sealCursor did not make for this query. */
export function openCursor(query: WireValue, cursor: string): Position {
  const bytes = Buffer.from(cursor, 'base64url');
  const position = bytes.subarray(SEAL_BYTES);
  if (bytes.toString('base64url') !== cursor || !bytes.subarray(0, SEAL_BYTES).equals(seal(query, position))) {
    throw new DfsError(
      'invalid-cursor',
      'This cursor does not belong to this list: begin the list again without a cursor.',
      {
        errors: [{ field: 'cursor', detail: 'not a nextCursor of the same query' }],
      },
    );
  }
  const [value, path] = decode(position) as [number | null, string];
  return { value, path };
}

function seal(query: WireValue, position: Uint8Array): Buffer {
  return Buffer.from(sha256(Buffer.concat([encode(['dfs-cursor', query]), position]))).subarray(0, SEAL_BYTES);
}

/** Rows of a page for which so many were asked: at least one, at most {@link MAX_PAGE}. */
export function pageLimit(asked: number): number {
  return Math.min(Math.max(1, Math.trunc(asked)), MAX_PAGE);
}
