import { abortError } from '@dfs/runtime';
import { BULK_REQUESTS_PER_PEER, REQUESTS_PER_PEER } from '../limits.js';

/** A person waits for a reader; nobody waits for bulk. */
export type Urgency = 'reader' | 'bulk';

interface Waiter {
  urgency: Urgency;
  go(): void;
}

interface Peer {
  bulk: number;
  all: number;
  waiters: Waiter[];
}

/**
 * How many requests this node has open to each peer, so that a peer is never asked more than it serves at a time, and
 * readers never wait behind replication alone.
 */
export class RequestSlots {
  private total = 0;
  private readonly peers = new Map<string, Peer>();

  /** @param most so many to all peers together, as of now */
  constructor(private readonly most: () => number = () => Infinity) {}

  /** Waits for a slot. @returns gives it back; idempotent. @throws DfsError when the signal aborts first */
  async acquire(peerId: string, urgency: Urgency, signal: AbortSignal): Promise<() => void> {
    if (signal.aborted) throw abortError(signal);
    const peer = this.peers.get(peerId) ?? { bulk: 0, all: 0, waiters: [] };
    this.peers.set(peerId, peer);
    if (!this.free(peer, urgency)) await this.wait(peer.waiters, urgency, signal);
    else this.count(peer, urgency, 1);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.count(peer, urgency, -1);
      if (!this.wakeOne(peer)) [...this.peers.values()].some((other) => this.wakeOne(other));
      if (peer.all === 0 && peer.waiters.length === 0) this.peers.delete(peerId);
    };
  }

  private wakeOne(peer: Peer): boolean {
    const index = firstThat(peer.waiters, (waiter) => this.free(peer, waiter.urgency));
    if (index < 0) return false;
    const [waiter] = peer.waiters.splice(index, 1);
    this.count(peer, waiter!.urgency, 1);
    waiter!.go();
    return true;
  }

  private free(peer: Peer, urgency: Urgency): boolean {
    if (this.total >= this.most()) return false;
    return peer.all < REQUESTS_PER_PEER && (urgency === 'reader' || peer.bulk < BULK_REQUESTS_PER_PEER);
  }

  private count(peer: Peer, urgency: Urgency, by: 1 | -1): void {
    peer.all += by;
    this.total += by;
    if (urgency === 'bulk') peer.bulk += by;
  }

  private wait(waiters: Waiter[], urgency: Urgency, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        waiters.splice(waiters.indexOf(waiter), 1);
        reject(abortError(signal));
      };
      const waiter: Waiter = {
        urgency,
        go: () => {
          signal.removeEventListener('abort', abort);
          resolve();
        },
      };
      signal.addEventListener('abort', abort, { once: true });
      waiters.push(waiter);
    });
  }
}

/** Readers first, then in order of arrival. */
function firstThat(waiters: readonly Waiter[], may: (waiter: Waiter) => boolean): number {
  const reader = waiters.findIndex((waiter) => waiter.urgency === 'reader' && may(waiter));
  return reader >= 0 ? reader : waiters.findIndex(may);
}
