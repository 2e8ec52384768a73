import { silentLog, type Clock, type Log, type Unsubscribe } from '../ambient.js';
import { Listeners } from '../listeners.js';
import { second } from '../units.js';
import { RunningTime } from './running-time.js';
import { systemTimers, type Timers } from './timers.js';

/** Milliseconds between two looks. */
export const LOOK_EVERY = 5 * second;
/** Clock and running time may drift apart by so much from one look to the next: timers come late, a clock is set a little. */
export const WAKE_JUMP = 20 * second;

/** A test lets the machine sleep by `running`. */
export interface SleepWatchParts {
  clock: Clock;
  timers?: Timers;
  /** Milliseconds that pass while the machine runs; the running time of this process when left out. */
  running?: () => number;
  log?: Log;
}

/**
 * Notices that the clock jumped: the machine slept, this process had no turn for long, or somebody set the clock. Nobody else is to
 * blame for the silence in between, and what was known before may be outdated. The one measure of that for the whole node.
 */
export class SleepWatch {
  private readonly time: RunningTime;
  private readonly jumped: Listeners<[number]>;
  private drift: number;
  private callOff: Unsubscribe | undefined;

  constructor(private readonly parts: SleepWatchParts) {
    this.time = new RunningTime(LOOK_EVERY, parts.running);
    this.jumped = new Listeners(parts.log ?? silentLog);
    this.drift = this.measure();
  }

  /** Looks every few seconds, besides whenever it is asked to. On plain timers: late by no more than the process itself is. */
  start(): void {
    this.callOff ??= (this.parts.timers ?? systemTimers).every(LOOK_EVERY, () => this.look());
  }

  /** Looks no more by itself. */
  stop(): void {
    this.callOff?.();
    this.callOff = undefined;
  }

  /** @param fn is told by how many milliseconds the clock went ahead of the running time; negative where it was set back */
  onJump(fn: (by: number) => void): Unsubscribe {
    return this.jumped.add(fn);
  }

  /** Looks now: listeners are told before this returns. */
  look(): void {
    const drift = this.measure();
    const by = drift - this.drift;
    this.drift = drift;
    if (Math.abs(by) > WAKE_JUMP) this.jumped.tell(by);
  }

  private measure(): number {
    this.time.tick();
    return this.parts.clock.now() - this.time.now();
  }
}
