import {
  MiB,
  Recurring,
  day,
  hour,
  minute,
  second,
  silentLog,
  systemClock,
  type Clock,
  type Log,
  type Ran,
  type WorkStatus,
} from '@dfs/runtime';
import type { Database } from '@dfs/database';
import { lastPackId } from '../store/index/chunk-index.js';
import type { ChunkStore } from '../store/chunk-store.js';
import type { Scrubbed } from '../store/damage/scrub.js';
import { ScrubLog, figuresOf, type PassUnderWay, type ScrubPass } from './scrub-log.js';

/** The store that the scrub reads, and the database in which it notes how far it is. */
export interface ScrubberComponents {
  db: Database;
  store: Pick<ChunkStore, 'verifySome' | 'verifyDamaged' | 'usage'>;
  clock?: Clock;
  log?: Log;
}

/** Pace of the scrub: as of a node that runs for months when left out. */
export interface ScrubberOptions {
  /** Milliseconds from the begin of a pass to the begin of the next. */
  every?: number;
  /** Milliseconds after `start` in which nothing is read. */
  startDelay?: number;
  /** Bytes a second at least; more where a pass would not be done in half the time there is for it. */
  bytesPerSecond?: number;
  /** Share of the time that is spent on reading and hashing, at most. */
  share?: number;
}

/** How the scrub stands. */
export interface ScrubStatus {
  /** Since this process began. */
  readonly verified: Scrubbed;
  /** The pass under way; null between passes. `share`: of the bytes there are, 0 to 1. */
  readonly underWay: (ScrubPass & { readonly share: number }) | null;
  /** The last pass that looked at everything. */
  readonly last: ScrubPass | null;
  /** A pass should have been finished by now, and was not. */
  readonly overdue: boolean;
}

/** Bit rot is found within so long. */
const EVERY = 30 * day;
const START_DELAY = 2 * minute;
const BYTES_PER_SECOND = 4 * MiB;
const SHARE = 0.1;
/** A block costs a look-up besides its bytes. */
const BLOCK_COST_BYTES = 4096;
/** Slices of a second's pace: a short one holds up reclaiming for a moment only. */
const SLICES_PER_SECOND = 4;
/** A crash costs so much of a pass. */
const SAVE_EVERY = 30 * second;
const RETRY_AFTER = 1 * minute;
const LONGEST_WAIT = 1 * hour;

/** Reads and hashes everything in the background, again and again, and remembers over restarts how far it is. */
export class Scrubber {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #passes: ScrubLog;
  readonly #options: Required<ScrubberOptions>;
  readonly #reading: Recurring;
  readonly #verified: { -readonly [K in keyof Scrubbed]: Scrubbed[K] } = { chunks: 0, bytes: 0, damaged: 0 };
  /** Milliseconds until the next slice, or the next pass. */
  #rest = 0;
  #saved = -Infinity;
  /** When damaged chunks were last tried again, by performance.now(): the store does so as it is opened. */
  #lookedAgain = performance.now();

