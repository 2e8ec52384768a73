import type { PastBytes, Reclaimed } from '@dfs/chunks';
import type { Database, Tx } from '@dfs/database';
import { CHUNK_MEAN_BYTES, EXTENT_CHUNKS, type Cid } from '@dfs/protocol';
import { pages, second, minute, MiB, type Log, Recurring, type WorkStatus } from '@dfs/runtime';
import { LET_GO_BATCH, PROMISE_USE, ROOM_AGAIN, SCAN_PAGE } from '../limits.js';
import type { MemberPins } from '../pins/member-pins.js';
import type { PinLog, PinnedExtent } from '../pins/pin-log.js';
import { gatherPromises, type Promises } from '../pins/promises.js';
import { extentKey } from '../plan/extents.js';
import type { MembersNow } from '../plan/members-now.js';
import type { BlockStore, Contents, PastContent, PastContents, Providers } from '../ports.js';
import type { Headroom } from '../replicate/headroom.js';
import type { Opener } from '@dfs/transfer';

/** More than is short gives way at a time, by this share of the quota, and at most so much: each time all pins are looked over. */
const GIVE_WAY_SHARE = 0.05;
const GIVE_WAY_MORE = 256 * MiB;
/** How often a full node gives way to what others have stored. */
const GIVE_WAY_EVERY = 1 * minute;
/** How much of past contents is kept is counted no more often than this, and so many times as long as it takes. */
const PAST_COUNT_EVERY = 1 * second;
const PAST_COUNT_REST = 20;

/** The parts by which past content makes room, with the promises of others first. */
export interface GivingWayComponents {
  db: Database;
  pins: PinLog;
  promises: Promises;
  past: PastContents;
  catalogue: Pick<Contents, 'onChange'>;
  holdings: Pick<MemberPins, 'holders'>;
  network: Pick<MembersNow, 'now'>;
  transport: Opener;
  chunks: Pick<BlockStore, 'usage' | 'setRoomMaker'>;
  room: Pick<Headroom, 'isFull'>;
  /** Left out where the DHT is off. */
  dht?: Pick<Providers, 'withdraw'>;
  /** Frees all that no pin needs. */
  reclaim: () => Promise<Reclaimed>;
  log: Log;
}

/** Sums of giving way since this process began, in extents. */
export interface GivingWayStatus {
  readonly gaveWay: number;
  /** Of these, the last copies that were known of. */
  readonly lastCopies: number;
}

/** Which copies may go: those that another member promises to keep, or any. */
type Which = 'promised' | 'any';

/** An extent that only past versions need. */
interface Past {
  readonly pin: PinnedExtent;
  readonly bytes: number;
  readonly deleted: boolean;
}

/**
 * Gives way where room is short: content that only past versions have goes before its retention is over, what is past for
 * longest first. As in letting go a copy is released first, and goes once another member has durably promised its own. The
 * last copy goes only for an upload by this node's own users. Never goes what any head shows, what a record outside the set
 * names, what comes along from another network, or what this node has promised to others.
 */
export class GivingWay {
  private readonly looking: Recurring;
  private figures: GivingWayStatus = { gaveWay: 0, lastCopies: 0 };
  private tail: Promise<unknown> = Promise.resolve();
  private counted: PastBytes = { deletedBytes: 0, pastVersionBytes: 0 };
  private dirty = true;
  private counting: Promise<void> | undefined;
  private countedAt = -Infinity;
  private countTook = 0;

  constructor(private readonly components: GivingWayComponents) {
    this.looking = new Recurring(
      {
        name: 'give way to what others have stored',
        every: GIVE_WAY_EVERY,
        failed: 'giving way has failed',
        run: async () => {
          await this.turn(() => this.forOthers());
          return 'idle';
        },
      },
      { log: components.log },
    );
  }

  start(): void {
    const { chunks, pins, catalogue } = this.components;
    chunks.setRoomMaker((short) => this.makeRoom(short));
    pins.onEntries(() => (this.dirty = true));
    catalogue.onChange(() => (this.dirty = true));
    this.looking.start();
  }

  async stop(): Promise<void> {
    await this.looking.stop();
    await this.tail;
    await this.counting;
  }

  /** Its recurring work in the background. */
  work(): WorkStatus {
    return this.looking.status();
  }

