import type { MessageStream, StreamMuxer } from '@libp2p/interface';
import { systemTimers, type Timers } from '@dfs/runtime';
import { KEEPALIVE_AFTER, KEEPALIVE_REST, KEEPALIVE_TICK, KEEPALIVE_TIMEOUT } from '../constants.js';

/** A muxer that can ask the other side for a sign of life. */
export interface PingableMuxer {
  /** Milliseconds there and back. Never settles when the connection is lost: always give a signal. */
  ping(options: { signal: AbortSignal }): Promise<number>;
}

const pulses = new WeakMap<object, KeepAlive>();

/** Of a connection's muxer, once it is watched. */
export function pulseOf(muxer: object | undefined): KeepAlive | undefined {
  return muxer && pulses.get(muxer);
}

/**
 * Watches for silence on one connection, and cuts it when the other side gives no sign of life. yamux's own keep-alive
 * asks for one but draws no conclusion when none comes, and asks even while data flows.
 */
export class KeepAlive {
  private heard: number;
  private asked = 0;
  private looked: number;
  private isClose = true;

  static watch(
    muxer: StreamMuxer & Partial<PingableMuxer>,
    connection: MessageStream,
    timers: Pick<Timers, 'ticks' | 'every'> = systemTimers,
  ): KeepAlive {
    const pulse = new KeepAlive(muxer, connection, timers);
    pulses.set(muxer, pulse);
    return pulse;
  }

  private constructor(
    private readonly muxer: StreamMuxer & Partial<PingableMuxer>,
    private readonly connection: MessageStream,
    private readonly timers: Pick<Timers, 'ticks' | 'every'>,
  ) {
    this.heard = this.looked = this.now();
    connection.addEventListener('message', () => {
      this.heard = this.now();
    });
    const end = timers.every(KEEPALIVE_TICK, () => this.look());
    connection.addEventListener('close', end, { once: true });
  }

  private now(): number {
    return this.timers.ticks();
  }

  /** Whether silence shows soon; otherwise it is left to what members tell each other now and then. */
  watchClosely(isClose: boolean): void {
    this.isClose = isClose;
  }

  /** There is reason to doubt that the other side lives: it is asked now. */
  probe(): void {
    if (this.asked <= this.heard && this.now() - this.heard > KEEPALIVE_TICK) this.ask();
  }

  private look(): void {
    const now = this.now();
    // This process slept or was kept busy: an answer may have come that it has not read yet.
    const overslept = now - this.looked > 2 * KEEPALIVE_TICK;
    this.looked = now;
    if (this.asked > this.heard) {
      if (overslept) return this.ask();
      if (now - this.asked >= KEEPALIVE_TIMEOUT) this.connection.abort(new Error('the peer gives no sign of life'));
    } else if (now - this.heard >= (this.isClose ? KEEPALIVE_AFTER : KEEPALIVE_REST)) this.ask();
  }

  private ask(): void {
    this.asked = this.now();
    // The answer shows as a message; what this promise says is the same, later.
    this.muxer.ping?.({ signal: AbortSignal.timeout(KEEPALIVE_TIMEOUT) }).catch(() => {});
  }
}
