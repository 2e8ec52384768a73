import { performance } from 'node:perf_hooks';

/** When this node last had all that a member had, and the member all that this node had; on a clock that nobody sets. */
export class Agreement {
  private readonly compared = new Map<string, number>();

  /** Sets were compared to the end, or are known to be equal. */
  comparedWith(peerId: string): void {
    this.compared.set(peerId, performance.now());
  }

  /** Whether that was so within the last `ms` milliseconds. */
  within(peerId: string, ms: number): boolean {
    const at = this.compared.get(peerId);
    return at !== undefined && performance.now() - at <= ms;
  }

  clear(): void {
    this.compared.clear();
  }
}
