import type { BlockBatch } from '@dfs/chunks';
import type { Tx } from '@dfs/database';
import {
  AHEAD_PROTOCOL,
  aheadWhole,
  formAheadBlocks,
  MAX_AHEAD_BLOCKS,
  type AheadBlock,
  type Cid,
} from '@dfs/protocol';
import { DfsError, type Log } from '@dfs/runtime';
import type { Fetchers } from '@dfs/transfer';
import type { Channel, Transport } from '@dfs/transport';
import { SHARED_BYTES } from '../limits.js';
import type { MembersNow } from '../plan/members-now.js';
import type { Block } from '../ports.js';
import { AHEAD_MEMORY, holdersOfAll } from './holders-of-all.js';

/** To more than these an upload is not sent ahead: they get it from each other sooner, and its node sends one copy. */
const MAX_RECEIVERS = 2;
/** Blocks that are named to one who does not listen; later ones it gets once the file is recorded. */
const MAX_WAITING = 8 * MAX_AHEAD_BLOCKS;
/** Blocks of one upload that can be had before they are committed: the newest. */
const MAX_LENT = 65_536;

/** The parts by which uploads are sent ahead. `signal` ends all of it. */
export interface OffersComponents {
  transport: Pick<Transport, 'open' | 'limits'>;
  network: MembersNow;
  gatherings: Pick<Fetchers, 'lend'>;
  signal: AbortSignal;
  /** Whether anything is sent ahead. */
  isOn: boolean;
  log: Log;
}

/** A batch of an upload; the content is told of as soon as it is known. */
export interface OfferedBatch extends BlockBatch {
  /** All blocks of the content have been added. */
  whole(content: { contentId: Cid; size: number }): void;
}

/**
 * Blocks of an upload on their way to disk, of which those members are told that will hold the file anyway, once it is
 * large enough: they ask for the blocks meanwhile. Nobody waits for them. They keep what they got if the batch is
 * committed, and drop it if not.
 */
export function offered(components: OffersComponents, batch: BlockBatch): OfferedBatch {
  const offer = new Offer(components, (id) => batch.get(id));
  return {
    add: async (block: Block, released?: () => void) => {
      const size = block.bytes.length;
      await batch.add(block, released);
      offer.added({ id: block.id, size });
    },
    whole: ({ contentId, size }) => offer.whole(contentId, size),
    get: (id) => batch.get(id),
    flush: () => batch.flush(),
    commit: async (tx: Tx) => {
      await batch.commit(tx);
      tx.afterCommit(() => offer.end());
    },
    abort: async () => {
      // After a commit it does nothing, as that of the batch.
      offer.drop();
      await batch.abort();
    },
  };
}

/** One upload, and those it is sent to. */
class Offer {
  private readonly receivers: Receiver[] = [];
  /** Undefined once it has been decided who is told. */
  private early: AheadBlock[] | undefined = [];
  private bytes = 0;
  private readonly lent = new Set<Cid>();
  private giveBack: (() => void) | undefined;
  private isOver = false;

  constructor(
    private readonly components: OffersComponents,
    private readonly read: (id: Cid) => Promise<Uint8Array | undefined>,
  ) {}

  added(block: AheadBlock): void {
    if (this.early) {
      this.early.push(block);
      this.bytes += block.size;
      if (this.bytes >= SHARED_BYTES) this.begin(this.early);
      return;
    }
    if (this.receivers.length === 0) return;
    this.lend(block);
    for (const receiver of this.receivers) receiver.tell([block]);
  }

  whole(content: Cid, size: number): void {
    for (const receiver of this.receivers) receiver.whole(content, size);
  }

  /** It is committed. */
  end(): void {
    for (const receiver of this.receivers) receiver.end();
    this.finish();
  }

  /** Nothing becomes of it. */
  drop(): void {
    for (const receiver of this.receivers) receiver.drop();
    this.finish();
  }

