import { DfsError, Slots } from '@dfs/runtime';
import { REQUESTS_PER_PEER } from '../limits.js';

/** Requests answered at a time, over all askers. Each holds one frame and what the store reads ahead. */
export const SERVED_AT_ONCE = 24;
/** Beyond them the only request of an asker, as often as this: a few that take little keep nobody from being served. */
export const SERVED_BESIDE = 24;
/** Requests of one asker that wait; more are refused. */
export const WAITING_PER_ASKER = 64;

/** How many requests are answered at a time, over all askers and for each: the rest waits in order, or is refused. */
export class ServingQueue {
  private readonly slots = new Slots({
    admits: ({ ofKey, all }) =>
      ofKey === 0 ? all < SERVED_AT_ONCE + SERVED_BESIDE : ofKey < REQUESTS_PER_PEER && all < SERVED_AT_ONCE,
    waiting: {
      most: WAITING_PER_ASKER,
      refusal: () =>
        new DfsError('too-many-requests', 'This node already answers as many requests of yours as it can at a time.'),
    },
  });

  /** Waits for its turn. @returns ends it; idempotent. @throws DfsError `too-many-requests` */
  enter(asker: string): Promise<() => void> {
    return this.slots.take(asker);
  }
}
