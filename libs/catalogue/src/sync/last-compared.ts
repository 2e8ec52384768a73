import { performance } from 'node:perf_hooks';
import { Listeners, type Log, type Unsubscribe } from '@dfs/runtime';

/** When this node last had all that a member had, and the member all that this node had; on a clock that nobody sets. */
export class LastCompared {
  private readonly compared = new Map<string, number>();
  private readonly listeners: Listeners<[]>;

  /** @param log of listeners that fail */
  constructor(log: Log) {
    this.listeners = new Listeners(log);
  }

  /** After each comparison. */
  onCompared(listener: () => void): Unsubscribe {
    return this.listeners.add(listener);
  }

  /** Sets were compared to the end, or are known to be equal. */
  comparedWith(peerId: string): void {
    this.compared.set(peerId, performance.now());
    this.listeners.tell();
  }

  /** Whether that was so with any member at or after a moment, as `performance.now()` tells it. */
  since(at: number): boolean {
    return [...this.compared.values()].some((time) => time >= at);
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
