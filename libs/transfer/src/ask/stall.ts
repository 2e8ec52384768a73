import { CHUNK_MAX_BYTES } from '@dfs/protocol';
import { second, DfsError, RunningTime } from '@dfs/runtime';
import type { Transport } from '@dfs/transport';
import { LEAVE_AFTER, STALL_CHECK, TRICKLE } from '../limits.js';

/** No block for as long as the largest takes at that: the peer is left, though bytes trickle in. */
export const LEAVE_TRICKLE_AFTER = (CHUNK_MAX_BYTES / TRICKLE) * second;

/**
 * Whether a peer that owes a block has been silent for too long: longer where bytes come, since a large block takes its
 * time on a slow line.
 * @param silent milliseconds
 * @param rate bytes a second that come from it
 */
export function isTooSilent(silent: number, rate: () => number): boolean {
  return silent > LEAVE_AFTER && (silent > LEAVE_TRICKLE_AFTER || rate() < TRICKLE);
}

/** Bytes a second that come from a peer; where a limit of this node's own holds everything back, enough for no blame. */
export function rateFrom(transport: Pick<Transport, 'rates' | 'isHeldBack'>, peerId: string): number {
  return transport.isHeldBack() ? TRICKLE : transport.rates(peerId).receive;
}

/** `timeout`: the reason for which a silent peer is left. */
export function tooSilent(): DfsError {
  return new DfsError('timeout', 'The peer did not send the requested blocks in time.');
}

/** Aborts when no block has come for too long. */
export class Silence {
  private readonly control = new AbortController();
  private readonly timer: NodeJS.Timeout;
  private since: number;

  private readonly time: RunningTime;

  /**
   * @param rate bytes a second that come from the peer
   * @param now milliseconds of a clock that nobody sets
   */
  constructor(
    private readonly rate: () => number,
    now?: () => number,
  ) {
    this.time = new RunningTime(STALL_CHECK, now);
    this.since = this.time.now();
    this.timer = setInterval(() => this.check(), STALL_CHECK).unref();
  }

  get signal(): AbortSignal {
    return this.control.signal;
  }

  /** A block has come. */
  heard(): void {
    this.since = this.time.now();
  }

  end(): void {
    clearInterval(this.timer);
  }

  private check(): void {
    this.time.tick();
    if (!isTooSilent(this.time.now() - this.since, this.rate)) return;
    this.end();
    this.control.abort(tooSilent());
  }
}
