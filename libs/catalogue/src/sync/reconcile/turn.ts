import { slices } from '@dfs/database';
import { DfsError } from '@dfs/runtime';
import { MAX_RANGES_PER_FRAME, SYNC_MAX_BITS, SYNC_PARTS, unpackIndexes } from '@dfs/protocol';
import type { IdRange } from '../../store/fingerprints.js';

/** A range and short ids in it. */
export interface Listed {
  range: IdRange;
  ids: readonly string[];
}

/** The next turn of one side. */
export interface Turn {
  readonly limits: TurnLimits;
  /** Ranges whose parts' fingerprints are to be sent. */
  divide: IdRange[];
  /** Ranges whose ids are to be listed. */
  list: IdRange[];
  /** Ids and ranges to ask for. */
  want: Listed[];
  wanted: number;
  all: IdRange[];
  /** Ids and ranges whose records are to be sent. */
  sendIds: string[];
  sendRanges: IdRange[];
  /** There is more than one exchange takes on: the next will find it to differ still. */
  rest: boolean;
}

/** All ids there are. */
export const WHOLE: IdRange = { bits: 0, index: 0 };

/** Bounds on what a side must remember in one turn. */
export interface TurnLimits {
  /** Ids of a range that is listed; one that has more is divided. */
  listed: number;
  /** Ranges that are divided. */
  divided: number;
  /** Records that are asked for, or sent, by id. */
  moved: number;
}
/** Beyond so many ids of a range, dividing it costs less than listing them. */
export const TURN_LIMITS: TurnLimits = { listed: SYNC_PARTS, divided: 256, moved: 100_000 };

/** A turn that asks for nothing and sends nothing; `compare` fills it up to these limits. */
export function emptyTurn(limits: TurnLimits): Turn {
  return { limits, divide: [], list: [], want: [], wanted: 0, all: [], sendIds: [], sendRanges: [], rest: false };
}

/** Whether it asks the other side for something. */
export function asks({ divide, list, want, all }: Turn): boolean {
  return divide.length + list.length + want.length + all.length > 0;
}

/** Lists a range, or divides it. @param count ids this side has in it */
export function lookInto(turn: Turn, range: IdRange, count: number): void {
  if (count <= turn.limits.listed || range.bits === SYNC_MAX_BITS) turn.list.push(range);
  else turn.divide.push(range);
}

/**
 * Leaves what is too much for one exchange. Which ranges is left to chance: differences that do not go away must not
 * stand before the others for ever.
 */
export function limit(turn: Turn): void {
  const { divide, limits } = turn;
  if (divide.length <= limits.divided) return;
  turn.rest = true;
  for (let at = 0; at < limits.divided; at++) {
    const other = at + Math.floor(Math.random() * (divide.length - at));
    [divide[at], divide[other]] = [divide[other] as IdRange, divide[at] as IdRange];
  }
  divide.length = limits.divided;
}

/** By the bits of their ranges, and in ascending order, in lists that fit a frame. */
export function* byBits<T>(items: readonly T[], rangeOf: (item: T) => IdRange): Iterable<[number, T[]]> {
  for (const bits of new Set(items.map((item) => rangeOf(item).bits))) {
    const alike = items.filter((item) => rangeOf(item).bits === bits);
    alike.sort((a, b) => rangeOf(a).index - rangeOf(b).index);
    for (const part of slices(alike, MAX_RANGES_PER_FRAME)) yield [bits, part];
  }
}

/** The ranges that a message names. @throws DfsError `bad-request` */
export function rangesOf({ bits, of }: { bits: number; of: Uint8Array }): IdRange[] {
  return unpackIndexes(of, bits).map((index) => ({ bits, index }));
}

/** The error that ends an exchange whose other side breaks the protocol. `what` completes "The peer sent …". */
export function misbehaved(what: string): DfsError {
  return new DfsError('peer-misbehaved', `The peer sent ${what} during a comparison of catalogues.`);
}
