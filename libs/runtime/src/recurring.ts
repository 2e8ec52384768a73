import { silentLog, type Log, type Unsubscribe } from './ambient.js';
import { stopping } from './signals.js';
import { systemTimers, type Timers } from './time/timers.js';

/** The rest of a run: more to do at once, or nothing until it is time, or until somebody asks. */
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
  /** The level at which a failed run is logged, a warning or worse; an error of a node that stops is not. */
  readonly failed: string;
  readonly severity?: 'warn' | 'error';
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

/** Timers of a test take the place of the machine's; without a log, failures are only counted. */
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
  /** Also before the run has given its promise. */
  #busy = false;
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
    if (this.#started || this.signal.aborted) return this;
    this.#started = true;
    this.#schedule(this.#asked ? Math.min(first, this.#gather()) : first);
    return this;
  }

  /** There is something to do: runs within `gather`, or within the time given; after the run under way, if there is one. */
  soon(within: number = this.#gather()): void {
    if (this.#busy || !this.#started) this.#asked = true;
    else this.#schedule(within);
  }

  /** A run that begins no earlier than now, when it has ended, well or not. */
  async now(): Promise<void> {
    await this.#running;
    if (this.signal.aborted) return;
    if (!this.#busy) this.#begin();
    await this.#running;
  }

  /** Waits anew, for its pace or for the time given, whenever the next run was to be. During a run as `soon`. */
  reschedule(within: number = valueOf(this.work.every)): void {
    if (this.#busy || !this.#started) return this.soon();
    this.#wait();
    this.#schedule(within);
  }

  /** The next run comes when somebody asks. */
  #wait(): void {
    this.#callOff?.();
    this.#dueAt = Infinity;
  }

  /** Aborts the run under way, and resolves when it has ended. No run is begun any more. */
  async stop(): Promise<void> {
    this.#control.abort(stopping());
    this.#wait();
    await this.#running;
  }

  /** Aborts with `stop`. */
  get signal(): AbortSignal {
    return this.#control.signal;
  }

  /** It was started, and was not stopped. */
  get isOn(): boolean {
    return this.#started && !this.signal.aborted;
  }

  /** A run waits for its time. */
  get isWaiting(): boolean {
    return this.#dueAt !== Infinity;
  }

  status(): WorkStatus {
    return {
      name: this.work.name,
      state: this.#busy ? 'running' : this.isOn ? 'waiting' : 'stopped',
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
    if (!this.isOn || within === Infinity) return;
    if (within <= 0) return this.#begin();
    const dueAt = this.#timers.ticks() + within;
    if (dueAt >= this.#dueAt) return;
    this.#callOff?.();
    this.#dueAt = dueAt;
    this.#callOff = this.#timers.after(within, () => this.#begin());
  }

  #begin(): void {
    this.#wait();
    // A run that was asked for by `now` may be under way when it is started.
    if (this.#busy) return void (this.#asked = true);
    this.#asked = false;
    this.#busy = true;
    this.#running = this.#run().then((pause) => {
      this.#busy = false;
      this.#running = undefined;
      this.#schedule(this.#asked ? Math.min(pause, this.#gather()) : pause);
    });
  }

  /** @returns milliseconds until the next run */
  async #run(): Promise<number> {
    const began = this.#timers.ticks();
    try {
      const ran = await this.work.run(this.#control.signal);
      this.#took = this.#timers.ticks() - began;
      this.#runs++;
      this.#failing = 0;
      this.#lastError = null;
      return ran === 'again' ? this.#gather() : valueOf(this.work.every);
    } catch (error) {
      this.#took = this.#timers.ticks() - began;
      return this.signal.aborted ? Infinity : this.#failed(error);
    }
  }

  #failed(error: unknown): number {
    this.#errors++;
    this.#lastError = error instanceof Error ? error.message : String(error);
    const { retry, every, failed, severity = 'warn' } = this.work;
    this.#log[severity]({ err: error }, failed);
    if (!retry) return valueOf(every);
    return Math.min(retry.longest, retry.first * 2 ** Math.min(this.#failing++, 30));
  }
}

function valueOf(milliseconds: number | (() => number)): number {
  return typeof milliseconds === 'number' ? milliseconds : milliseconds();
}
