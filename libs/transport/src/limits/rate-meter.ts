import type { Clock } from '@dfs/runtime';
import { RATE_SLOT, RATE_SLOTS } from '../constants.js';
import type { Rates } from '../transport.js';

interface Slot {
  /** Number of the slot since 1970. */
  at: number;
  received: number;
  sent: number;
}

/** Bytes to and from each peer: rates over the last seconds, totals since the start. */
export class RateMeter {
  readonly #slots = new Map<string, Slot[]>();
  readonly #totals = { received: 0, sent: 0 };

  constructor(private readonly clock: Clock) {}

  get totals(): { readonly received: number; readonly sent: number } {
    return this.#totals;
  }

  received(peerId: string, bytes: number): void {
    this.#totals.received += bytes;
    this.#slot(peerId).received += bytes;
  }

  sent(peerId: string, bytes: number): void {
    this.#totals.sent += bytes;
    this.#slot(peerId).sent += bytes;
  }

  rates(peerId: string): Rates {
    const oldest = this.#now() - RATE_SLOTS;
    const slots = (this.#slots.get(peerId) ?? []).filter((slot) => slot.at > oldest);
    const seconds = (RATE_SLOTS * RATE_SLOT) / 1000;
    return {
      receive: slots.reduce((sum, slot) => sum + slot.received, 0) / seconds,
      send: slots.reduce((sum, slot) => sum + slot.sent, 0) / seconds,
    };
  }

  forget(peerId: string): void {
    this.#slots.delete(peerId);
  }

  #now(): number {
    return Math.floor(this.clock.now() / RATE_SLOT);
  }

  #slot(peerId: string): Slot {
    const at = this.#now();
    let slots = this.#slots.get(peerId);
    if (!slots) this.#slots.set(peerId, (slots = []));
    const last = slots.at(-1);
    if (last?.at === at) return last;
    const slot = { at, received: 0, sent: 0 };
    slots.push(slot);
    if (slots.length > RATE_SLOTS + 1) slots.shift();
    return slot;
  }
}
