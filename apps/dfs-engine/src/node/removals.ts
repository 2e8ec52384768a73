import type { TransferInfo } from '@dfs/contracts';
import type { Peers } from '@dfs/peers';
import type { Placement } from '@dfs/placement';
import { DfsError, isDfsError, second, type Log } from '@dfs/runtime';

/** A removal that takes longer goes on behind its answer: proxies wait for a minute, people for less. */
const PATIENCE = 10 * second;

/** How a member is removed. */
export interface RemovalOptions {
  confirm: boolean;
  drain: boolean;
}

/** The parts by which a long removal is shown and followed. */
export interface RemovalsComponents {
  peers: Pick<Peers, 'remove'>;
  transfers: Pick<Placement['transfers'], 'track' | 'list'>;
  log: Log;
  /** Resolves when an answer can wait no longer; by itself after some seconds. */
  patience?: () => Promise<unknown>;
}

interface Removal {
  transferId: string;
  done: Promise<void>;
}

/**
 * Removes members from the network. To empty one first may take hours: that is a transfer, which shows how far it is and
 * can be cancelled, and the member is removed at its end. A node that stops meanwhile removes nothing.
 */
export class Removals {
  private readonly drains = new Map<string, Removal>();
  private readonly patience: () => Promise<unknown>;

  constructor(private readonly components: RemovalsComponents) {
    this.patience = components.patience ?? (() => new Promise((resolve) => setTimeout(resolve, PATIENCE).unref()));
  }

  /**
   * Resolves with nothing once the member is removed, or with the transfer that goes on. A second call for a member that is
   * being emptied waits for the same.
   * @throws DfsError why the member was not removed: `not-an-owner`, `last-copy`, `no-space`, …
   */
  async remove(peerId: string, { confirm, drain }: RemovalOptions): Promise<TransferInfo | undefined> {
    if (!drain) return void (await this.components.peers.remove(peerId, { confirm }));
    const { transferId, done } = this.drains.get(peerId) ?? this.begin(peerId, confirm);
    const waits = Symbol('waits');
    const outcome = await Promise.race([done, this.patience().then(() => waits)]);
    if (outcome !== waits) return undefined;
    return this.components.transfers.list().find(({ id }) => id === transferId);
  }

  private begin(peerId: string, confirm: boolean): Removal {
    const transfer = this.components.transfers.track({ kind: 'drain', peerId });
    const removal = { transferId: transfer.id, done: this.run(peerId, confirm, transfer) };
    this.drains.set(peerId, removal);
    // Of the one that has nobody to answer any more, the transfer tells.
    removal.done.catch(() => undefined);
    return removal;
  }

  private async run(
    peerId: string,
    confirm: boolean,
    transfer: ReturnType<RemovalsComponents['transfers']['track']>,
  ): Promise<void> {
    const { peers, log } = this.components;
    let bytes = 0;
    let known = 0;
    const onLeft = (left: number): void => {
      // Files written meanwhile add to the work.
      if (left > known) transfer.describe({ bytes: (bytes += left - known) });
      else if (left < known) transfer.progress(known - left);
      known = left;
    };
    try {
      await peers.remove(peerId, { confirm, drain: true, onLeft, signal: transfer.signal });
      transfer.finish();
    } catch (error) {
      transfer.fail(error);
      log.warn({ err: error, peer: peerId }, 'a member was not removed');
      if (isDfsError(error, 'aborted')) throw new DfsError('conflict', 'The removal was cancelled. The member stays.');
      throw error;
    } finally {
      this.drains.delete(peerId);
    }
  }
}