  status(): GivingWayStatus {
    return this.figures;
  }

  /** Contents that could give way, by their sizes; as of a moment ago. */
  bytes(): PastBytes {
    const pause = Math.max(PAST_COUNT_EVERY, this.countTook * PAST_COUNT_REST);
    const isDue = this.dirty && performance.now() - this.countedAt >= pause;
    if (isDue && !this.looking.signal.aborted)
      this.counting ??= this.count().finally(() => (this.counting = undefined));
    return this.counted;
  }

  /**
   * Makes room for so many bytes of an upload by this node's own users, one upload after another: cache goes first, then what
   * others promise to keep, then the rest. Nothing gives way for what would not fit all the same.
   * @returns what has not given way. Never rejects.
   */
  makeRoom(shortBytes: number): Promise<PastBytes> {
    return this.inTurn(async () => {
      if (shortBytes <= this.components.chunks.usage().quotaBytes) await this.forUpload(shortBytes);
      await this.count();
    }).then(() => this.counted);
  }

  /** Of these contents lets go of what only past versions need, here alone: somebody has asked for that. @returns bytes that went */
  async letGoOf(contents: readonly Cid[]): Promise<number> {
    let gone = 0;
    await this.inTurn(async () => {
      const pins = await this.components.pins.of(contents);
      gone = await this.giveWay(
        pins.map((pin) => ({ pin, bytes: bytesOf(pin), deleted: false })),
        'any',
      );
    });
    return gone;
  }

  /** Never rejects. */
  private inTurn(work: () => Promise<void>): Promise<void> {
    return this.turn(work).catch((error: unknown) => {
      if (!this.looking.signal.aborted) this.components.log.warn({ err: error }, 'giving way has failed');
    });
  }

  private turn(work: () => Promise<void>): Promise<void> {
    const run = this.tail.then(() => (this.looking.signal.aborted ? undefined : work()));
    this.tail = run.catch(() => undefined);
    return run;
  }

  private async forUpload(shortBytes: number): Promise<void> {
    let left = shortBytes - (await this.components.reclaim()).bytes;
    if (left <= 0) return;
    await this.count();
    if (this.counted.deletedBytes + this.counted.pastVersionBytes < left) return;
    for (const which of ['promised', 'any'] as const) {
      if (left <= 0) return;
      if (which === 'promised' && this.components.network.now().reachable.size < 2) continue;
      left -= await this.free(left + this.more(), which);
    }
  }

  /** To what others have stored only copies give way that others keep. */
  private async forOthers(): Promise<void> {
    const { room, chunks, network } = this.components;
    if (!room.isFull() || network.now().reachable.size < 2) return;
    const { bytes, quotaBytes } = chunks.usage();
    const tooMuch = bytes - quotaBytes * ROOM_AGAIN;
    if (tooMuch > 0) await this.free(tooMuch, 'promised');
  }

  private more(): number {
    return Math.min(GIVE_WAY_MORE, this.components.chunks.usage().quotaBytes * GIVE_WAY_SHARE);
  }

  /** Gives way until so many bytes went, or nothing more may. @returns bytes of the disk that were freed */
  private async free(wanted: number, which: Which): Promise<number> {
    let went = 0;
    let freed = 0;
    let group: Past[] = [];
    let bytes = 0;
    const flush = async (): Promise<void> => {
      went += await this.giveWay(group, which);
      [group, bytes] = [[], 0];
    };
    for await (const one of this.candidates()) {
      group.push(one);
      bytes += one.bytes;
      if (went + bytes < wanted && group.length < LET_GO_BATCH) continue;
      await flush();
      if (went < wanted) continue;
      // Freed extents share packs and blocks with those that stay: the disk counts.
      freed += (await this.components.reclaim()).bytes;
      if (freed >= wanted) return freed;
      went = freed;
    }
    if (group.length > 0) await flush();
    return went > freed ? freed + (await this.components.reclaim()).bytes : freed;
  }

