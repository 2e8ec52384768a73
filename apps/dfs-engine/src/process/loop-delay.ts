import { createHistogram, performance } from 'node:perf_hooks';
import { millisecond, Recurring, second, type Log, type Timers, type Unsubscribe, type WorkStatus } from '@dfs/runtime';
import { Gauge, type Registry } from 'prom-client';

/** How often timers are due by which the delay is measured. */
const RESOLUTION = 10 * millisecond;
/** How often it is looked whether the event loop is at rest. */
const LOOK_EVERY = 1 * second;
/** Share of the time in which the event loop of a node at rest may be busy. */
const AT_REST = 0.02;
/** Looks that find it at rest, one after another, before its delay is measured no more. */
const QUIET_LOOKS = 2;
/** A look that comes later than this was held up. */
const LATE = 5 * millisecond;
const NANOSECONDS = 1e6;

/** @returns the share of the time since the last call in which the event loop of this process was busy, 0 to 1 */
function loopOfProcess(): () => number {
  let before = performance.eventLoopUtilization();
  return () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    return utilization;
  };
}

/** A test scripts how busy the loop is; that of the process when left out. */
export interface LoopDelayParts {
  busy?: () => number;
  timers: Timers;
  log?: Log;
}

/** Seconds; all are 0 where nothing was measured. */
export type LoopDelayFigures = Readonly<Record<'min' | 'max' | 'mean' | 'stddev' | 'p50' | 'p90' | 'p99', number>>;

/**
 * How late the event loop comes to what is due. That takes a hundred timers a second, which is most of what a node at rest would do: there
 * the looks alone tell of a delay, once a second, and timers do so again when there is something to do, or somebody has read
 * the figures.
 */
export class LoopDelay {
  private readonly busy: () => number;
  private readonly timers: Timers;
  private readonly looking: Recurring;
  private readonly histogram = createHistogram();
  private callOff: Unsubscribe | undefined;
  /** Looks that have found it at rest. */
  private quiet = 0;
  private tickedAt = 0;
  private lookedAt = 0;

  constructor({ busy = loopOfProcess(), timers, log }: LoopDelayParts) {
    this.busy = busy;
    this.timers = timers;
    this.looking = new Recurring(
      {
        name: 'see whether the event loop is at rest',
        every: LOOK_EVERY,
        failed: 'it could not be seen whether the event loop is at rest',
        run: () => {
          this.look();
          return Promise.resolve('idle');
        },
      },
      { timers, ...(log && { log }) },
    );
  }

  start(): void {
    this.lookedAt = this.timers.ticks();
    this.looking.start();
    this.measure();
  }

  async stop(): Promise<void> {
    await this.looking.stop();
    this.rest();
  }

  /** Its recurring work in the background. */
  work(): WorkStatus {
    return this.looking.status();
  }

  /** From one timer that is due each ten milliseconds to the next, since the last call. From now on it is measured. */
  read(): LoopDelayFigures {
    const { histogram } = this;
    const isEmpty = histogram.count === 0;
    const of = (nanoseconds: number): number => (isEmpty ? 0 : nanoseconds / NANOSECONDS / second);
    const { min, max, mean, stddev } = histogram;
    const percentile = (percent: number): number => of(histogram.percentile(percent));
    const figures = {
      ...{ min: of(min), max: of(max), mean: of(mean), stddev: of(stddev) },
      ...{ p50: percentile(50), p90: percentile(90), p99: percentile(99) },
    };
    histogram.reset();
    if (this.looking.isOn) this.measure();
    return figures;
  }

  private measure(): void {
    this.quiet = 0;
    if (this.callOff) return;
    this.tickedAt = this.timers.ticks();
    this.callOff = this.timers.every(RESOLUTION, () => {
      const now = this.timers.ticks();
      this.note(now - this.tickedAt);
      this.tickedAt = now;
    });
  }

  private rest(): void {
    this.callOff?.();
    this.callOff = undefined;
  }

  private look(): void {
    const now = this.timers.ticks();
    const late = now - this.lookedAt - LOOK_EVERY;
    this.lookedAt = now;
    if (!this.callOff && late > LATE) this.note(late + RESOLUTION);
    if (this.busy() > AT_REST) return this.measure();
    this.quiet += 1;
    if (this.quiet >= QUIET_LOOKS) this.rest();
  }

  private note(milliseconds: number): void {
    this.histogram.record(Math.max(1, Math.round(milliseconds * NANOSECONDS)));
  }
}

/** Names and words as prom-client has them. */
const HELP: Readonly<Record<keyof LoopDelayFigures, string>> = {
  min: 'The minimum recorded event loop delay.',
  max: 'The maximum recorded event loop delay.',
  mean: 'The mean of the recorded event loop delays.',
  stddev: 'The standard deviation of the recorded event loop delays.',
  p50: 'The 50th percentile of the recorded event loop delays.',
  p90: 'The 90th percentile of the recorded event loop delays.',
  p99: 'The 99th percentile of the recorded event loop delays.',
};

/** `nodejs_eventloop_lag_…_seconds`, in place of those that `collectDefaultMetrics` has registered. */
export function loopDelayMetrics(registry: Registry, delay: Pick<LoopDelay, 'read'>): void {
  const gauges = Object.entries(HELP).map(([name, help], at) => {
    const full = `nodejs_eventloop_lag_${name}_seconds`;
    registry.removeSingleMetric(full);
    // The first reads for all: it is collected before the others are.
    const collect = (): void => {
      for (const [part, seconds] of Object.entries(delay.read())) byName.get(part)?.set(seconds);
    };
    return [name, new Gauge({ name: full, help, registers: [registry], ...(at === 0 && { collect }) })] as const;
  });
  const byName = new Map<string, Gauge>(gauges);
}
