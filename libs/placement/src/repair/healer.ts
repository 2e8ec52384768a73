import { slices } from '@dfs/database';
import type { EventLog } from '@dfs/events';
import type { Cid } from '@dfs/protocol';
import { Recurring, second, type Log, type Ran, type WorkStatus } from '@dfs/runtime';
import type { Transport } from '@dfs/transport';
import { askBlocks, rateFrom, Silence } from '@dfs/transfer';
import { ExtentBlocks } from '../pins/extent-blocks.js';
import { forsaken, type ForsakenComponents } from './forsaken.js';
import { SCAN_PAGE } from '../limits.js';
import type { MembersNow } from '../plan/members-now.js';
import type { Batch, BlockStore } from '../ports.js';
import type { PinLog, PinnedExtent } from '../pins/pin-log.js';
import { pinAgain, type PinAgainComponents } from './repin.js';

/** Between two tries to heal. */
const HEAL_AGAIN = 15 * second;

/** The parts by which damage is heard of, healed and told. */
export interface HealerComponents extends ForsakenComponents, Omit<PinAgainComponents, 'purged'> {
  chunks: BlockStore;
  pins: PinLog;
  network: MembersNow;
  transport: Pick<Transport, 'open' | 'rates' | 'isHeldBack'>;
  events: Pick<EventLog, 'recordNow'>;
  /** Pins were dropped: their extents are to be fetched anew. */
  onDropped: () => void;
  log: Log;
}

/**
 * Heals blocks that were found damaged: from any member that has them, at once. An extent that cannot be healed is
 * promised no
 * longer, so that others count one copy less, and is fetched again like anything that is lacking. Once it is whole, by
 * whatever way, it is promised again, though no current file may have it.
 */
export class Healer {
  private readonly healing: Recurring;
  private readonly waiting = new Set<Cid>();
  /** Blocks of files that are not whole here. */
  private readonly open = new Set<Cid>();
  /** There may be extents that are whole again: when the process before this one ended, too. */
  private healed = true;
  private warned = false;

  constructor(private readonly components: HealerComponents) {
    this.healing = new Recurring(
      {
        name: 'heal damaged blocks',
        every: () => (this.open.size > 0 ? HEAL_AGAIN : Infinity),
        retry: { first: HEAL_AGAIN, longest: HEAL_AGAIN },
        failed: 'damage could not be attended to, and is tried again',
        severity: 'error',
        run: () => this.attend(),
      },
      { log: components.log },
    );
  }

  start(): void {
    this.components.chunks.onDamaged((id) => this.found(id));
    for (const id of this.components.chunks.damaged()) this.found(id);
    this.healing.start(0);
  }

  stop(): Promise<void> {
    return this.healing.stop();
  }

  /** Its recurring work in the background. */
  work(): WorkStatus {
    return this.healing.status();
  }

  /** Someone came who may heal, or there is more to heal. */
  tryAgain(): void {
    if (this.open.size > 0 || this.healed) this.healing.soon();
  }

  /** Blocks that are damaged and matter. */
  get count(): number {
    return this.open.size;
  }

  private found(id: Cid): void {
    this.waiting.add(id);
    this.open.add(id);
    this.healing.soon();
  }

  /** Once. The node must not promise damaged blocks for want of a write: where one fails, all of it is tried again. */
  private async attend(): Promise<Ran> {
    // Some may have been healed by other ways.
    this.forgetHealed();
    if (this.open.size > 0) await this.warn(true);
    let hurt: Cid[] = [];
    try {
      await this.heal();
      hurt = [...this.waiting];
      this.waiting.clear();
      if (hurt.length > 0) await this.dropPins(new Set(hurt));
      hurt = [];
      if (this.healed) await this.pinAgain();
    } catch (error) {
      for (const id of hurt) this.waiting.add(id);
      throw error;
    } finally {
      this.forgetHealed();
    }
    if (this.open.size > 0) return 'idle';
    if (this.healed) return 'again';
    await this.warn(false);
    return 'idle';
  }

  /** Asks every member that is here, one after another, until nothing is missing. */
  private async heal(): Promise<void> {
    const { network, log } = this.components;
    for (const peerId of network.others()) {
      const ids = [...this.open];
      if (ids.length === 0) return;
      try {
        for (const part of slices(ids, SCAN_PAGE)) await this.healFrom(peerId, part);
      } catch (error) {
        if (this.healing.signal.aborted) throw error;
        log.debug({ err: error, peerId }, 'a member could not heal');
      }
      this.forgetHealed();
    }
  }