  /** Requests from before the commit are answered after it. */
  private finish(): void {
    if (this.isOver) return;
    this.isOver = true;
    const receivers = this.receivers.splice(0);
    void Promise.all(receivers.map(({ done }) => done)).then(() => this.giveBack?.());
  }

  private begin(early: readonly AheadBlock[]): void {
    this.early = undefined;
    if (!this.components.isOn) return;
    const { network, gatherings, transport } = this.components;
    const { self, reachable } = network.now();
    const others = holdersOfAll(network.now()).filter((peerId) => peerId !== self);
    // Where a person has set a limit, several get less from this node by sharing.
    const most = transport.limits().send === undefined ? MAX_RECEIVERS : 1;
    if (others.length === 0 || others.length > most) return;
    this.giveBack = gatherings.lend({ has: (id) => this.lent.has(id), read: this.read, chunks: () => undefined });
    for (const block of early) this.lend(block);
    for (const peerId of others.filter((other) => reachable.has(other))) {
      const receiver = new Receiver(this.components, peerId);
      receiver.tell(early);
      this.receivers.push(receiver);
    }
  }

  private lend({ id }: AheadBlock): void {
    this.lent.add(id);
    if (this.lent.size <= MAX_LENT) return;
    for (const oldest of this.lent) return void this.lent.delete(oldest);
  }
}

/** One member that is told what comes, at its own pace. */
class Receiver {
  private waiting: AheadBlock[] = [];
  private content: { content: Cid; size: number } | undefined;
  private isEnded = false;
  private readonly control = new AbortController();
  private news = Promise.withResolvers<undefined>();

  /** Settles when it needs no more. */
  readonly done: Promise<void>;

  constructor(
    private readonly components: OffersComponents,
    private readonly peerId: string,
  ) {
    this.done = this.run();
  }

  tell(blocks: readonly AheadBlock[]): void {
    if (this.control.signal.aborted || this.waiting.length + blocks.length > MAX_WAITING) return;
    this.waiting.push(...blocks);
    this.news.resolve(undefined);
  }

  whole(content: Cid, size: number): void {
    this.content = { content, size };
    this.news.resolve(undefined);
  }

  end(): void {
    this.isEnded = true;
    this.news.resolve(undefined);
  }

  drop(): void {
    this.control.abort(new DfsError('aborted', 'The upload was given up.'));
  }

  /** Never throws: what is not sent ahead is replicated later. */
  private async run(): Promise<void> {
    const signal = AbortSignal.any([this.components.signal, this.control.signal]);
    signal.addEventListener('abort', () => this.news.resolve(undefined), { once: true });
    try {
      const options = { signal, timeoutMs: AHEAD_MEMORY };
      const channel = await this.components.transport.open(this.peerId, AHEAD_PROTOCOL, options);
      const heard = this.listen(channel);
      for (let part = await this.next(signal); part; part = await this.next(signal)) await channel.send(part);
      await channel.end();
      await heard;
    } catch (error) {
      this.components.log.debug({ err: error, peerId: this.peerId }, 'an upload is not sent ahead to a member');
    } finally {
      this.waiting = [];
      if (!this.isEnded) this.drop();
    }
  }

  /** The header of the next frame; undefined after the last. */
  private async next(signal: AbortSignal): Promise<ReturnType<typeof formAheadBlocks> | undefined> {
    for (;;) {
      signal.throwIfAborted();
      const blocks = this.waiting.splice(0, MAX_AHEAD_BLOCKS);
      if (blocks.length > 0) return formAheadBlocks(blocks);
      const { content } = this;
      this.content = undefined;
      if (content) return aheadWhole.form({ kind: 'whole', ...content }) ?? null;
      if (this.isEnded) return undefined;
      this.news = Promise.withResolvers<undefined>();
      await this.news.promise;
    }
  }

  /** Until it needs nothing more; or it says why it does not want it. Never throws. */
  private async listen(channel: Channel): Promise<void> {
    try {
      for await (const _ of channel.frames());
    } catch (error) {
      this.control.abort(error);
    }
  }
}
