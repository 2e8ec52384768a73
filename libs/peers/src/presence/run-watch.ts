import { performance } from 'node:perf_hooks';
import { MAX_STATUS_RUNS, type StatusMessage } from '@dfs/protocol';

/** A run of a node that goes on beside another of the same node, as a member hears them. */
export type Run = StatusMessage['runs'][number];

/** The measures by which two runs of one node are told from a restart. */
export interface RunWatchComponents {
  isMember(peerId: string): boolean;
  /** Milliseconds between heartbeats. */
  periodMs(): number;
  /** Milliseconds that have passed, whatever the clock shows. */
  monotonic?: () => number;
}

interface Heard {
  first: number;
  last: number;
  addresses: readonly string[];
}

interface Told {
  at: number;
  /** Where the other run is; undefined where the member hears only one run of this node, or this one came first. */
  other: readonly string[] | undefined;
}

/** Heartbeats of two runs that go on beside each other before the two are taken for a copy: three minutes by default. */
const OVERLAP_BEATS = 3;
/** A run of which so many heartbeats did not come has ended. */
const ENDED_BEATS = 2.5;

/**
 * Notices a data directory that was copied and is run twice: two runs of one peer id whose heartbeats both go on. Members
 * hear both, and tell each of them; a quick restart is none, since the run before says nothing any more.
 */
export class RunWatch {
  private readonly runs = new Map<string, Map<number, Heard>>();
  private readonly told = new Map<string, Told>();
  private readonly monotonic: () => number;

  constructor(private readonly components: RunWatchComponents) {
    this.monotonic = components.monotonic ?? (() => performance.now());
  }

  /** A run of a member has spoken. @param addresses where it listens, when it has said so */
  heard(peerId: string, boot: number, addresses?: readonly string[]): void {
    const now = this.monotonic();
    const runs = this.runs.get(peerId) ?? new Map<number, Heard>();
    this.runs.set(peerId, runs);
    const run = runs.get(boot) ?? { first: now, last: now, addresses: [] };
    runs.set(boot, { ...run, last: now, addresses: addresses ?? run.addresses });
    for (const [other, { last }] of runs) if (now - last > this.beats(ENDED_BEATS)) runs.delete(other);
    const [oldest] = [...runs].sort(([, a], [, b]) => a.last - b.last);
    if (runs.size > MAX_STATUS_RUNS && oldest) runs.delete(oldest[0]);
  }

  /** The runs of a member that go on beside each other, in the order in which they were first heard; none of one that runs once. */
  runsOf(peerId: string): Run[] {
    const now = this.monotonic();
    const going = [...(this.runs.get(peerId) ?? [])].filter(([, { last }]) => now - last <= this.beats(ENDED_BEATS));
    if (going.length < 2) return [];
    going.sort(([, a], [, b]) => a.first - b.first);
    const overlap = (a: Heard, b: Heard): number => Math.min(a.last, b.last) - Math.max(a.first, b.first);
    const beside = going.filter(([, run]) =>
      going.some(([, other]) => other !== run && overlap(run, other) >= this.beats(OVERLAP_BEATS)),
    );
    let rank = 0;
    return beside.map(([boot, { first, addresses }], at) => {
      const before = beside[at - 1]?.[1].first;
      // Which of them came first cannot be told of those that this node met at about the same time.
      if (before !== undefined && first - before >= this.beats(1)) rank++;
      return { boot, rank, addresses: [...addresses].slice(0, 4) };
    });
  }

  /** Members that run twice, as this node hears them. */
  cloned(): { peerId: string; runs: Run[] }[] {
    return [...this.runs.keys()].flatMap((peerId) => {
      const runs = this.components.isMember(peerId) ? this.runsOf(peerId) : [];
      return runs.length > 0 ? [{ peerId, runs }] : [];
    });
  }

  /** A member's word on the runs of this node. @param boot of this one */
  toldBy(peerId: string, runs: readonly Run[], boot: number): void {
    const mine = runs.find((run) => run.boot === boot);
    const earlier = mine && runs.find((run) => run.boot !== boot && run.rank <= mine.rank);
    this.told.set(peerId, { at: this.monotonic(), other: earlier?.addresses });
  }

  /**
   * Where another run of this node is that came before this one, or perhaps did: undefined while fewer than half of the
   * members heard from lately say so, so that no single one stops a node where others are heard.
   */
  other(): readonly string[] | undefined {
    const since = this.monotonic() - this.beats(ENDED_BEATS);
    for (const [peerId, { at }] of this.told) {
      if (at < since || !this.components.isMember(peerId)) this.told.delete(peerId);
    }
    const others = [...this.told.values()].flatMap(({ other }) => (other ? [other] : []));
    return others.length > 0 && others.length * 2 >= this.told.size ? others.flat() : undefined;
  }

  private beats(count: number): number {
    return count * this.components.periodMs();
  }
}
