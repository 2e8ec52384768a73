import { DfsError, MAX_RANGES_PER_FRAME, unpackIndexes } from '@dfs/protocol';
import { LEAF_BITS, type IdRange } from '../fingerprints.js';
import { slices } from '../slices.js';

/** What one side has to say next. */
export interface Turn {
  /** Ranges whose parts' fingerprints are to be sent. */
  divide: IdRange[];
  /** Ranges whose ids are to be listed. */
  list: IdRange[];
  /** Ids and ranges to ask for. */
  want: string[];
  all: IdRange[];
  /** Ids and ranges whose records are to be sent. */
  sendIds: string[];
  sendRanges: IdRange[];
}

/** All ids there are. */
export const WHOLE: IdRange = { bits: 0, index: 0 };

export function emptyTurn(): Turn {
  return { divide: [], list: [], want: [], all: [], sendIds: [], sendRanges: [] };
}

/** Whether it asks the other side for something. */
export function asks({ divide, list, want, all }: Turn): boolean {
  return divide.length + list.length + want.length + all.length > 0;
}

/** Ranges by their bits, ascending, in lists that fit a frame. */
export function* byBits(ranges: readonly IdRange[]): Iterable<[number, number[]]> {
  for (const bits of new Set(ranges.map((range) => range.bits))) {
    const indexes = ranges.filter((range) => range.bits === bits).map((range) => range.index);
    for (const part of slices(
      indexes.sort((a, b) => a - b),
      MAX_RANGES_PER_FRAME,
    )) {
      yield [bits, part];
    }
  }
}

/** The ranges that a message names. @throws DfsError `bad-request`, `peer-misbehaved` */
export function rangesOf({ bits, of }: { bits: number; of: Uint8Array }): IdRange[] {
  if (bits > LEAF_BITS) throw misbehaved('ranges finer than agreed');
  return unpackIndexes(of, bits).map((index) => ({ bits, index }));
}

export function misbehaved(what: string): DfsError {
  return new DfsError('peer-misbehaved', `The peer sent ${what} while catalogues were compared.`);
}
