import { minute, second, type Timers, type Unsubscribe } from '@dfs/runtime';

/** A path is looked at so often as fast as is asked for; further waits double, up to the longest, while it finds no rest. */
const AT_ONCE = 5;
const FIRST_WAIT = 100;
const LONGEST_WAIT = 10 * second;
/** Looks longer ago count no more. */
const REMEMBERED = minute;

/** Paths that are to be looked at again, each at its time; with a slash at their end: directories and all that is in them. */
export class LookAgain {
  private readonly at = new Map<string, number>();
  /** Looks in a row at paths that find no rest, in the order of the last. */
  private readonly looks = new Map<string, { count: number; at: number }>();
  private callOff: Unsubscribe | undefined;
  /** Paths that are known to be in trouble: they keep the folder from nothing. */
  private settled: ReadonlySet<string> = new Set();

  constructor(
    private readonly timers: Timers,
    private readonly due: () => void,
  ) {}

  /**
   * @param again milliseconds from now; of two times the earlier counts
   * @param settled paths of which a person was told
   */
  add(again: ReadonlyMap<string, number>, settled: ReadonlySet<string>): void {
    const now = this.timers.ticks();
    // Those of earlier passes are still told of, as long as they wait.
    this.settled = new Set([...settled, ...[...this.settled].filter((path) => this.at.has(path) && !again.has(path))]);
    for (const [path, within] of again) {
      const at = now + Math.max(within, this.patience(path, now));
      this.at.set(path, Math.min(at, this.at.get(path) ?? Infinity));
    }
    for (const [path, { at }] of this.looks) {
      if (now - at < REMEMBERED) break;
      this.looks.delete(path);
    }
  }

  /** Milliseconds that a path is left alone at least, which is looked at again and again. */
  private patience(path: string, now: number): number {
    const before = this.looks.get(path);
    const count = before && now - before.at < REMEMBERED ? before.count + 1 : 1;
    this.looks.delete(path);
    this.looks.set(path, { count, at: now });
    return count <= AT_ONCE ? 0 : Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** Math.min(count - AT_ONCE, 10));
  }

  /** Those whose time has come: they wait no longer. */
  take(): string[] {
    const now = this.timers.ticks();
    const due = [...this.at].filter(([, at]) => at <= now).map(([path]) => path);
    for (const path of due) this.at.delete(path);
    return due;
  }

  /** Calls back at the earliest of their times. */
  wait(): void {
    this.stop();
    if (this.at.size === 0) return;
    let first = Infinity;
    for (const at of this.at.values()) first = Math.min(first, at);
    this.callOff = this.timers.after(Math.max(1, first - this.timers.ticks()), this.due);
  }

  stop(): void {
    this.callOff?.();
    this.callOff = undefined;
  }

  /** Somebody waits of whom no person was told. */
  get isPending(): boolean {
    return [...this.at.keys()].some((path) => !this.settled.has(path) && !this.settled.has(path.replace(/\/$/, '')));
  }
}
