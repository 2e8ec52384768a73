import type { Database } from '@dfs/database';
import { AHEAD_PROTOCOL, aheadTaken, parseAhead, type AheadMessage, type Cid } from '@dfs/protocol';
import {
  DfsError,
  Recurring,
  second,
  systemTimers,
  type Log,
  type Ran,
  type Timers,
  type WorkStatus,
} from '@dfs/runtime';
import type { SwarmComponents } from '@dfs/transfer';
import type { Channel, Transport } from '@dfs/transport';
import type { MembersNow } from '../plan/members-now.js';
import type { BlockStore, MemberList } from '../ports.js';
import type { Headroom } from '../replicate/headroom.js';
import { Arrival } from './arrival.js';
import { AHEAD_MEMORY, holdersOfAll } from './holders-of-all.js';

/** Uploads of one member, and of all, that are taken ahead at a time. */
const MAX_PER_MEMBER = 4;
const MAX_ARRIVALS = 8;
/** Of the room that is left for others' data, the share that one member may take by uploads that are not recorded yet. */
const MEMBER_SHARE = 1 / 4;
const AHEAD_CHECK = 15 * second;

/** The parts by which uploads of other members are taken while they come in there. */
export interface ArrivalsComponents extends SwarmComponents {
  transport: SwarmComponents['transport'] & Pick<Transport, 'handle'>;
  db: Database;
  chunks: BlockStore;
  network: MembersNow;
  membership: MemberList;
  room: Pick<Headroom, 'bytesLeft'>;
  log: Log;
  /** Those of a test. */
  timers?: Timers | undefined;
}

/** How much is here of uploads that are not recorded yet. */
export interface ArrivalsStatus {
  readonly uploads: number;
  /** Bytes, unpinned; they count as used. */
  readonly bytes: number;
}

/**
 * Uploads that other members take in, and of which this node gets the blocks meanwhile since it will hold them anyway.
 * Nothing of it is in the store before the file is recorded; it is dropped when its upload fails, or the other member
 * is gone, or nobody records it.
 */
export class Arrivals {
  private readonly arrivals = new Set<Arrival>();
  private readonly timers: Timers;
  private readonly forgetting: Recurring;

  constructor(private readonly components: ArrivalsComponents) {
    this.timers = components.timers ?? systemTimers;
    this.forgetting = new Recurring(
      {
        name: 'forget uploads that nobody records',
        every: AHEAD_CHECK,
        failed: 'uploads that nobody records could not be forgotten',
        run: async () => this.forgetOld(),
      },
      { log: components.log, timers: this.timers },
    );
  }

  /** Answers members from now on. */
  start(): void {
    const { transport } = this.components;
    transport.handle(AHEAD_PROTOCOL, (channel) => this.take(channel), { idleMs: AHEAD_MEMORY });
    this.forgetting.start();
  }

  /** Drops all of it. */
  async stop(): Promise<void> {
    await this.forgetting.stop();
    await Promise.all([...this.arrivals].map((arrival) => this.drop(arrival)));
  }

  /** Its recurring work in the background. */
  work(): WorkStatus {
    return this.forgetting.status();
  }

  status(): ArrivalsStatus {
    const bytes = [...this.arrivals].reduce((sum, arrival) => sum + arrival.bytes, 0);
    return { uploads: this.arrivals.size, bytes };
  }

  /** Whether blocks of this content have come ahead and are not in the store yet. */
  has(content: Cid): boolean {
    return this.of(content) !== undefined;
  }

  /** The content is recorded: what has come of it is put into the store. Never throws; what is missing is replicated. */
  async settle(content: Cid): Promise<void> {
    for (let arrival = this.of(content); arrival; arrival = this.of(content)) {
      await arrival.settle();
      this.arrivals.delete(arrival);
    }
  }

  /**
   * A reader needs the content: what has come of it ahead is put into the store first, so that it is not fetched a second time. A content
   * that is in the store is not waited for, whatever a member says that it sends. Never throws, but for a store that cannot be read.
   */
  async settleUnlessHere(content: Cid): Promise<void> {
    if (!this.has(content)) return;
    const here = await this.components.chunks.has([content]);
    if (!here.has(content)) await this.settle(content);
  }

  private of(content: Cid): Arrival | undefined {
    for (const arrival of this.arrivals) if (arrival.content === content) return arrival;
    return undefined;
  }

  /** Ends with the upload. @throws DfsError why nothing more of it is taken */
  private async take(channel: Channel): Promise<void> {
    const { peerId } = channel;
    this.admit(peerId);
    const arrival = new Arrival(this.components, {
      ...{ peerId, timers: this.timers },
      mayCome: (bytes) => this.mayCome(peerId, bytes),
      onFailed: (error) => channel.abort(error),
    });
    this.arrivals.add(arrival);
    try {
      for await (const { header } of channel.frames()) {
        await this.hear(arrival, parseAhead(header));
        await channel.send(aheadTaken.form({ bytes: arrival.bytes }) ?? null);
      }
      if (arrival.content === undefined) throw new DfsError('bad-request', 'The upload ended before it was whole.');
      // The other serves what is not committed there until this node says that it needs no more.
      await arrival.over;
    } catch (error) {
      await this.drop(arrival);
      throw error;
    }
  }

  private async hear(arrival: Arrival, message: AheadMessage): Promise<void> {
    if (message.kind === 'whole') arrival.content = message.content;
    else await arrival.want(message.blocks);
  }

  /** @throws DfsError where this node would not keep the file, or takes enough of them */
  private admit(peerId: string): void {
    const { network, membership } = this.components;
    const now = network.now();
    const writer = membership.members().find((member) => member.peerId === peerId);
    if (!writer || writer.role === 'storage') throw new DfsError('read-only-member', 'This member writes no files.');
    if (!holdersOfAll(now).includes(now.self)) {
      throw new DfsError('quota-exceeded', 'This node may not be a holder of the file.');
    }
    if (this.ofMember(peerId).length >= MAX_PER_MEMBER || this.arrivals.size >= MAX_ARRIVALS) {
      throw new DfsError('too-many-requests', 'This node takes as many uploads ahead as it can at a time.');
    }
  }

  private ofMember(peerId: string): Arrival[] {
    return [...this.arrivals].filter((arrival) => arrival.peerId === peerId);
  }

  /** Whether the uploads of a member stay within its share with so many bytes more. */
  private mayCome(peerId: string, bytes: number): boolean {
    const room = this.components.room.bytesLeft() + this.status().bytes;
    const taken = this.ofMember(peerId).reduce((sum, { wanted }) => sum + wanted, 0);
    return taken + bytes <= room * MEMBER_SHARE;
  }

  private forgetOld(): Ran {
    for (const arrival of this.arrivals) {
      if (this.timers.ticks() - arrival.lastAt < AHEAD_MEMORY) continue;
      arrival.fail(new DfsError('timeout', 'Nothing of the upload has come for too long.'));
      void this.drop(arrival);
    }
    return 'idle';
  }

  private async drop(arrival: Arrival): Promise<void> {
    this.arrivals.delete(arrival);
    await arrival.drop();
  }
}
