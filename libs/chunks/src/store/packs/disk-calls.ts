import { systemTimers, type Timers, type Unsubscribe } from '@dfs/runtime';
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
  /** The time is for the call alone: the wait for a place goes on for as long as others are answered. */
  isPatient?: boolean | undefined;
  /** By which the time is measured; those of the process when left out. */
  timers?: Timers | undefined;
}

/** A call that waits for its place. */
interface Queued {
  start: () => void;
  refuse: () => void;
}

/**
 * Calls that a disk may never answer: so many at once, each with a limit of time. A call that hangs keeps one of the few
 * threads that Node has for all files, so the place it takes is given back only when it ends; where all places hang, and for
 * the pack that hangs, nobody waits any more.
 */
export class DiskCalls {
  readonly #most: number;
  readonly #timeMs: number;
  readonly #isPatient: boolean;
  readonly #timers: Timers;
  #running = 0;
  readonly #queue: Queued[] = [];
  /** Begin once the disk answers again. */
  readonly #owed: (() => void)[] = [];
  /** Calls that are late, by the name they are about. */
  readonly #late = new Map<string, number>();
  #lateCalls = 0;

  constructor(options: DiskCallsOptions = {}) {
    const { most = DISK_CALLS, timeMs = DISK_CALL_TIME, isPatient = false, timers = systemTimers } = options;
    this.#most = most;
    this.#timeMs = timeMs;
    this.#isPatient = isPatient;
    this.#timers = timers;
  }

  /** Calls that have been waited for in vain and have not come back. */
  get late(): number {
    return this.#lateCalls;
  }

  /** @throws NoAnswer; what the call throws */
  run<T>(name: string, call: () => Promise<T>): Promise<T> {
    if (this.#isHopeless(name)) return Promise.reject(this.#noAnswer());
    return new Promise<T>((resolve, reject) => {
      let [isRunning, isLate] = [false, false];
      let callOff: Unsubscribe | undefined;
      const refuse = (): void => {
        isLate = true;
        callOff?.();
        reject(this.#noAnswer());
        if (isRunning) this.#noteLate(name, 1);
      };
      const start = (): void => {
        if (isLate) return;
        if (this.#isHopeless(name)) return refuse();
        isRunning = true;
        callOff ??= this.#timers.after(this.#timeMs, refuse);
        this.#running++;
        // One that throws at once gives its place back too.
        (async () => call())()
          .finally(() => {
            callOff?.();
            this.#running--;
            if (isLate) this.#noteLate(name, -1);
            while (this.#running < this.#most && this.#queue.length > 0) this.#queue.shift()!.start();
          })
          .then(resolve, reject);
      };
      if (!this.#isPatient) callOff = this.#timers.after(this.#timeMs, refuse);
      if (this.#running < this.#most) start();
      else this.#queue.push({ start, refuse });
    });
  }

  /**
   * Runs a call though nobody waits for it to the end: resolves when it has run, or when the disk does not answer. Where it
   * could not begin, it does once the disk answers again.
   * @throws what the call throws in time
   */
  async later(name: string, call: () => Promise<void>): Promise<void> {
    let isBegun = false;
    const begin = (): Promise<void> => {
      isBegun = true;
      return call();
    };
    try {
      await this.run(name, begin);
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
      if (!isBegun) this.#owed.push(() => void this.later(name, call).catch(() => undefined));
    }
  }

  #isHopeless(name: string): boolean {
    return this.#late.has(name) || this.#lateCalls >= this.#most;
  }

  #noteLate(name: string, by: 1 | -1): void {
    this.#lateCalls += by;
    const count = (this.#late.get(name) ?? 0) + by;
    if (count > 0) this.#late.set(name, count);
    else this.#late.delete(name);
    if (this.#lateCalls >= this.#most) for (const { refuse } of this.#queue.splice(0)) refuse();
    if (by < 0) for (const begin of this.#owed.splice(0)) begin();
  }

  #noAnswer(): NoAnswer {
    return new NoAnswer(`the disk has not answered for ${this.#timeMs} ms`);
  }
}
