import { abortError } from './errors.js';

/** Places that are taken when one more is wanted. */
export interface Taken {
  /** By this key. */
  readonly ofKey: number;
  /** Of those, at this rank. */
  readonly ofRank: number;
  /** By all keys. */
  readonly all: number;
}

/** The rule by which places are given. */
export interface SlotsRule {
  /** Whether a key may take one more place, at this rank. Depends on nothing but these, and on limits that may be set anew. */
  admits(taken: Taken, rank: number): boolean;
  /** Refuses those that would wait beside so many of the same key. */
  readonly waiting?: { readonly most: number; refusal(): Error };
}

/** A place that is wanted. */
export interface SlotOptions {
  readonly signal?: AbortSignal | undefined;
  /** The lowest goes first. 0 when left out. */
  readonly rank?: number;
}

interface Waiter {
  readonly rank: number;
  /** In order of arrival. */
  readonly number: number;
  readonly turn: PromiseWithResolvers<undefined>;
}

/** The places and the queue of one key. */
interface Lane {
  all: number;
  readonly ofRank: Map<number, number>;
  /** By rank, and in order of arrival. */
  readonly waiting: Waiter[];
}

/**
 * A bounded number of places for each key, or over all of them: who finds none waits, those of the lowest rank first, then
 * in order of arrival; a key that may take none holds up no other.
 */
export class Slots {
  readonly #lanes = new Map<string, Lane>();
  readonly #rule: SlotsRule;
  #all = 0;
  #arrivals = 0;

  /** @param rule so many places for each key, or a rule over all of them */
  constructor(rule: number | SlotsRule) {
    this.#rule = typeof rule === 'number' ? { admits: ({ ofKey }) => ofKey < rule } : rule;
  }

  /**
   * Resolves with the function that gives the place back, which may be called more than once.
   * @throws the refusal of the rule where too many wait; DfsError when the signal aborts first
   */
  async take(key: string, { signal, rank = 0 }: SlotOptions = {}): Promise<() => void> {
    if (signal?.aborted) throw abortError(signal);
    const lane = this.#lanes.get(key) ?? { all: 0, ofRank: new Map(), waiting: [] };
    if (this.#admits(lane, rank)) {
      this.#lanes.set(key, lane);
      this.#count(lane, rank, 1);
    } else {
      const { waiting } = this.#rule;
      if (waiting && lane.waiting.length >= waiting.most) throw waiting.refusal();
      this.#lanes.set(key, lane);
      await this.#wait(lane, rank, signal).finally(() => this.#forget(key, lane));
    }
    let given = false;
    return () => {
      if (given) return;
      given = true;
      this.#count(lane, rank, -1);
      this.#admitNext();
      this.#forget(key, lane);
    };
  }

  async #wait(lane: Lane, rank: number, signal: AbortSignal | undefined): Promise<void> {
    const turn = Promise.withResolvers<undefined>();
    const waiter: Waiter = { rank, number: this.#arrivals++, turn };
    const after = lane.waiting.findIndex((other) => other.rank > rank);
    lane.waiting.splice(after < 0 ? lane.waiting.length : after, 0, waiter);
    const onAbort = (): void => {
      const at = lane.waiting.indexOf(waiter);
      if (at >= 0) lane.waiting.splice(at, 1);
      turn.reject(abortError(signal as AbortSignal));
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      await turn.promise;
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }

  /** Lets in all that may, one after another. */
  #admitNext(): void {
    for (let next = this.#next(); next; next = this.#next()) {
      const { lane, waiter } = next;
      lane.waiting.splice(lane.waiting.indexOf(waiter), 1);
      this.#count(lane, waiter.rank, 1);
      waiter.turn.resolve(undefined);
    }
  }

  #next(): { lane: Lane; waiter: Waiter } | undefined {
    let best: { lane: Lane; waiter: Waiter } | undefined;
    for (const lane of this.#lanes.values()) {
      const waiter = this.#firstOf(lane);
      if (waiter && (!best || comesBefore(waiter, best.waiter))) best = { lane, waiter };
    }
    return best;
  }

  /** Of those of one rank all may or none. */
  #firstOf(lane: Lane): Waiter | undefined {
    let refused: number | undefined;
    return lane.waiting.find(({ rank }) => {
      if (rank === refused) return false;
      if (this.#admits(lane, rank)) return true;
      refused = rank;
      return false;
    });
  }

  #admits(lane: Lane, rank: number): boolean {
    return this.#rule.admits({ ofKey: lane.all, ofRank: lane.ofRank.get(rank) ?? 0, all: this.#all }, rank);
  }

  #count(lane: Lane, rank: number, by: 1 | -1): void {
    this.#all += by;
    lane.all += by;
    lane.ofRank.set(rank, (lane.ofRank.get(rank) ?? 0) + by);
  }

  #forget(key: string, lane: Lane): void {
    if (lane.all === 0 && lane.waiting.length === 0 && this.#lanes.get(key) === lane) this.#lanes.delete(key);
  }
}

function comesBefore(one: Waiter, other: Waiter): boolean {
  return one.rank < other.rank || (one.rank === other.rank && one.number < other.number);
}
