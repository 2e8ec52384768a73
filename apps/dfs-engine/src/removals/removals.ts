import { randomUUID } from 'node:crypto';
import type { TransferInfo } from '@dfs/contracts';
import type { Database } from '@dfs/database';
import type { Membership, Peers } from '@dfs/peers';
import type { Placement } from '@dfs/placement';
import { DfsError, isDfsError, second, stopping, type Clock, type Log } from '@dfs/runtime';
import type { Transfer } from '@dfs/transfer';
import { RemovalEntity } from './removal.entity.js';

/** A removal that takes longer goes on behind its answer: proxies wait for a minute, people for less. */
const PATIENCE = 10 * second;

/** How a member is removed. */
export interface RemovalOptions {
  confirm: boolean;
  drain: boolean;
}

/** The parts by which a long removal is shown and followed. */
export interface RemovalsComponents {
  db: Pick<Database, 'repository' | 'write'>;
  peers: Pick<Peers, 'remove'>;
  membership: Pick<Membership, 'networkId'>;
  transfers: Pick<Placement['transfers'], 'track' | 'get'>;
  clock: Clock;
  log: Log;
  /** The database may not be the newest this node had: a removal in it may have been cancelled since. */
  mayBeOld: boolean;
  /** Resolves when an answer can wait no longer; by itself after some seconds. */
  patience?: () => Promise<unknown>;
}

interface Removal {
  /** The transfer, once it outlives this process. */
  transfer: Promise<Transfer>;
  done: Promise<void>;
}

/**
 * Removes members from the network. To empty one first may take hours: that is a transfer, which shows how far it is and
 * can be cancelled, and the member is removed at its end. It goes on over restarts of this node, however they come.
 */
export class Removals {
  private readonly drains = new Map<string, Removal>();
  private readonly patience: () => Promise<unknown>;
  private readonly ending = new AbortController();
  /** Rejects when the node stops. */
  private readonly end: Promise<never>;

  constructor(private readonly components: RemovalsComponents) {
    this.patience = components.patience ?? (() => new Promise((resolve) => setTimeout(resolve, PATIENCE).unref()));
    const { promise, reject } = Promise.withResolvers<never>();
    this.end = promise;
    this.end.catch(() => undefined);
    this.ending.signal.addEventListener('abort', () => reject(this.ending.signal.reason), { once: true });
  }

  /** Goes on with the removals that a stop has interrupted. */
  async start(): Promise<void> {
    const rows = await this.components.db.repository(RemovalEntity).find({ order: { started: 'ASC', id: 'ASC' } });
    for (const row of rows) this.follow(row, true, Promise.resolve(this.track(row)));
  }

  /** Resolves when nothing of them runs any more; they go on after the next start. */
  async stop(): Promise<void> {
    this.ending.abort(stopping());
    await Promise.allSettled([...this.drains.values()].map(({ done }) => done));
  }

  /**
   * Resolves with nothing once the member is removed, or with the transfer that goes on. A second call for a member that is
   * being emptied waits for the same.
   * @throws DfsError why the member was not removed: `not-an-owner`, `last-copy`, `no-space`, …
   */
  async remove(peerId: string, { confirm, drain }: RemovalOptions): Promise<TransferInfo | undefined> {
    if (!drain) return void (await this.components.peers.remove(peerId, { confirm }));
    const { transfer, done } = this.drains.get(peerId) ?? this.begin(peerId, confirm);
    const { id } = await transfer;
    const waits = Symbol('waits');
    const outcome = await Promise.race([done, this.patience().then(() => waits)]);
    return outcome === waits ? this.components.transfers.get(id) : undefined;
  }

  private begin(peer: string, confirm: boolean): Removal {
    const { db, membership, clock } = this.components;
    const facts = { peer, confirm: confirm ? 1 : 0, network: membership.networkId, started: clock.now() };
    const row: RemovalEntity = { id: randomUUID(), ...facts };
    const stored = db.write((tx) => tx.repository(RemovalEntity).insert(row));
    return this.follow(
      row,
      false,
      stored.then(() => this.track(row)),
    );
  }

  private track(row: RemovalEntity): Transfer {
    // Gone at once: it does not go on after a restart, however the node ends.
    const onCancel = (): Promise<void> => this.forget(row);
    return this.components.transfers.track({ kind: 'drain', id: row.id, peerId: row.peer, onCancel });
  }

  private follow(row: RemovalEntity, isResumed: boolean, transfer: Promise<Transfer>): Removal {
    const done = transfer
      .then((tracked) => this.run(row, isResumed, tracked))
      .finally(() => this.drains.delete(row.peer));
    const removal = { transfer, done };
    this.drains.set(row.peer, removal);
    // Of the one that has nobody to answer any more, the transfer tells.
    done.catch(() => undefined);
    return removal;
  }

  private async run(row: RemovalEntity, isResumed: boolean, transfer: Transfer): Promise<void> {
    try {
      if (isResumed) this.refuseOutdated(row);
      await this.emptyAndRemove(row, isResumed, transfer);
      await this.over(row);
      transfer.finish();
    } catch (error) {
      if (this.ending.signal.aborted && !transfer.signal.aborted) throw error;
      await this.over(row);
      transfer.fail(error);
      this.components.log.warn({ err: error, peer: row.peer }, 'a member was not removed');
      if (isDfsError(error, 'aborted')) throw new DfsError('conflict', 'The removal was cancelled. The member stays.');
      throw error;
    }
  }

  private async emptyAndRemove(row: RemovalEntity, isResumed: boolean, transfer: Transfer): Promise<void> {
    const { peers, membership } = this.components;
    const onLeft = amountsOf(transfer);
    const signal = AbortSignal.any([transfer.signal, this.ending.signal]);
    const options = { confirm: row.confirm === 1, drain: true, isResumed, onLeft, signal };
    try {
      await Promise.race([peers.remove(row.peer, options), this.end]);
    } catch (error) {
      // Signed before this node was interrupted, or by another owner.
      if (isDfsError(error, 'peer-not-found') && membership.networkId === row.network) return;
      throw error;
    }
  }

  private refuseOutdated({ network }: RemovalEntity): void {
    const { membership, mayBeOld } = this.components;
    if (membership.networkId !== network) {
      throw new DfsError('conflict', 'The node has joined another network: the removal was given up.');
    }
    if (mayBeOld) {
      throw new DfsError(
        'conflict',
        'The database may be an older copy, and the removal may have been cancelled since: remove the member again if it is to go.',
      );
    }
  }

  private forget({ id }: RemovalEntity): Promise<void> {
    return this.components.db.write(async (tx) => void (await tx.repository(RemovalEntity).delete({ id })));
  }

  /** A row that stays because the disk is full is found done, or its removal is tried again, after the next start. */
  private async over(row: RemovalEntity): Promise<void> {
    try {
      await this.forget(row);
    } catch (error) {
      this.components.log.warn({ err: error, peer: row.peer }, 'the end of a removal was not stored');
    }
  }
}

/** Tells a transfer what is moved, by what is left. */
function amountsOf(transfer: Transfer): (left: number) => void {
  let bytes = 0;
  let known = 0;
  return (left) => {
    // Files written meanwhile add to the work.
    if (left > known) transfer.describe({ bytes: (bytes += left - known) });
    else if (left < known) transfer.progress(known - left);
    known = left;
  };
}
