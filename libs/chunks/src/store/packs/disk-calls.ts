import { DISK_CALLS, DISK_CALL_TIME } from '../limits.js';

/**
 * The error of `DiskCalls`: the disk has not answered. The call goes on, and may still write to the memory it was
 * given.
 */
export class NoAnswer extends Error {
  readonly code = 'ETIMEDOUT';
}

/** Limits of the calls on one disk. */
export interface DiskCallsOptions {
  /** At once. */
  most?: number | undefined;
  /** Milliseconds for the wait and the call. */
  timeMs?: number | undefined;
}

/**
 * Calls that a disk may never answer: so many at once, each with a limit of time. A call that hangs keeps one of the few
 * threads that Node has for all files, so the place it takes is given back only when it ends; where all places hang, and for
 * the pack that hangs, nobody waits any more.
 */
export class DiskCalls {
  readonly #most: number;
  readonly #timeMs: number;
  #running = 0;
  readonly #queue: (() => void)[] = [];
  /** Calls that are late, by the name they are about. */
  readonly #late = new Map<string, number>();
  #lateCalls = 0;

  constructor({ most = DISK_CALLS, timeMs = DISK_CALL_TIME }: DiskCallsOptions = {}) {
    this.#most = most;
    this.#timeMs = timeMs;
  }

  /** Calls that have been waited for in vain and have not come back. */
  get late(): number {
    return this.#lateCalls;
  }

  /** @throws NoAnswer; what the call throws */
  run<T>(name: string, call: () => Promise<T>): Promise<T> {
    if (this.#late.has(name) || this.#lateCalls >= this.#most) return Promise.reject(this.#noAnswer());
    return new Promise<T>((resolve, reject) => {
      let [isRunning, isLate] = [false, false];
      const timer = setTimeout(() => {
        isLate = true;
        if (isRunning) this.#noteLate(name, 1);
        reject(this.#noAnswer());
      }, this.#timeMs);
      const start = (): void => {
        if (isLate) return;
        isRunning = true;
        this.#running++;
        // One that throws at once gives its place back too.
        (async () => call())()
          .then(resolve, reject)
          .finally(() => {
            clearTimeout(timer);
            this.#running--;
            if (isLate) this.#noteLate(name, -1);
            while (this.#running < this.#most && this.#queue.length > 0) this.#queue.shift()!();
          });
      };
      if (this.#running < this.#most) start();
      else this.#queue.push(start);
    });
  }

  #noteLate(name: string, by: 1 | -1): void {
    this.#lateCalls += by;
    const count = (this.#late.get(name) ?? 0) + by;
    if (count > 0) this.#late.set(name, count);
    else this.#late.delete(name);
  }

  #noAnswer(): NoAnswer {
    return new NoAnswer(`the disk has not answered for ${this.#timeMs} ms`);
  }
}
