import type { Cid, ExtentId } from '@dfs/protocol';
import { Sources } from './sources.js';

/** A block to be fetched. */
export interface Want {
  id: Cid;
  /** Bytes, or an estimate where they are not known. */
  size: number;
  /** Wants of one key have the same holders: the content and extent, usually. */
  key: string;
  /** It is a chunk of this extent, which others may fetch at the same time. Wants of one key have it once, as one object. */
  extent?: ExtentId;
}

/** Blocks that one peer is asked for together. */
export interface Lot {
  readonly wants: readonly Want[];
  /** The extent that all of them are chunks of, where the peer holds it and may name others instead. */
  readonly shared?: ExtentId | undefined;
  /** They are asked for although others have them or should bring them. */
  readonly insist: boolean;
}

/** How much may be asked of a peer, and in which cases. */
export interface TakeOptions {
  /** At least one block goes out if there is any, then as many as bytes and count allow. */
  readonly bytes: number;
  readonly count: number;
  /** Partners keep up: holders are spared what these have or should bring. */
  readonly spare?: boolean;
  /** A holder may be asked even so, for what partners should bring and do not. */
  readonly insist?: boolean;
}

interface Entry extends Want {
  /** Peers that owe an answer for it. */
  asked: Set<string>;
  /** Peers that do not have it. */
  lacking: Set<string>;
  /** Holders that have given it to others who fetch the same. */
  given: Set<string>;
  /** Someone who owes it is late: it may be asked of several, and of everyone. */
  late: boolean;
  /** Among blocks of which there are as many. */
  readonly tie: number;
}

/** The order in which blocks are asked for. */
export interface BlockScheduleOptions {
  /** This node, for its share among those who fetch the same. */
  self?: string;
  /**
   * With partners: the nearest deadline first, which is the order in which blocks were wanted, or the rarest first, in any
   * order among equals.
   */
  order?: 'deadline' | 'rarest';
  /** In [0, 1). */
  random?: () => number;
}

/**
 * Which block is asked of which peer next. Pure bookkeeping: knows no peer, no clock, no bytes. Blocks go out in the
 * order they were wanted, or the rarest first where several fetch the same; those put back or expedited before all. A
 * block may be asked of several; the first answer counts.
 */
export class BlockSchedule {
  private readonly entries = new Map<Cid, Entry>();
  /** Both in the order in which blocks are wanted. */
  private readonly urgent = new Set<Entry>();
  private readonly waiting = new Set<Entry>();
  private readonly sources = new Map<string, Sources>();
  private waitingSum = 0;

  constructor(private readonly options: BlockScheduleOptions = {}) {}

  /** Blocks that have not come. */
  get open(): number {
    return this.entries.size;
  }

  /** Bytes nobody has been asked for. */
  get waitingBytes(): number {
    return this.waitingSum;
  }

  wants(id: Cid): boolean {
    return this.entries.has(id);
  }

  /** Wanting a block twice is wanting it once. */
  want(want: Want): void {
    if (this.entries.has(want.id)) return;
    const tie = (this.options.random ?? Math.random)();
    const entry: Entry = { ...want, asked: new Set(), lacking: new Set(), given: new Set(), late: false, tie };
    this.entries.set(want.id, entry);
    this.queue(entry, this.waiting);
  }

  /** `peerId` may have the blocks of `key`. */
  offer(key: string, peerId: string): void {
    this.sourcesOf(key).holders.add(peerId);
  }

  /** `peerId` fetches the blocks of `key` too, and has what it says from now on. */
  meet(key: string, peerId: string): void {
    this.sourcesOf(key).meet(peerId);
  }

  /** A partner has these. @param done it has all it wants: its share is brought by others */
  gained(key: string, peerId: string, ids: Iterable<Cid>, done = false): void {
    this.sourcesOf(key).gained(peerId, ids, done);
  }

