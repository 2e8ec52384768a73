import { setTimeout as sleep } from 'node:timers/promises';
import { isIPv6 } from 'node:net';
import { minute, second, type Clock, type Log } from '@dfs/runtime';

/** Where a token can be shown. */
export type TokenEntrance = 'sign-in' | 'bearer' | 'socket' | 'webdav' | 's3';

/** Wrong tokens of one address that are answered at once: a person who mistypes does not wait. */
const FREE_GUESSES = 5;
/** The answer to the next one waits this long, to each further one twice as long. */
const FIRST_DELAY = second / 4;
const MAX_DELAY = 2 * second;
/** An address that sends no wrong token for this long begins anew. */
const BURST_GAP = minute;
/** Addresses remembered; more at once are an attack, and the oldest are forgotten. */
const MAX_ADDRESSES = 1000;
/** Answers that wait at once. Beyond, they are given at once: the limit costs the node no memory. */
const MAX_WAITING = 256;
/** Groups of an IPv6 address that one host has for itself: it can choose the rest as it likes. */
const IPV6_GROUPS = 4;

/** The parts by which wrong tokens are slowed down; tests put a pause of their own in place of time. */
export interface GuessLimitComponents {
  clock: Clock;
  log: Log;
  /** Resolves after so many milliseconds. */
  pause?: (ms: number) => Promise<unknown>;
}

interface Burst {
  guesses: number;
  last: number;
}

/**
 * Slows down those who guess the token, at all entrances together. Only the answer to a wrong token waits; the right one
 * is never refused nor delayed, whoever shares the address. A token has 128 bits and more: this keeps the log readable
 * rather than the door shut, by one warning for each burst.
 */
export class GuessLimit {
  private readonly bursts = new Map<string, Burst>();
  private readonly pause: (ms: number) => Promise<unknown>;
  private waiting = 0;

  constructor(private readonly components: GuessLimitComponents) {
    this.pause = components.pause ?? ((ms) => sleep(ms, undefined, { ref: false }));
  }

  /** To be called for every wrong token; resolves when it may be answered. */
  async wrong(address: string, entrance: TokenEntrance): Promise<void> {
    const guesses = this.count(address, entrance);
    if (guesses <= FREE_GUESSES || this.waiting >= MAX_WAITING) return;
    this.waiting += 1;
    try {
      await this.pause(Math.min(MAX_DELAY, FIRST_DELAY * 2 ** (guesses - FREE_GUESSES - 1)));
    } finally {
      this.waiting -= 1;
    }
  }

  private count(address: string, entrance: TokenEntrance): number {
    const now = this.components.clock.now();
    const host = hostOf(address);
    const known = this.bursts.get(host);
    const goesOn = known !== undefined && Math.abs(now - known.last) < BURST_GAP;
    const burst = { guesses: (goesOn ? known.guesses : 0) + 1, last: now };
    // Moved to the end: the first of the map is the one that has been quiet for longest.
    this.bursts.delete(host);
    this.bursts.set(host, burst);
    if (this.bursts.size > MAX_ADDRESSES) this.bursts.delete(this.bursts.keys().next().value as string);
    if (!goesOn) {
      this.components.log.warn(
        { from: address, entrance },
        'somebody shows a wrong token; more from the same address are not logged until it has stopped for a minute',
      );
    }
    return burst.guesses;
  }
}

/** One host has a whole /64 of IPv6 addresses. */
function hostOf(address: string): string {
  if (!isIPv6(address) || address.startsWith('::ffff:')) return address;
  const [head = '', tail] = address.split('%', 1)[0]?.split('::') ?? [];
  const groups = head === '' ? [] : head.split(':');
  // `::` stands for as many zeros as are missing.
  const zeros = tail === undefined ? 0 : 8 - groups.length - (tail === '' ? 0 : tail.split(':').length);
  const all = [...groups, ...Array<string>(Math.max(0, zeros)).fill('0'), ...(tail ? tail.split(':') : [])];
  return all.slice(0, IPV6_GROUPS).join(':');
}
