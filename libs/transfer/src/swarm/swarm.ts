import type { ReadBlock } from '@dfs/chunks';
import { second, MiB, millisecond, abortError, DfsError, isDfsError, RunningTime, type Log } from '@dfs/runtime';
import type { Cid } from '@dfs/protocol';
import type { Transport } from '@dfs/transport';
import { askBlocks } from '../ask/block-client.js';
import { Lane, Request } from './peer-pipeline.js';
import { MAX_LOT_BLOCKS, MIN_LOT_BYTES, REASK_AFTER, STALL_CHECK } from '../limits.js';
import { HolderRelief } from './holder-relief.js';
import type { RequestSlots, Urgency } from '../ask/request-slots.js';
import { BlockSchedule, type Lot, type Want } from './block-schedule.js';
import { isTooSilent, rateFrom, tooSilent } from '../ask/stall.js';

/** A holder that has given what it is asked for to others, and does not give it once more yet, is asked again so much later. */
const INSIST_PAUSE = 1 * second;
/** Once all has been asked for, what is owed for so long is asked of those who have nothing to do. */
const ENDGAME_AFTER = 300 * millisecond;
/** At first only so much is under way, until those who begin at the same moment know of each other. */
const MEETING_TIME = 250 * millisecond;
const MEETING_BYTES = 3 * MiB;
/** A reader to whom nothing comes waits so long for a partner to bring what is due next. */
const HEAD_PATIENCE = 2 * second;

/** Streams to peers, and the places that all swarms of a node share. */
export interface SwarmComponents {
  transport: Pick<Transport, 'open' | 'rates' | 'isHeldBack'>;
  slots: RequestSlots;
  log: Log;
}

/** One fetch, and the calls by which it delivers and reports. Calls are made one at a time. */
export interface SwarmOptions {
  urgency: Urgency;
  signal: AbortSignal;
  /** A verified block, each once. A wait of it holds the peer back; an error of it ends the swarm. */
  deliver: (block: ReadBlock, peerId: string) => Promise<void> | undefined;
  /** Large blocks come in memory that `deliver` may give back. */
  reuse?: boolean;
  /** Blocks of these keys can be asked of nobody: offer more holders, or abandon them. Told once until one is offered. */
  starved?: (keys: string[]) => void;
  /** The peer is asked no more, for this reason: `peer-misbehaved` when it lied. */
  left?: (peerId: string, error: unknown) => void;
  /** This node, where others fetch the same and are met. */
  self?: string;
}

/**
 * Gets wanted blocks from several peers at once: holders, and partners, who fetch the same. Each has a few requests in
 * flight, as large as its speed allows; a slow one is asked no more and what it owes is asked of others, as are the last
 * blocks of all; a silent, lying or lost one is left. Blocks that
 * co-fetchers will deliver are not requested from holders while the co-fetchers keep up.
 */
export class Swarm {
  private readonly schedule: BlockSchedule;
  private readonly sparing = new HolderRelief();
  private readonly began = performance.now();
  /** By which the silence of peers is measured. */
  private readonly time = new RunningTime(STALL_CHECK);
  private readonly lanes = new Map<string, Lane>();
  private readonly told = new Set<string>();
  private readonly control = new AbortController();
  private readonly outcome = Promise.withResolvers<undefined>();
  private readonly timer: NodeJS.Timeout;
  /** Bytes asked for and not answered. */
  private asking = 0;
  /** When something last came, in running time. */
  private newest = this.time.now();
  private delivering = 0;
  /** The block that is due first, and since when nobody could be asked for it. */
  private head: { id: Cid; since: number } | undefined;
  private watchingEnd = false;
  private pumping = false;

