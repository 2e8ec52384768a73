import {
  shortIdOf,
  SYNC_MAX_BITS,
  SYNC_PARTS,
  SYNC_PRINT_BYTES,
  SYNC_STEP_BITS,
  unpackCounts,
  unpackShortIds,
  type SyncMessage,
  toHex,
} from '@dfs/protocol';
import type { RangePart } from '../../store/range-reader.js';
import type { RecordSet } from '../../store/record-set.js';
import { lookInto, misbehaved, rangesOf, type Listed, type Turn } from './turn.js';

type Message<T extends SyncMessage['t']> = Extract<SyncMessage, { t: T }>;
type Ranges = Pick<RecordSet, 'ranges'>;

/** Holds the other side's fingerprints against mine; what follows from each goes into `turn`. */
export async function comparePrints(
  records: Ranges,
  salt: Uint8Array,
  message: Message<'prints'>,
  payload: Uint8Array,
  turn: Turn,
): Promise<void> {
  const parents = rangesOf(message);
  const fits = payload.length === parents.length * SYNC_PARTS * SYNC_PRINT_BYTES;
  if (message.bits + SYNC_STEP_BITS > SYNC_MAX_BITS || !fits)
    throw misbehaved('fingerprints that do not fit their ranges');
  const reader = records.ranges();
  let at = 0;
  for (const parent of parents) {
    for (const part of await reader.parts(parent, salt)) {
      comparePart(part, payload.subarray(at, (at += SYNC_PRINT_BYTES)), turn);
    }
  }
}

function comparePart({ range, count, print }: RangePart, theirs: Uint8Array, turn: Turn): void {
  if (Buffer.compare(print, theirs) === 0) return;
  if (theirs.every((byte) => byte === 0)) turn.sendRanges.push(range);
  else if (count === 0) turn.all.push(range);
  else lookInto(turn, range, count);
}

/** Holds the other side's ids against mine, likewise. */
export async function compareIds(
  records: Ranges,
  salt: Uint8Array,
  message: Message<'ids'>,
  payload: Uint8Array,
  turn: Turn,
): Promise<void> {
  const reader = records.ranges();
  for (const { range, ids } of listedIn(message, payload)) {
    const theirs = new Set(ids);
    for (const { id, inSet } of await reader.ids(range)) {
      // Records stored here outside the set are neither sent nor asked for.
      if (!theirs.delete(shortIdOf(salt, id)) && inSet) sendId(turn, id);
    }
    if (theirs.size === 0) continue;
    const isFull = turn.wanted >= turn.limits.moved;
    turn.rest ||= isFull;
    if (isFull) continue;
    turn.want.push({ range, ids: [...theirs] });
    turn.wanted += theirs.size;
  }
}

/** Finds the records that the other side asks for by their short ids. */
export async function findWanted(
  records: Ranges,
  salt: Uint8Array,
  message: Message<'want'>,
  payload: Uint8Array,
  turn: Turn,
): Promise<void> {
  const reader = records.ranges();
  for (const { range, ids } of listedIn(message, payload)) {
    const wanted = new Set(ids);
    for (const { id, inSet } of await reader.ids(range)) if (inSet && wanted.has(shortIdOf(salt, id))) sendId(turn, id);
  }
}

function sendId(turn: Turn, id: Uint8Array): void {
  if (turn.sendIds.length < turn.limits.moved) turn.sendIds.push(toHex(id));
  else turn.rest = true;
}

function listedIn(message: Message<'ids' | 'want'>, payload: Uint8Array): Listed[] {
  const ranges = rangesOf(message);
  const counts = unpackCounts(message.counts);
  const ids = unpackShortIds(payload);
  if (counts.length !== ranges.length || counts.reduce((sum, count) => sum + count, 0) !== ids.length) {
    throw misbehaved('ids that do not add up');
  }
  let at = 0;
  return ranges.map((range, nth) => ({ range, ids: ids.slice(at, (at += counts[nth] as number)) }));
}
