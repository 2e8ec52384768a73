import { KiB } from '@dfs/runtime';
import type { MembershipRecord } from '@dfs/protocol';
import { framesOf } from '@dfs/transport';

/** Room for other fields, and for one record more, below the limit of a header. */
const FRAME_BYTES = 128 * KiB;
/** Each is one element of a header among those that are allowed. */
const FRAME_RECORDS = 500;

/** Envelopes in parts of which each fits one header. */
export function membershipFrames(records: readonly MembershipRecord[]): Generator<Uint8Array[]> {
  const envelopes = records.map(({ bytes }) => bytes);
  return framesOf(envelopes, { sizeOf: ({ length }) => length, most: FRAME_BYTES, mostItems: FRAME_RECORDS });
}