  constructor(
    private readonly components: SwarmComponents,
    private readonly options: SwarmOptions,
  ) {
    const { urgency, self } = options;
    this.schedule = new BlockSchedule({ order: urgency === 'bulk' ? 'rarest' : 'deadline', ...(self && { self }) });
    this.timer = setInterval(() => this.tick(), STALL_CHECK).unref();
    this.outcome.promise.catch(() => undefined);
    if (options.signal.aborted) this.fail(abortError(options.signal));
    else options.signal.addEventListener('abort', this.onAbort, { once: true });
  }

  /** Blocks that have not come. */
  get open(): number {
    return this.schedule.open;
  }

  /** Peers that are being asked. */
  get sources(): string[] {
    return [...this.lanes.keys()];
  }

  want(wants: Iterable<Want>): void {
    for (const want of wants) this.schedule.want(want);
    this.pumpSoon();
  }

  /** These peers may have the blocks of `key`. One that was left for good reason is only asked again when offered. */
  offer(key: string, peerIds: Iterable<string>): void {
    for (const peerId of peerIds) {
      this.schedule.offer(key, peerId);
      this.told.delete(key);
      this.lane(peerId);
    }
    this.pumpSoon();
  }

  /** `peerId` fetches the blocks of `key` too. Nothing is asked of it but what it says it has. */
  meet(key: string, peerId: string): void {
    this.schedule.meet(key, peerId);
    this.lane(peerId).isPartner = true;
    this.pumpSoon();
  }

  /** A partner has these now. @param done it fetches no more */
  gained(key: string, peerId: string, ids: Iterable<Cid>, done: boolean): void {
    this.schedule.gained(key, peerId, ids, done);
    this.pumpSoon();
  }

  /** A partner has gone, or says nothing more. */
  part(key: string, peerId: string): void {
    this.schedule.part(key, peerId);
    this.pumpSoon();
  }

  /** Someone waits for this one. @returns false when it is not wanted here */
  expedite(id: Cid): boolean {
    this.schedule.expedite(id);
    return this.schedule.wants(id);
  }

  /** The blocks of `key` are wanted no longer. */
  abandon(key: string): Cid[] {
    const gone = this.schedule.abandon(key);
    this.checkEnd();
    return gone;
  }

  /** Keys of which some block can be asked of nobody. */
  starving(): string[] {
    return this.schedule.starved();
  }

  /** Rejects when the swarm ends before its time. */
  get ended(): Promise<unknown> {
    return this.outcome.promise;
  }

  /** Settles when nothing is wanted any more and all is delivered. @throws DfsError of a delivery, or `aborted` */
  drained(): Promise<unknown> {
    this.watchingEnd = true;
    this.checkEnd();
    return this.outcome.promise;
  }

  /** Ends all requests. Idempotent. */
  close(): void {
    this.fail(new DfsError('aborted', 'The transfer has ended.'));
  }

  private lane(peerId: string): Lane {
    let lane = this.lanes.get(peerId);
    if (!lane) this.lanes.set(peerId, (lane = new Lane()));
    return lane;
  }

  private readonly onAbort = (): void => this.fail(abortError(this.options.signal));

  private fail(error: unknown): void {
    if (this.control.signal.aborted) return;
    clearInterval(this.timer);
    this.options.signal.removeEventListener('abort', this.onAbort);
    this.control.abort(error);
    for (const lane of this.lanes.values()) for (const request of lane.requests) request.control.abort(error);
    this.outcome.reject(error);
  }

  private checkEnd(): void {
    if (!this.watchingEnd || this.schedule.open > 0 || this.delivering > 0) return;
    this.outcome.resolve(undefined);
    this.close();
  }

  /** Once for all that is said in one turn: thousands of small files are wanted and offered one by one. */
  private pumpSoon(): void {
    if (this.pumping) return;
    this.pumping = true;
    queueMicrotask(() => {
      this.pumping = false;
      this.pump();
    });
  }

