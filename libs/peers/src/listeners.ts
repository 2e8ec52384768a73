import type { Log, Unsubscribe } from '@dfs/protocol';

/** Who wants to be told. One that fails does not keep the others from hearing. */
export class Listeners<A extends unknown[]> {
  private readonly listeners = new Set<(...args: A) => void>();

  constructor(private readonly log: Log) {}

  add(fn: (...args: A) => void): Unsubscribe {
    this.listeners.add(fn);
    return () => this.listeners.delete(fn);
  }

  tell(...args: A): void {
    for (const listener of this.listeners) {
      try {
        listener(...args);
      } catch (error) {
        this.log.error({ err: error }, 'a listener failed');
      }
    }
  }
}
