import type { Log } from '@dfs/runtime';

/** Why a record of another node is not stored. */
export type RefusalReason = 'malformed' | 'other-network' | 'bad-signature' | 'may-not-write' | 'ceiling';

/** Told apart for the log; what a peer can make us remember is bounded. */
const REMEMBERED = 1000;

/** Counts what is refused, and says each reason once of each peer that sent such a record. */
export class Refusals {
  private readonly counts = new Map<RefusalReason, number>();
  private readonly said = new Set<string>();

  constructor(private readonly log: Log) {}

  /** @returns true when it is the first of its kind from this peer. */
  add(reason: RefusalReason, from: string): boolean {
    this.counts.set(reason, (this.counts.get(reason) ?? 0) + 1);
    const key = `${reason} ${from}`;
    if (this.said.has(key) || this.said.size >= REMEMBERED) return false;
    this.said.add(key);
    this.log.warn({ reason, peerId: from }, 'a record was refused; further ones of this kind are only counted');
    return true;
  }

  /** How many, by reason. */
  all(): ReadonlyMap<RefusalReason, number> {
    return this.counts;
  }
}