  private constructor(
    private readonly components: ScrubberComponents,
    options: ScrubberOptions,
    private last: ScrubPass | null,
    private underWay: PassUnderWay | null,
    private readonly openedAt: number,
  ) {
    this.#log = components.log ?? silentLog;
    this.#clock = components.clock ?? systemClock;
    this.#passes = new ScrubLog(components.db);
    this.#options = {
      every: EVERY,
      startDelay: START_DELAY,
      bytesPerSecond: BYTES_PER_SECOND,
      share: SHARE,
      ...options,
    };
    this.#reading = new Recurring(
      {
        name: 'read and hash what is stored',
        every: () => this.#rest,
        retry: { first: RETRY_AFTER, longest: RETRY_AFTER },
        failed: 'the scrub met an error and goes on in a while',
        run: (signal) => this.#run(signal),
      },
      { log: this.#log },
    );
  }

  /** Knows where the last run of the node left off. */
  static async open(components: ScrubberComponents, options: ScrubberOptions = {}): Promise<Scrubber> {
    const { last, underWay } = await new ScrubLog(components.db).read();
    return new Scrubber(components, options, last, underWay, (components.clock ?? systemClock).now());
  }

  start(): void {
    this.#reading.start(this.#options.startDelay);
  }

  /** Ends it, and saves how far it is. */
  async stop(): Promise<void> {
    const wasOn = this.#reading.isOn;
    await this.#reading.stop();
    if (!wasOn || !this.underWay) return;
    await this.#passes.save(this.underWay).catch((error: unknown) => {
      this.#log.warn({ err: error }, 'how far the scrub is was not saved');
    });
  }

  /** Its recurring work in the background. */
  work(): WorkStatus {
    return this.#reading.status();
  }

  status(): ScrubStatus {
    const { last, underWay } = this;
    const total = Math.max(1, this.components.store.usage().bytes);
    return {
      verified: { ...this.#verified },
      underWay: underWay && { ...figuresOf(underWay), share: Math.min(1, underWay.bytes / total) },
      last,
      overdue: this.#clock.now() - (last?.startedAt ?? underWay?.startedAt ?? this.openedAt) > 2 * this.#options.every,
    };
  }

  async #run(signal: AbortSignal): Promise<Ran> {
    if (this.underWay) await this.#slice(this.underWay, signal);
    else await this.#beginIfDue();
    await this.#lookAgain(signal);
    return this.#rest > 0 ? 'idle' : 'again';
  }

  /** A block found damaged may read well by now: it is tried again every hour, passes or none. */
  async #lookAgain(signal: AbortSignal): Promise<void> {
    const now = performance.now();
    if (now - this.#lookedAgain < LONGEST_WAIT) return;
    this.#lookedAgain = now;
    await this.components.store.verifyDamaged({ signal });
  }

  async #beginIfDue(): Promise<void> {
    const now = this.#clock.now();
    // A clock that was set back must not keep it from ever beginning.
    const sinceLast = this.last && this.last.startedAt <= now ? now - this.last.startedAt : Infinity;
    const wait = this.#options.every - sinceLast;
    this.#rest = Math.min(wait, LONGEST_WAIT);
    if (wait > 0) return;
    this.underWay = await this.#passes.begin(now, await lastPackId(this.components.db));
    this.#saved = performance.now();
  }

  async #slice(pass: PassUnderWay, signal: AbortSignal): Promise<void> {
    const began = performance.now();
    const rate = this.#rate();
    const { place, lastPack } = pass;
    const bytes = rate / SLICES_PER_SECOND;
    const slice = await this.components.store.verifySome(place, { lastPack, bytes, signal });
    this.#verified.chunks += slice.chunks;
    this.#verified.bytes += slice.bytes;
    this.#verified.damaged += slice.damaged;
    const now: PassUnderWay = {
      ...pass,
      place: slice.next ?? place,
      chunks: pass.chunks + slice.chunks,
      bytes: pass.bytes + slice.bytes,
      damaged: pass.damaged + slice.damaged,
    };
    this.underWay = now;
    this.#rest = 0;
    if (slice.next === null) return this.#finish(now);
    if (performance.now() - this.#saved > SAVE_EVERY) {
      await this.#passes.save(now);
      this.#saved = performance.now();
    }
    const took = performance.now() - began;
    const paced = ((slice.bytes + slice.chunks * BLOCK_COST_BYTES) / rate) * second;
    this.#rest = Math.max(paced, took / this.#options.share) - took;
  }

  async #finish(pass: PassUnderWay): Promise<void> {
    const finishedAt = this.#clock.now();
    await this.#passes.finish(pass, finishedAt);
    this.last = figuresOf({ ...pass, finishedAt });
    this.underWay = null;
    const { chunks, bytes, damaged } = pass;
    this.#log.info({ chunks, bytes, damaged }, 'all chunks were read and hashed');
  }

  /** Bytes a second. */
  #rate(): number {
    const { every, bytesPerSecond } = this.#options;
    return Math.max(bytesPerSecond, (this.components.store.usage().bytes / (every / 2)) * second);
  }
}