  /** A partner has gone; the blocks it owes are still awaited. Holders are asked once more for blocks that they have given away. */
  part(key: string, peerId: string): void {
    this.sourcesOf(key).part(peerId);
    for (const entry of this.entries.values()) if (entry.key === key) entry.given.clear();
  }

  /** Nothing more is asked of `peerId`, and what it owes goes back. */
  drop(peerId: string): void {
    for (const sources of this.sources.values()) sources.drop(peerId);
    for (const entry of this.entries.values()) {
      this.putBack(entry, peerId);
      entry.given.clear();
    }
  }

  /** The next blocks for `peerId`: a holder is asked for what no partner has or should bring, and for what is late. */
  take(peerId: string, options: TakeOptions): Lot {
    const { spare = true, insist = true } = options;
    const late = insist ? this.pick(peerId, options, (entry) => entry.late && !this.partnerMay(entry)) : [];
    if (late.length > 0) return this.lotOf(late, peerId, true);
    const wants = this.pick(peerId, options, (entry) => !spare || !this.isSpared(entry, peerId));
    return this.lotOf(wants, peerId, !spare);
  }

  /** Of these, which one peer owes, those that `peerId` is asked for as well; of a holder not what it is spared. */
  takeOver(ids: Iterable<Cid>, peerId: string, bytes: number): Lot {
    const taken: Entry[] = [];
    let sum = 0;
    for (const id of ids) {
      const entry = this.entries.get(id);
      if (!entry || entry.asked.size !== 1 || !this.mayAsk(entry, peerId) || this.isSpared(entry, peerId)) continue;
      if (taken.length > 0 && (sum + entry.size > bytes || entry.extent !== taken[0]!.extent)) break;
      taken.push(entry);
      sum += entry.size;
    }
    return this.lotOf(taken, peerId, false);
  }

  /** Whether a block waits that `peerId` is spared. */
  spares(peerId: string): boolean {
    if (this.options.self === undefined) return false;
    for (const queue of [this.urgent, this.waiting]) {
      for (const entry of queue) {
        if (this.mayAsk(entry, peerId) && !entry.late && this.isSpared(entry, peerId)) return true;
      }
    }
    return false;
  }

  /** The block that is due first of those that nobody has been asked for. */
  get next(): Cid | undefined {
    for (const queue of [this.urgent, this.waiting]) for (const { id, asked } of queue) if (asked.size === 0) return id;
    return undefined;
  }

  /** Peers that owe an answer for it. */
  askedOf(id: Cid): ReadonlySet<string> {
    return this.entries.get(id)?.asked ?? new Set();
  }

  /** @returns false when it is not wanted, or no longer */
  arrived(id: Cid): boolean {
    const entry = this.entries.get(id);
    if (!entry) return false;
    this.unqueue(entry);
    return this.entries.delete(id);
  }

  /** `peerId` does not have it. */
  missing(id: Cid, peerId: string): void {
    const entry = this.entries.get(id);
    if (!entry) return;
    entry.lacking.add(peerId);
    this.putBack(entry, peerId);
  }

  /** `peerId` has given it to another who fetches the same, and will bring it. */
  given(id: Cid, peerId: string): void {
    const entry = this.entries.get(id);
    if (!entry) return;
    entry.given.add(peerId);
    this.putBack(entry, peerId);
  }

  /** Others may be asked too, though `peerId` may still deliver. */
  reask(id: Cid): void {
    const entry = this.entries.get(id);
    if (!entry) return;
    entry.late = true;
    this.queue(entry, this.urgent);
  }

  /** `peerId` will not answer for these; it may be asked again. */
  putBackAll(ids: Iterable<Cid>, peerId: string): void {
    for (const id of ids) {
      const entry = this.entries.get(id);
      if (entry) this.putBack(entry, peerId);
    }
  }

  /** To the front. */
  expedite(id: Cid): void {
    const entry = this.entries.get(id);
    if (!entry || !this.waiting.has(entry)) return;
    this.unqueue(entry);
    this.queue(entry, this.urgent);
  }

