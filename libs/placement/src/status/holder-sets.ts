import type { Snapshot } from '../plan/members-now.js';
import { localOf, stateOf, stateOfEmpty, type ContentStanding, type Standing } from './replication-state.js';

/** The facts of a content from which its state follows, members' liveness aside. */
export type HolderSet = Pick<Standing, 'extents' | 'more' | 'news'>;

/** The members at one moment, as far as states follow from them. */
type Liveness = Pick<Snapshot, 'self' | 'target' | 'live' | 'willing' | 'reachable'>;

/** Of a content without bytes. Numbers of others follow on it: 0 stands for none. */
export const EMPTY_SET = 1;

/**
 * Holder sets, each kept once however many contents have it: there are a few thousand, since extents fall into 4,096
 * partitions. The state of a set is worked out once, and again when members have come or gone.
 */
export class HolderSets {
  private readonly numbers = new Map<string, number>();
  private readonly sets: (HolderSet | undefined)[] = [undefined, undefined];
  private standings: (ContentStanding | undefined)[] = [];
  private liveness: Liveness | undefined;
  private changes = 0;

  /** Numbers that were given, and 0. */
  get size(): number {
    return this.sets.length;
  }

  /** Grows whenever standings may be others than they were. */
  get version(): number {
    return this.changes;
  }

  /** The number of a set, the same for equal ones: extents with the same holders count once, in whatever order. */
  numberOf({ extents, more, news }: HolderSet): number {
    const lists = extents.length === 1 ? [sorted(extents[0]!)] : distinct(extents);
    const key = `${more ? 'm' : ''}${news ? 'n' : ''}|${lists.map((list) => list.join()).join('|')}`;
    const known = this.numbers.get(key);
    if (known !== undefined) return known;
    const number = this.sets.length;
    this.sets.push({ extents: lists, more, news });
    this.numbers.set(key, number);
    return number;
  }

  /** Whether its contents were heard of only now: they have another set soon, without anybody saying so. */
  isNews(number: number): boolean {
    return this.sets[number]?.news ?? false;
  }

  /** Takes note of who is here now. To be called before standings are asked for. */
  look(now: Liveness): void {
    if (this.liveness && isAlike(this.liveness, now)) return;
    this.liveness = now;
    this.standings = [];
    this.changes++;
  }

  /** The standing of a set now. @param number as `numberOf` gave it */
  standing(number: number): ContentStanding {
    return (this.standings[number] ??= this.workOut(number));
  }

  private workOut(number: number): ContentStanding {
    const { self, target, live, willing, reachable } = this.liveness!;
    const set = this.sets[number];
    if (!set) return { replication: stateOfEmpty(target), local: 'whole' };
    const replication = stateOf({ ...set, self, target, live, willing, reachable });
    return { replication, local: localOf({ ...set, self }) };
  }
}

function sorted(holders: readonly string[]): readonly string[] {
  const isInOrder = holders.every((holder, at) => at === 0 || holders[at - 1]! <= holder);
  return isInOrder ? holders : [...holders].sort();
}

function distinct(extents: readonly (readonly string[])[]): (readonly string[])[] {
  const lists = new Map(extents.map(sorted).map((list) => [list.join(), list]));
  return [...lists].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, list]) => list);
}

function isAlike(a: Liveness, b: Liveness): boolean {
  if (a.self !== b.self || a.target !== b.target) return false;
  return haveSame(a.live, b.live) && haveSame(a.willing, b.willing) && haveSame(a.reachable, b.reachable);
}

function haveSame(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every((peerId) => b.has(peerId));
}
