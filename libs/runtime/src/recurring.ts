import { silentLog, type Log, type Unsubscribe } from './ambient.js';
import { stopping } from './signals.js';
import { systemTimers, type Timers } from './timers.js';

/** What a run has left: more to do at once, or nothing until it is time, or until somebody asks. */
export type Ran = 'again' | 'idle';

/** Work of the background. Times are in milliseconds; a function is asked whenever it is needed. */
export interface Work {
  /** One or a few words, as shown to a person: `free what nothing needs`. */
  readonly name: string;
  /** From the end of an idle run to the next. Infinity: only when somebody asks. */
  readonly every: number | (() => number);
  /** From `soon`, or from a run that has left more to do, to the run: what comes together is done together. */
  readonly gather?: number | (() => number);
  /** After a run that failed, doubled with each that fails after it up to `longest`. `every` when left out. */
  readonly retry?: { readonly first: number; readonly longest: number };
  /** What is logged when a run fails; an error of a node that stops is not. */
  readonly failed: string;
  run(signal: AbortSignal): Promise<Ran>;
}

/** Where a piece of work stands, since this process began. */
export interface WorkStatus {
  readonly name: string;
  readonly state: 'running' | 'waiting' | 'stopped';
  /** Runs that ended well, and those that failed. */
  readonly runs: number;
  readonly errors: number;
  /** Message of the last run that failed, until one ends well; null when there is none. */
  readonly lastError: string | null;
  /** Milliseconds the last run took; null before the first has ended. */
  readonly tookMs: number | null;
}

export interface RecurringOptions {
  timers?: Timers;
  log?: Log;
}

/**
 * Runs work again and again in the background, one run at a time: at its pace, soon when it is asked to, ever more seldom
 * while it fails. The one form of all such loops, so that a node can say what it is doing.
 */
export class Recurring {
  readonly #control = new AbortController();
  readonly #timers: Timers;
  readonly #log: Log;
  #callOff: Unsubscribe | undefined;
  #dueAt = Infinity;
  #running: Promise<void> | undefined;
  /** Somebody asked during the run. */
  #asked = false;
  #started = false;
  #runs = 0;
  #errors = 0;
  /** Runs that failed in a row. */
  #failing = 0;
  #lastError: string | null = null;
  #took: number | null = null;

  constructor(
    private readonly work: Work,
    { timers = systemTimers, log = silentLog }: RecurringOptions = {},
  ) {
    this.#timers = timers;
    this.#log = log;
  }

  /** Runs from now on, first after so many milliseconds; after its pace when left out. */
  start(first: number = valueOf(this.work.every)): this {
    if (this.#started || this.isStopped) return this;
    this.#started = true;
    this.#schedule(this.#asked ? Math.min(first, this.#gather()) : first);
    this.#asked = false;
    return this;
  }

  /** There is something to do: runs within `gather`, or within the time given; after the run under way, if there is one. */
  soon(within: number = this.#gather()): void {
    if (this.#running || !this.#started) this.#asked = true;
    else this.#schedule(within);
  }

  /** A run that begins no earlier than now, when it has ended, well or not. */
  async now(): Promise<void> {
    if (this.#running) await this.#running;
    if (this.isStopped) return;
    this.#callOff?.();
    await (this.#running ?? this.#begin());
  }

  /** Waits anew from now on: its pace is another. A run that is asked for comes as it would have. */
  reschedule(within: number = valueOf(this.work.every)): void {
    if (this.#running || !this.#started) return;
    this.#callOff?.();
    this.#dueAt = Infinity;
    this.#schedule(within);
  }

  /** Aborts the run under way, and resolves when it has ended. No run is begun any more. */
  async stop(): Promise<void> {
    this.#control.abort(stopping());
    this.#callOff?.();
    await this.#running;
  }

  /** Aborts with `stop`. */
  get signal(): AbortSignal {
    return this.#control.signal;
  }

  get isStopped(): boolean {
    return this.#control.signal.aborted;
  }

  /** A run waits for its time. */
  get isWaiting(): boolean {
    return this.#dueAt !== Infinity;
  }

  status(): WorkStatus {
    return {
      name: this.work.name,
      state: this.isStopped ? 'stopped' : this.#running ? 'running' : 'waiting',
      runs: this.#runs,
      errors: this.#errors,
      lastError: this.#lastError,
      tookMs: this.#took,
    };
  }

  #gather(): number {
    return valueOf(this.work.gather ?? 0);
  }

  /** The earlier of two times counts. */
  #schedule(within: number): void {
    if (this.isStopped || within === Infinity) return;
    const dueAt = this.#timers.ticks() + within;
    if (dueAt >= this.#dueAt) return;
    this.#callOff?.();
    this.#dueAt = dueAt;
    this.#callOff = this.#timers.after(within, () => void this.#begin());
  }

  #begin(): Promise<void> {
    this.#dueAt = Infinity;
    this.#asked = false;
    this.#running = this.#run().then((pause) => {
      this.#running = undefined;
      if (this.#started) this.#schedule(pause);
    });
    return this.#running;
  }

  /** @returns milliseconds until the next run */
  async #run(): Promise<number> {
    const began = this.#timers.ticks();
    let pause: number;
    try {
      const ran = await this.work.run(this.#control.signal);
      this.#runs++;
      this.#failing = 0;
      this.#lastError = null;
      this.#took = this.#timers.ticks() - began;
      pause = ran === 'again' ? this.#gather() : valueOf(this.work.every);
    } catch (error) {
      this.#took = this.#timers.ticks() - began;
      pause = this.isStopped ? Infinity : this.#failed(error);
    }
    return this.#asked ? Math.min(pause, this.#gather()) : pause;
  }

  #failed(error: unknown): number {
    this.#errors++;
    this.#lastError = error instanceof Error ? error.message : String(error);
    this.#log.warn({ err: error, work: this.work.name }, this.work.failed);
    const { retry, every } = this.work;
    if (!retry) return valueOf(every);
    return Math.min(retry.longest, retry.first * 2 ** Math.min(this.#failing++, 30));
  }
}

function valueOf(milliseconds: number | (() => number)): number {
  return typeof milliseconds === 'number' ? milliseconds : milliseconds();
}