  /** Gives up what is wanted of `key`. @returns the blocks given up */
  abandon(key: string): Cid[] {
    const gone = [...this.entries.values()].filter((entry) => entry.key === key);
    for (const entry of gone) {
      this.unqueue(entry);
      this.entries.delete(entry.id);
    }
    this.sources.delete(key);
    return gone.map((entry) => entry.id);
  }

  /** Keys of which some block is owed by nobody and can be asked of nobody. */
  starved(): string[] {
    const keys = new Set<string>();
    for (const queue of [this.urgent, this.waiting]) {
      for (const entry of queue) {
        if (entry.asked.size > 0 || keys.has(entry.key)) continue;
        if (!this.sources.get(entry.key)?.some(entry)) keys.add(entry.key);
      }
    }
    return [...keys];
  }

  private mayAsk(entry: Entry, peerId: string): boolean {
    if (entry.asked.has(peerId) || entry.lacking.has(peerId)) return false;
    return this.sources.get(entry.key)?.mayHave(entry, peerId) ?? false;
  }

  private isSpared(entry: Entry, peerId: string): boolean {
    return entry.given.has(peerId) || this.sourcesOf(entry.key).isSpared(entry, peerId);
  }

  /** Whether a partner that does not owe it yet has it. */
  private partnerMay(entry: Entry): boolean {
    return this.sourcesOf(entry.key)
      .partnersWith(entry)
      .some((peerId) => !entry.asked.has(peerId));
  }

  private pick(peerId: string, { bytes, count }: TakeOptions, may: (entry: Entry) => boolean): Entry[] {
    const taken: Entry[] = [];
    let sum = 0;
    const mayTake = (entry: Entry): boolean => this.mayAsk(entry, peerId) && may(entry);
    for (const queue of [this.urgent, this.inOrder(mayTake)]) {
      for (const entry of queue) {
        if (taken.length >= count || (taken.length > 0 && sum + entry.size > bytes)) break;
        if (!mayTake(entry)) continue;
        if (taken.length > 0 && entry.extent !== taken[0]!.extent) break;
        taken.push(entry);
        sum += entry.size;
      }
    }
    return taken;
  }

  private lotOf(wants: readonly Entry[], peerId: string, insist: boolean): Lot {
    for (const entry of wants) {
      this.unqueue(entry);
      entry.asked.add(peerId);
    }
    const [first] = wants;
    const isHolder = first && this.sourcesOf(first.key).isHolder(peerId);
    return { wants, insist, ...(isHolder && first.extent && { shared: first.extent }) };
  }

  /** Waiting blocks, in the order in which they should go out. */
  private inOrder(may: (entry: Entry) => boolean): Iterable<Entry> {
    if (this.options.order !== 'rarest') return this.waiting;
    if (![...this.sources.values()].some(({ hasPartners }) => hasPartners)) return this.waiting;
    const ranked = [...this.waiting].filter(may).map((entry) => ({ entry, copies: this.copies(entry) }));
    ranked.sort((a, b) => a.copies - b.copies || a.entry.tie - b.entry.tie);
    return ranked.map(({ entry }) => entry);
  }

  private copies(entry: Entry): number {
    return this.sourcesOf(entry.key).copies(entry);
  }

  private sourcesOf(key: string): Sources {
    let sources = this.sources.get(key);
    if (!sources) this.sources.set(key, (sources = new Sources(this.options.self ?? '')));
    return sources;
  }

  private putBack(entry: Entry, peerId: string): void {
    if (!entry.asked.delete(peerId) || (entry.asked.size > 0 && !entry.late)) return;
    this.queue(entry, this.urgent);
  }

  private queue(entry: Entry, queue: Set<Entry>): void {
    if (this.urgent.has(entry) || this.waiting.has(entry)) return;
    queue.add(entry);
    this.waitingSum += entry.size;
  }

  private unqueue(entry: Entry): void {
    if (this.urgent.delete(entry) || this.waiting.delete(entry)) this.waitingSum -= entry.size;
  }
}
