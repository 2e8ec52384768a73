import {
  SYNC_PARTS,
  SYNC_PRINT_BYTES,
  SYNC_STEP_BITS,
  unpackCounts,
  unpackRecordIds,
  type SyncMessage,
} from '@dfs/protocol';
import { LEAF_BITS, type IdRange } from '../fingerprints.js';
import type { RecordSet } from '../record-set.js';
import { misbehaved, rangesOf, type Turn } from './turn.js';

type Message<T extends SyncMessage['t']> = Extract<SyncMessage, { t: T }>;

/** Holds the other side's fingerprints against mine; what follows from each goes into `turn`. */
export function comparePrints(
  records: Pick<RecordSet, 'print'>,
  salt: Uint8Array,
  message: Message<'prints'>,
  payload: Uint8Array,
  turn: Turn,
): void {
  const parents = rangesOf(message);
  const bits = message.bits + SYNC_STEP_BITS;
  if (bits > LEAF_BITS || payload.length !== parents.length * SYNC_PARTS * SYNC_PRINT_BYTES) {
    throw misbehaved('fingerprints that do not fit their ranges');
  }
  for (const [nth, parent] of parents.entries()) {
    for (let part = 0; part < SYNC_PARTS; part++) {
      const at = (nth * SYNC_PARTS + part) * SYNC_PRINT_BYTES;
      const range = { bits, index: parent.index * SYNC_PARTS + part };
      comparePrint(range, records.print(range, salt), payload.subarray(at, at + SYNC_PRINT_BYTES), turn);
    }
  }
}

function comparePrint(range: IdRange, mine: Uint8Array, theirs: Uint8Array, turn: Turn): void {
  if (Buffer.compare(mine, theirs) === 0) return;
  if (isEmpty(theirs)) turn.sendRanges.push(range);
  else if (isEmpty(mine)) turn.all.push(range);
  else if (range.bits < LEAF_BITS) turn.divide.push(range);
  else turn.list.push(range);
}

/** Holds the other side's ids against mine, likewise. */
export async function compareIds(
  records: Pick<RecordSet, 'idsIn' | 'missing'>,
  message: Message<'ids'>,
  payload: Uint8Array,
  turn: Turn,
): Promise<void> {
  const ranges = rangesOf(message);
  const counts = unpackCounts(message.counts);
  const theirs = unpackRecordIds(payload);
  if (counts.length !== ranges.length || counts.reduce((sum, count) => sum + count, 0) !== theirs.length) {
    throw misbehaved('ids that do not add up');
  }
  const listed = new Set(theirs);
  for (const range of ranges) {
    for (const id of await records.idsIn(range)) if (!listed.has(id)) turn.sendIds.push(id);
  }
  turn.want.push(...(await records.missing(theirs)));
}

function isEmpty(print: Uint8Array): boolean {
  return print.every((byte) => byte === 0);
}
