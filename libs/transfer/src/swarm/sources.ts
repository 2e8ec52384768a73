import type { Cid } from '@dfs/protocol';
import { hashOf, shareOf } from './fetch-share.js';

/** One who fetches the same, and what it has of it. */
interface Partner {
  readonly hash: number;
  readonly has: Set<Cid>;
  /** It still fetches, and so brings its share. */
  fetches: boolean;
}

/** A wanted block, as far as it matters here. */
interface Wanted {
  readonly id: Cid;
  readonly lacking: ReadonlySet<string>;
}

/**
 * Sources of the blocks of one key: holders, who may have any of them, and partners, who fetch them too and have what
 * they say. Blocks that partners have, or will bring as their share, are not requested from holders.
 */
export class Sources {
  readonly holders = new Set<string>();
  private readonly partners = new Map<string, Partner>();
  private readonly hashes = new Map<Cid, number>();
  private readonly ownHash: number;

  constructor(self: string) {
    this.ownHash = hashOf(self);
  }

  get hasPartners(): boolean {
    return this.partners.size > 0;
  }

  meet(peerId: string): void {
    if (!this.partners.has(peerId)) {
      this.partners.set(peerId, { hash: hashOf(peerId), has: new Set(), fetches: true });
    }
  }

  /** A partner has these now. @param done it fetches no more */
  gained(peerId: string, ids: Iterable<Cid>, done: boolean): void {
    const partner = this.partners.get(peerId);
    if (!partner) return;
    for (const id of ids) partner.has.add(id);
    partner.fetches = !done;
  }

  drop(peerId: string): void {
    this.holders.delete(peerId);
    this.partners.delete(peerId);
  }

  part(peerId: string): void {
    this.partners.delete(peerId);
  }

  mayHave({ id, lacking }: Wanted, peerId: string): boolean {
    if (lacking.has(peerId)) return false;
    const partner = this.partners.get(peerId);
    return partner ? partner.has.has(id) : this.holders.has(peerId);
  }

  /** Somebody has it, as far as is known. */
  some(wanted: Wanted): boolean {
    for (const peerId of this.holders) if (this.mayHave(wanted, peerId)) return true;
    for (const peerId of this.partners.keys()) if (this.mayHave(wanted, peerId)) return true;
    return false;
  }

  /** Holds all of it, and does not fetch it. */
  isHolder(peerId: string): boolean {
    return this.holders.has(peerId) && !this.partners.has(peerId);
  }

  /** Those who have said that they have it. */
  partnersWith(wanted: Wanted): string[] {
    return [...this.partners.keys()].filter((peerId) => this.mayHave(wanted, peerId));
  }

  /** How many partners have it: the fewer, the sooner it should be here and so be had from one more. */
  copies({ id }: Wanted): number {
    let copies = 0;
    for (const { has } of this.partners.values()) if (has.has(id)) copies++;
    return copies;
  }

  /** Whether a holder need not be asked for it: a partner has it, or should bring it. */
  isSpared(wanted: Wanted, peerId: string): boolean {
    if (this.partners.size === 0 || this.partners.has(peerId)) return false;
    const block = this.hashOfBlock(wanted.id);
    const own = shareOf(block, this.ownHash);
    for (const [partnerId, { hash, has, fetches }] of this.partners) {
      if (wanted.lacking.has(partnerId)) continue;
      if (has.has(wanted.id) || (fetches && shareOf(block, hash) > own)) return true;
    }
    return false;
  }

  private hashOfBlock(id: Cid): number {
    const known = this.hashes.get(id);
    if (known !== undefined) return known;
    const hash = hashOf(id);
    this.hashes.set(id, hash);
    return hash;
  }
}
