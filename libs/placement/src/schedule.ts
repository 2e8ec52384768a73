import type { Cid } from '@dfs/protocol';

/** A block to be fetched. */
export interface Want {
  id: Cid;
  /** Bytes, or an estimate where they are not known. */
  size: number;
  /** Wants of one key have the same holders: the content and extent, usually. */
  key: string;
}

interface Entry extends Want {
  /** Peers that owe an answer for it. */
  asked: Set<string>;
  /** Peers that do not have it. */
  lacking: Set<string>;
  /** Someone who owes it is late: it may be asked of several. */
  late: boolean;
}

/**
 * Which block is asked of which holder next. Pure bookkeeping: knows no peer, no clock, no bytes. Blocks go out in the
 * order they were wanted, those put back or expedited first. A block may be asked of several; the first answer counts.
 */
export class Schedule {
  private readonly entries = new Map<Cid, Entry>();
  /** Both in the order in which blocks are wanted. */
  private readonly urgent = new Set<Entry>();
  private readonly waiting = new Set<Entry>();
  private readonly holders = new Map<string, Set<string>>();
  private waitingSum = 0;

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
    const entry: Entry = { ...want, asked: new Set(), lacking: new Set(), late: false };
    this.entries.set(want.id, entry);
    this.queue(entry, this.waiting);
  }

  /** `peerId` may have the blocks of `key`. */
  offer(key: string, peerId: string): void {
    const holders = this.holders.get(key);
    if (holders) holders.add(peerId);
    else this.holders.set(key, new Set([peerId]));
  }

  /** Nothing more is asked of `peerId`, and what it owes goes back. */
  drop(peerId: string): void {
    for (const holders of this.holders.values()) holders.delete(peerId);
    for (const entry of this.entries.values()) this.putBack(entry, peerId);
  }

  /** The next blocks for `peerId`: at least one if there is any, then as many as `bytes` and `count` allow. */
  take(peerId: string, bytes: number, count: number): Want[] {
    const taken: Entry[] = [];
    let sum = 0;
    for (const queue of [this.urgent, this.waiting]) {
      for (const entry of queue) {
        if (taken.length >= count || (taken.length > 0 && sum + entry.size > bytes)) break;
        if (!this.mayAsk(entry, peerId)) continue;
        taken.push(entry);
        sum += entry.size;
      }
    }
    for (const entry of taken) {
      this.unqueue(entry);
      entry.asked.add(peerId);
    }
    return taken;
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
    this.holders.delete(key);
    return gone.map((entry) => entry.id);
  }

  /** Keys of which some block is owed by nobody and can be asked of nobody. */
  starved(): string[] {
    const keys = new Set<string>();
    for (const queue of [this.urgent, this.waiting]) {
      for (const entry of queue) {
        if (entry.asked.size > 0 || keys.has(entry.key)) continue;
        const holders = this.holders.get(entry.key);
        if (!holders || [...holders].every((peerId) => entry.lacking.has(peerId))) keys.add(entry.key);
      }
    }
    return [...keys];
  }

  private mayAsk(entry: Entry, peerId: string): boolean {
    if (entry.asked.has(peerId) || entry.lacking.has(peerId)) return false;
    return this.holders.get(entry.key)?.has(peerId) ?? false;
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