  /** Gives every peer that has room its next blocks, one lot each in turn. */
  private pump(): void {
    for (let more = true; more;) {
      more = false;
      if (this.control.signal.aborted) return;
      for (const [peerId, lane] of this.lanes) {
        if (!lane.hasRoom || this.isSettling()) continue;
        const insist = this.time.now() >= lane.insistsAt;
        const spare = !(insist && this.sparing.isOver);
        const lot = this.schedule.take(peerId, { bytes: this.lotBytes(lane), count: MAX_LOT_BLOCKS, spare, insist });
        if (lot.wants.length === 0) continue;
        more = true;
        void this.ask(peerId, lane, lot);
      }
    }
    const starved = this.schedule.starved().filter((key) => !this.told.has(key));
    for (const key of starved) this.told.add(key);
    if (starved.length > 0) this.options.starved?.(starved);
  }

  /** Until those who begin at the same moment know of each other, only so much is under way. */
  private isSettling(): boolean {
    return this.isYoung && this.asking >= MEETING_BYTES;
  }

  private get isYoung(): boolean {
    return this.options.self !== undefined && performance.now() - this.began < MEETING_TIME;
  }

  /** Several holders share what waits; one alone takes what its speed allows. */
  private lotBytes(lane: Lane): number {
    if (this.isYoung) return MIN_LOT_BYTES;
    if (this.lanes.size === 1) return lane.lotBytes;
    return Math.min(lane.lotBytes, Math.max(MIN_LOT_BYTES, this.schedule.waitingBytes / (2 * this.lanes.size)));
  }

  private async ask(peerId: string, lane: Lane, lot: Lot): Promise<void> {
    const request = new Request(lot);
    lane.requests.add(request);
    this.asking += request.bytes;
    let release: (() => void) | undefined;
    try {
      const { signal } = request.control;
      release = await this.components.slots.acquire(peerId, this.options.urgency, signal);
      await this.receive(peerId, lane, request, [...request.owed]);
    } catch (error) {
      if (!request.over) this.onFailure(peerId, lane, error);
    } finally {
      release?.();
      lane.requests.delete(request);
      this.asking -= request.bytes;
      this.schedule.putBackAll(request.owed, peerId);
      this.pumpSoon();
    }
  }

  private async receive(peerId: string, lane: Lane, request: Request, ids: readonly Cid[]): Promise<void> {
    const started = performance.now();
    const before = lane.received;
    let hasBegun = false;
    request.since = request.sent = this.time.now();
    const { bytes, control } = request;
    const { shared, insist } = request.lot;
    const options = { signal: control.signal, bytes, reuse: this.options.reuse ?? false, shared, insist };
    for await (const answers of askBlocks(this.components.transport, peerId, ids, options)) {
      request.since = undefined;
      this.newest = lane.newest = this.time.now();
      if (!hasBegun) lane.began(lane.newest - request.sent);
      hasBegun = true;
      lane.served();
      for (const { id, bytes, given, wrong, release } of answers) {
        request.owed.delete(id);
        if (wrong) lane.wasWrong(id);
        if (bytes) await this.accept({ id, bytes, ...(release && { release }) }, peerId, lane);
        else if (given) this.onGiven(id, peerId, lane, insist);
        else this.schedule.missing(id, peerId);
        if (!bytes && !given) lane.lacks();
      }
      request.since = this.time.now();
      request.reasked = false;
      if (request.over) return;
    }
    lane.fit(lane.received - before, performance.now() - started);
  }

  /** Others have been given it: they bring it, or the holder is asked for it again later. */
  private onGiven(id: Cid, peerId: string, lane: Lane, insisted: boolean): void {
    this.schedule.given(id, peerId);
    if (insisted) lane.insistsAt = this.time.now() + INSIST_PAUSE;
  }

  private accept(block: ReadBlock, peerId: string, lane: Lane): Promise<void> | undefined {
    lane.received += block.bytes.length;
    this.sparing.received(block.bytes.length, lane.isPartner);
    const asked = this.schedule.askedOf(block.id);
    if (!this.schedule.arrived(block.id)) {
      block.release?.();
      return undefined;
    }
    for (const other of asked) {
      if (other !== peerId) for (const request of this.lanes.get(other)?.requests ?? []) request.excuse(block.id);
    }
    const done = this.options.deliver(block, peerId);
    if (!done) {
      this.checkEnd();
      return undefined;
    }
    this.delivering++;
    return done.then(
      () => {
        this.delivering--;
        this.checkEnd();
      },
      (error: unknown) => this.fail(error),
    );
  }

