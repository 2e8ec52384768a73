import { DfsError } from '@dfs/runtime';
import { REQUESTS_PER_PEER } from '../limits.js';

/** Requests answered at a time, over all askers. Each holds one frame and what the store reads ahead. */
export const SERVED_AT_ONCE = 24;
/** Beyond them the only request of an asker, as often as this: a few that take little keep nobody from being served. */
export const SERVED_BESIDE = 24;
/** Requests of one asker that wait; more are refused. */
export const WAITING_PER_ASKER = 64;

interface Waiter {
  asker: string;
  go(): void;
}

/** How many requests are answered at a time, over all askers and for each: the rest waits in order, or is refused. */
export class ServingQueue {
  private readonly active = new Map<string, number>();
  private total = 0;
  private readonly waiters: Waiter[] = [];

  /** Waits for its turn. @returns ends it; idempotent. @throws DfsError `too-many-requests` */
  async enter(asker: string): Promise<() => void> {
    if (!this.mayStart(asker)) {
      if (this.waiters.filter((waiter) => waiter.asker === asker).length >= WAITING_PER_ASKER) {
        throw new DfsError(
          'too-many-requests',
          'This node already answers as many requests of yours as it can at a time.',
        );
      }
      await new Promise<void>((go) => this.waiters.push({ asker, go }));
    } else {
      this.count(asker, 1);
    }
    let active = true;
    return () => {
      if (!active) return;
      active = false;
      this.count(asker, -1);
      this.startNext();
    };
  }

  private startNext(): void {
    const index = this.waiters.findIndex((waiter) => this.mayStart(waiter.asker));
    if (index < 0) return;
    const [waiter] = this.waiters.splice(index, 1);
    this.count(waiter!.asker, 1);
    waiter!.go();
  }

  private mayStart(asker: string): boolean {
    const active = this.active.get(asker) ?? 0;
    if (active === 0) return this.total < SERVED_AT_ONCE + SERVED_BESIDE;
    return active < REQUESTS_PER_PEER && this.total < SERVED_AT_ONCE;
  }

  private count(asker: string, by: 1 | -1): void {
    this.total += by;
    const active = (this.active.get(asker) ?? 0) + by;
    if (active === 0) this.active.delete(asker);
    else this.active.set(asker, active);
  }
}