  /** Pinned extents that only past versions need, what is past for longest first. */
  private async *candidates(): AsyncGenerator<Past, void, undefined> {
    const { past, pins } = this.components;
    const read = (after: PastContent | null) => past.past(after, SCAN_PAGE);
    for await (const page of pages(SCAN_PAGE, read, (last) => last)) {
      this.looking.signal.throwIfAborted();
      const pinned = Map.groupBy(await pins.of(page.map(({ contentId }) => contentId)), ({ content }) => content);
      for (const { contentId, deleted } of page) {
        for (const pin of pinned.get(contentId) ?? []) yield { pin, bytes: bytesOf(pin), deleted };
      }
    }
  }

  /** @returns bytes of what went */
  private async giveWay(group: readonly Past[], which: Which): Promise<number> {
    const { db, pins, promises, past, holdings, network } = this.components;
    const began = performance.now();
    const released = await db.write(async (tx) => {
      const good = await past.onlyPast(tx, contentsOf(group));
      const open = group.map(({ pin }) => pin).filter(({ content }) => good.has(content));
      return pins.release(tx, await promises.free(tx, open));
    });
    const holders = await holdings.holders([...new Set(released.map(({ content }) => content))]);
    const { self, reachable, leaving } = network.now();
    const othersOf = ({ content, extent }: PinnedExtent): string[] =>
      (holders.get(content)?.get(extent) ?? []).filter((peerId) => peerId !== self);
    const asked = released.map((pin) => ({
      pin,
      members: othersOf(pin).filter((peerId) => reachable.has(peerId) && !leaving.has(peerId)),
    }));
    const promised = await gatherPromises(this.components, asked, this.looking.signal);
    const inTime = performance.now() - began < PROMISE_USE;
    const isKept = (pin: PinnedExtent): boolean =>
      inTime && [...promised.values()].some((keys) => keys.has(extentKey(pin.content, pin.extent)));
    const going = released.filter((pin) => which === 'any' || isKept(pin));
    const gone = await db.write(async (tx) => {
      // Contents restored or written again meanwhile stay, and so do extents that nobody else has promised.
      const good = await past.onlyPast(tx, [...new Set(going.map(({ content }) => content))]);
      const away = going.filter(({ content }) => good.has(content));
      const gone = await pins.giveWay(tx, away);
      await pins.restore(tx, released);
      await this.noteLast(
        tx,
        gone,
        new Set(gone.filter((pin) => othersOf(pin).length === 0).map(({ content }) => content)),
      );
      return gone;
    });
    return gone.reduce((sum, pin) => sum + bytesOf(pin), 0);
  }

  /** @param last contents of which nobody else is known to hold all that went */
  private async noteLast(tx: Tx, gone: readonly PinnedExtent[], last: ReadonlySet<Cid>): Promise<void> {
    const { past, pins, dht } = this.components;
    await past.gaveWay(tx, [...last]);
    const contents = [...new Set(gone.map(({ content }) => content))];
    const held = new Set((await pins.of(contents, ['promised'], tx)).map(({ content }) => content));
    const withdrawn = contents.filter((content) => !held.has(content));
    if (withdrawn.length > 0) await dht?.withdraw(withdrawn, tx);
    const lastCopies = gone.filter(({ content }) => last.has(content)).length;
    tx.afterCommit(() => {
      const { figures } = this;
      this.figures = { gaveWay: figures.gaveWay + gone.length, lastCopies: figures.lastCopies + lastCopies };
      if (gone.length > 0) this.components.log.info({ extents: gone.length, lastCopies }, 'past content gave way');
    });
  }

  private async count(): Promise<void> {
    const began = performance.now();
    this.dirty = false;
    const sum: PastBytes = { deletedBytes: 0, pastVersionBytes: 0 };
    try {
      for await (const { bytes, deleted } of this.candidates())
        sum[deleted ? 'deletedBytes' : 'pastVersionBytes'] += bytes;
      this.counted = sum;
    } catch (error) {
      this.dirty = true;
      if (!this.looking.signal.aborted) this.components.log.warn({ err: error }, 'past content could not be counted');
    }
    this.countedAt = performance.now();
    this.countTook = this.countedAt - began;
  }
}

function contentsOf(group: readonly Past[]): Cid[] {
  return [...new Set(group.map(({ pin }) => pin.content))];
}

/** Of a large content the extents have about the same. */
function bytesOf({ size, extent }: PinnedExtent): number {
  const whole = EXTENT_CHUNKS * CHUNK_MEAN_BYTES;
  return Math.max(0, Math.min(whole, size - extent * whole));
}