  private onFailure(peerId: string, lane: Lane, error: unknown): void {
    if (this.control.signal.aborted) return;
    // Other requested blocks may be on their way.
    const isPatient = (): boolean => lane.requests.size > 1 || !lane.isBusyForLong(this.time.now());
    if (isDfsError(error, 'too-many-requests') && isPatient()) {
      lane.paused = true;
      setTimeout(() => {
        lane.paused = false;
        this.pumpSoon();
      }, lane.refused()).unref();
      return;
    }
    this.leave(peerId, lane, error);
  }

  private leave(peerId: string, lane: Lane, error: unknown): void {
    if (this.lanes.get(peerId) !== lane) return;
    this.components.log.debug({ err: error, peerId }, 'left a holder');
    this.lanes.delete(peerId);
    this.schedule.drop(peerId);
    for (const request of lane.requests) request.control.abort(new DfsError('aborted', 'The holder was left.'));
    this.options.left?.(peerId, error);
  }

  private tick(): void {
    this.time.tick();
    this.checkStalls();
    this.checkHead();
    const holders = [...this.lanes].filter(([, { isPartner }]) => !isPartner);
    this.sparing.tick({
      busy: holders.some(([, { requests }]) => requests.size > 0),
      spared: () => holders.some(([peerId]) => this.schedule.spares(peerId)),
    });
    this.pump();
    if (this.schedule.waitingBytes === 0) this.endGame();
  }

  private checkStalls(): void {
    const { transport } = this.components;
    const now = this.time.now();
    // Then everybody seems slow, and asking others for the same would make it slower.
    const isHeldBack = transport.isHeldBack();
    for (const [peerId, lane] of this.lanes) {
      lane.look(transport.rates(peerId).receive, now);
      const lateAfter = lane.lateAfter(this.lanes.values());
      for (const request of lane.requests) {
        if (request.since === undefined) continue;
        const silent = now - request.since;
        const stalls = silent > lateAfter && now - lane.newest > lateAfter;
        if ((silent > REASK_AFTER || stalls) && !request.reasked && !isHeldBack) {
          request.reasked = true;
          for (const id of request.owed) this.schedule.reask(id);
        }
        if (isTooSilent(silent, () => rateFrom(transport, peerId))) this.leave(peerId, lane, tooSilent());
      }
    }
  }

  /** A reader to whom nothing comes does not wait for long that a partner brings what is due next. */
  private checkHead(): void {
    if (this.options.urgency !== 'reader') return;
    const id = this.schedule.next;
    const now = this.time.now();
    if (id === undefined || id !== this.head?.id) this.head = id === undefined ? undefined : { id, since: now };
    else if (now - Math.max(this.head.since, this.newest) > HEAD_PATIENCE) {
      this.head = undefined;
      this.schedule.reask(id);
    }
  }

  /** All has been asked for: those who have nothing to do take over what others owe for long, the last of it first. */
  private endGame(): void {
    const now = this.time.now();
    for (const [peerId, lane] of this.lanes) {
      if (lane.requests.size > 0 || !lane.hasRoom) continue;
      for (const [otherId, other] of this.lanes) {
        if (otherId === peerId) continue;
        const long = [...other.requests].filter(({ sent }) => now - sent > ENDGAME_AFTER);
        const ids = long.flatMap(({ owed }) => [...owed]).reverse();
        const lot = this.schedule.takeOver(ids, peerId, MIN_LOT_BYTES);
        if (lot.wants.length === 0) continue;
        void this.ask(peerId, lane, lot);
        break;
      }
    }
  }
}
