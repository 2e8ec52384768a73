import { Slots } from '@dfs/runtime';
import { REQUESTS_PER_PEER } from '../limits.js';

/** Requests in flight to one peer for all replication together, and with readers; the peer serves as many at a time. */
export const BULK_REQUESTS_PER_PEER = 4;

/** A person waits for a reader; nobody waits for bulk. */
export type Urgency = 'reader' | 'bulk';

const RANKS: Record<Urgency, number> = { reader: 0, bulk: 1 };

/**
 * How many requests this node has open to each peer, so that a peer is never asked more than it serves at a time, and
 * readers never wait behind replication alone.
 */
export class RequestSlots {
  private readonly slots: Slots;

  /** @param most so many to all peers together, as of now */
  constructor(most: () => number = () => Infinity) {
    this.slots = new Slots({
      admits: ({ all, ofKey, ofRank }, rank) =>
        all < most() && ofKey < REQUESTS_PER_PEER && (rank === RANKS.reader || ofRank < BULK_REQUESTS_PER_PEER),
    });
  }

  /** Waits for a slot. @returns gives it back; idempotent. @throws DfsError when the signal aborts first */
  acquire(peerId: string, urgency: Urgency, signal: AbortSignal): Promise<() => void> {
    return this.slots.take(peerId, { signal, rank: RANKS[urgency] });
  }
}
