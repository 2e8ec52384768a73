/** Bytes of memory that peers may hold, in all and each. */
export class MemoryBudget {
  readonly #held = new Map<string, number>();
  #total = 0;

  constructor(
    private readonly limit: number,
    private readonly limitPerPeer: number = limit,
  ) {}

  get total(): number {
    return this.#total;
  }

  held(peerId: string): number {
    return this.#held.get(peerId) ?? 0;
  }

  /** Counts `bytes` for a peer, and says whether that is still within the limits. Counted either way. */
  take(peerId: string, bytes: number): boolean {
    const held = this.held(peerId) + bytes;
    this.#held.set(peerId, held);
    this.#total += bytes;
    return held <= this.limitPerPeer && this.#total <= this.limit;
  }

  release(peerId: string, bytes: number): void {
    const held = this.held(peerId) - bytes;
    if (held > 0) this.#held.set(peerId, held);
    else this.#held.delete(peerId);
    this.#total -= bytes;
  }

  /** The channel that holds most. */
  heaviest(): string | undefined {
    let heaviest: string | undefined;
    for (const [peerId, held] of this.#held) {
      if (heaviest === undefined || held > this.held(heaviest)) heaviest = peerId;
    }
    return heaviest;
  }
}
