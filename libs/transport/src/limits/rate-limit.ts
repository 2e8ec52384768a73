import { second, TokenBucket } from '@dfs/runtime';
import { COPY_SLICE_BYTES, PACE_BURST, PACE_LEAST, PACE_TURNS } from '../constants.js';
import type { TransferLimits } from '../transport.js';

interface Waiting {
  readonly bytes: number;
  readonly go: () => void;
}

/** Keeps what all channels together move in one direction to so many bytes a second. They have their turns in order. */
export class Pace {
  private bucket: TokenBucket | undefined;
  private current: number | undefined;
  private waiting: Waiting[] = [];
  private timer: NodeJS.Timeout | undefined;

  /** @param now milliseconds of a clock that nobody sets */
  constructor(private readonly now?: () => number) {}

  /** Bytes a second; undefined for as many as can be. */
  get rate(): number | undefined {
    return this.current;
  }

  /** Bytes that may move in one turn. */
  get turn(): number {
    return Math.min(COPY_SLICE_BYTES, Math.max(PACE_LEAST, Math.floor((this.current ?? Infinity) / PACE_TURNS)));
  }

  /** Somebody waits for a turn. */
  get isFull(): boolean {
    return this.waiting.length > 0;
  }

  /** @param rate bytes a second, undefined for as many as can be; holds at once for those who wait, too */
  limit(rate: number | undefined): void {
    this.current = rate;
    const burst = Math.max(COPY_SLICE_BYTES, ((rate ?? 0) * PACE_BURST) / second);
    this.bucket = rate === undefined ? undefined : new TokenBucket(rate, burst, this.now);
    clearTimeout(this.timer);
    this.timer = undefined;
    this.next();
  }

  /** Counts bytes that wait for nobody. */
  count(bytes: number): void {
    this.bucket?.take(bytes);
  }

  /**
   * Counts bytes that are about to move; undefined when they may do so now.
   * @throws the reason of the signal
   */
  take(bytes: number, signal: AbortSignal): Promise<void> | undefined {
    if (!this.bucket) return undefined;
    if (this.waiting.length === 0 && this.bucket.wait === 0) {
      this.bucket.take(bytes);
      return undefined;
    }
    return this.inTurn(bytes, signal);
  }

  private async inTurn(bytes: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    const turn = { bytes, go: () => resolve(undefined) };
    const leave = (): void => {
      this.waiting = this.waiting.filter((other) => other !== turn);
      reject(signal.reason as Error);
    };
    this.waiting.push(turn);
    signal.addEventListener('abort', leave, { once: true });
    this.next();
    try {
      await promise;
    } finally {
      signal.removeEventListener('abort', leave);
    }
  }

  private next(): void {
    if (this.timer) return;
    while (this.waiting.length > 0) {
      const wait = this.bucket?.wait ?? 0;
      if (wait > 0) {
        this.timer = setTimeout(() => {
          this.timer = undefined;
          this.next();
        }, wait).unref();
        return;
      }
      const turn = this.waiting.shift()!;
      this.bucket?.take(turn.bytes);
      turn.go();
    }
  }
}

/** The limits of the limited channels of one transport, in both directions. */
export class Paces {
  readonly send = new Pace();
  readonly receive = new Pace();

  get limits(): TransferLimits {
    return { send: this.send.rate, receive: this.receive.rate };
  }

  set limits({ send, receive }: TransferLimits) {
    this.send.limit(send);
    this.receive.limit(receive);
  }
}