  /** Takes what comes, as long as something does. @throws what ended it before its time */
  private async healFrom(peerId: string, ids: readonly Cid[]): Promise<void> {
    const { transport, chunks, db } = this.components;
    const silence = new Silence(() => rateFrom(transport, peerId));
    const signal = AbortSignal.any([this.healing.signal, silence.signal]);
    const batch = chunks.batch('local');
    try {
      const failed = await this.receive(peerId, ids, { signal, silence, batch }).then(
        () => undefined,
        (error: unknown) => ({ error }),
      );
      await batch.flush();
      await db.write((tx) => batch.commit(tx));
      if (failed) throw failed.error;
    } finally {
      silence.end();
      await batch.abort();
    }
  }

  private async receive(
    peerId: string,
    ids: readonly Cid[],
    { signal, silence, batch }: { signal: AbortSignal; silence: Silence; batch: Batch },
  ): Promise<void> {
    for await (const answers of askBlocks(this.components.transport, peerId, ids, { signal })) {
      for (const { id, bytes } of answers) if (bytes) await batch.add({ id, bytes });
      silence.heard();
    }
  }

  private forgetHealed(): void {
    const still = new Set(this.components.chunks.damaged());
    for (const id of this.open) if (!still.has(id) && this.open.delete(id)) this.healed = true;
    for (const id of this.waiting) if (!still.has(id)) this.waiting.delete(id);
  }

  private async pinAgain(): Promise<void> {
    this.healed = false;
    const purged = (contents: readonly Cid[]): Promise<Set<Cid>> => this.components.catalogue.purged(contents);
    const extents = await pinAgain({ ...this.components, purged }, this.healing.signal).catch((error: unknown) => {
      this.healed = true;
      throw error;
    });
    if (extents > 0) this.components.log.info({ extents }, 'extents that are whole again are promised again');
  }

  private async dropPins(hurt: ReadonlySet<Cid>): Promise<void> {
    const { pins, db, log, onDropped } = this.components;
    const touched = new Set<Cid>();
    let dropped = 0;
    for await (const page of pins.pages()) {
      const lost: PinnedExtent[] = [];
      for (const pin of page) {
        const blocks = await this.hurtBlocks(pin, hurt);
        if (blocks.length > 0) lost.push(pin);
        for (const block of blocks) touched.add(block);
      }
      if (lost.length > 0) await db.write((tx) => pins.drop(tx, lost));
      dropped += lost.length;
    }
    // Extents dropped before are waited for too, while they may be the last there are.
    for await (const extent of forsaken(this.components)) {
      for (const block of await this.hurtBlocks(extent, hurt)) touched.add(block);
    }
    // A block that nothing promises is nobody's loss.
    for (const id of hurt) if (!touched.has(id)) this.open.delete(id);
    if (dropped === 0) return;
    log.warn({ extents: dropped }, 'extents with damaged blocks are promised no longer until they are whole again');
    onDropped();
  }

  /** Which of these blocks an extent needs. Where its manifest cannot be read that is the block that is hurt. */
  private async hurtBlocks(extent: PinnedExtent, hurt: ReadonlySet<Cid>): Promise<Cid[]> {
    const { signal } = this.healing;
    const blocks = new ExtentBlocks((id) => this.components.chunks.get(id, { signal }));
    try {
      return (await blocks.of(extent)).filter((id) => hurt.has(id));
    } catch (err) {
      signal.throwIfAborted();
      this.components.log.debug({ err, ...extent }, 'a manifest cannot be read');
      return [blocks.last ?? extent.content];
    }
  }

  private damageDetail(): string {
    const damaged = 'Data on this node’s disk is damaged.';
    if (this.components.network.others().length > 0)
      return `${damaged} It is being fetched again from the other nodes; check the disk.`;
    return `${damaged} No other node is connected that could have a copy: check the disk. The data is kept, and tried again at each read, at each start and every hour.`;
  }

  private async warn(active: boolean): Promise<void> {
    if (this.warned === active) return;
    this.warned = active;
    const told = this.components.events.recordNow('node.warning', {
      code: 'damaged-chunk',
      detail: active ? this.damageDetail() : 'The damaged data is whole again.',
      active,
    });
    await told.catch((error: unknown) => {
      this.warned = !active;
      this.components.log.warn({ err: error }, 'damage could not be told of');
    });
  }
}
