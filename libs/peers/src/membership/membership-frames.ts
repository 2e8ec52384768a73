import { KiB } from '@dfs/runtime';
import type { MembershipRecord } from '@dfs/protocol';

/** Room for other fields, and for one record more, below the limit of a header. */
const FRAME_BYTES = 128 * KiB;
/** Each is one element of a header among those that are allowed. */
const FRAME_RECORDS = 500;

/** Envelopes in parts of which each fits one header. */
export function* membershipFrames(records: readonly MembershipRecord[]): Generator<Uint8Array[]> {
  let part: Uint8Array[] = [];
  let size = 0;
  for (const { bytes } of records) {
    if (part.length > 0 && (size + bytes.length > FRAME_BYTES || part.length >= FRAME_RECORDS)) {
      yield part;
      part = [];
      size = 0;
    }
    part.push(bytes);
    size += bytes.length;
  }
  if (part.length > 0) yield part;
}
