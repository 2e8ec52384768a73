import type { ReadBlock } from '@dfs/chunks';
import { abortError, DfsError, isDfsError, type Cid, type Log } from '@dfs/protocol';
import type { Transport } from '@dfs/transport';
import { askBlocks } from './block-client.js';
import {
  BUSY_PAUSE,
  FIRST_LOT_BYTES,
  LANE_REQUESTS,
  LEAVE_AFTER,
  LEAVE_TRICKLE_AFTER,
  LOT_TIME,
  MAX_LOT_BLOCKS,
  MAX_LOT_BYTES,
  MIN_LOT_BYTES,
  REASK_AFTER,
  STALL_CHECK,
  TRICKLE,
} from './limits.js';
import type { RequestSlots, Urgency } from './request-slots.js';
import { Schedule, type Want } from './schedule.js';

export interface SwarmComponents {
  transport: Pick<Transport, 'open' | 'rates'>;
  slots: RequestSlots;
  log: Log;
}

export interface SwarmOptions {
  urgency: Urgency;
  signal: AbortSignal;
  /** A verified block, each once. What it waits for holds the peer back; what it throws ends the swarm. */
  deliver: (block: ReadBlock, peerId: string) => Promise<void> | undefined;
  /** Large blocks come in memory that `deliver` may give back. */
  reuse?: boolean;
  /** Blocks of these keys can be asked of nobody: offer more holders, or abandon them. Told once until one is offered. */
  starved?: (keys: string[]) => void;
  /** The peer is asked no more, for this reason: `peer-misbehaved` when it lied. */
  left?: (peerId: string, error: unknown) => void;
}

interface Request {
  readonly owed: Set<Cid>;
  readonly control: AbortController;
  /** When it last got on, by performance.now(); undefined before it was sent and while a block is being delivered. */
  since: number | undefined;
  reasked: boolean;
}

/** What is open to one peer. */
interface Lane {
  readonly requests: Set<Request>;
  lotBytes: number;
  received: number;
  paused: boolean;
}

/**
 * Gets wanted blocks from several holders at once. Each holder has a few requests in flight, as large as its speed
 * allows; a slow one is asked no more and what it owes is asked of others; a silent, lying or lost one is left.
 */
export class Swarm {
  private readonly schedule = new Schedule();
  private readonly lanes = new Map<string, Lane>();
  private readonly told = new Set<string>();
  private readonly control = new AbortController();
  private readonly outcome = Promise.withResolvers<undefined>();
  private readonly timer: NodeJS.Timeout;
  private delivering = 0;
  private watchingEnd = false;
  private pumping = false;

  constructor(
    private readonly components: SwarmComponents,
    private readonly options: SwarmOptions,
  ) {
    this.timer = setInterval(() => this.checkStalls(), STALL_CHECK).unref();
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
      if (!this.lanes.has(peerId)) {
        this.lanes.set(peerId, { requests: new Set(), lotBytes: FIRST_LOT_BYTES, received: 0, paused: false });
      }
    }
    this.pumpSoon();
  }

  /** Someone waits for this one. @returns false when it is not wanted here */
  expedite(id: Cid): boolean {
    this.schedule.expedite(id);
    return this.schedule.wants(id);
  }

  /** What is wanted of `key` is wanted no longer. */
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
        if (!this.hasRoom(lane)) continue;
        const lot = this.schedule.take(peerId, this.lotBytes(lane), MAX_LOT_BLOCKS);
        if (lot.length === 0) continue;
        more = true;
        void this.ask(peerId, lane, lot);
      }
    }
    const starved = this.schedule.starved().filter((key) => !this.told.has(key));
    for (const key of starved) this.told.add(key);
    if (starved.length > 0) this.options.starved?.(starved);
  }

  private hasRoom(lane: Lane): boolean {
    if (lane.paused || lane.requests.size >= LANE_REQUESTS) return false;
    for (const request of lane.requests) if (request.reasked) return false;
    return true;
  }

  /** Several holders share what waits; one alone takes what its speed allows. */
  private lotBytes(lane: Lane): number {
    if (this.lanes.size === 1) return lane.lotBytes;
    return Math.min(lane.lotBytes, Math.max(MIN_LOT_BYTES, this.schedule.waitingBytes / (2 * this.lanes.size)));
  }

  private async ask(peerId: string, lane: Lane, lot: readonly Want[]): Promise<void> {
    const request: Request = {
      owed: new Set(lot.map((want) => want.id)),
      control: new AbortController(),
      since: undefined,
      reasked: false,
    };
    lane.requests.add(request);
    let release: (() => void) | undefined;
    try {
      const { signal } = request.control;
      release = await this.components.slots.acquire(peerId, this.options.urgency, signal);
      await this.receive(peerId, lane, request, [...request.owed]);
    } catch (error) {
      this.onFailure(peerId, lane, error);
    } finally {
      release?.();
      lane.requests.delete(request);
      this.schedule.putBackAll(request.owed, peerId);
      this.pumpSoon();
    }
  }

  private async receive(peerId: string, lane: Lane, request: Request, ids: readonly Cid[]): Promise<void> {
    const started = performance.now();
    const before = lane.received;
    request.since = started;
    const options = { signal: request.control.signal, reuse: this.options.reuse ?? false };
    for await (const answers of askBlocks(this.components.transport, peerId, ids, options)) {
      request.since = undefined;
      for (const { id, bytes, release } of answers) {
        request.owed.delete(id);
        if (bytes) await this.accept({ id, bytes, ...(release && { release }) }, peerId, lane);
        else this.schedule.missing(id, peerId);
      }
      request.since = performance.now();
      request.reasked = false;
    }
    this.fit(lane, lane.received - before, performance.now() - started);
  }

  /** Bandwidth × time. A request smaller than the lane allows says little: it may only raise what is asked next. */
  private fit(lane: Lane, bytes: number, elapsed: number): void {
    const fitting = clamp((bytes / Math.max(elapsed, 1)) * LOT_TIME, MIN_LOT_BYTES, MAX_LOT_BYTES);
    lane.lotBytes = bytes < lane.lotBytes / 2 ? Math.max(lane.lotBytes, fitting) : fitting;
  }

  private accept(block: ReadBlock, peerId: string, lane: Lane): Promise<void> | undefined {
    lane.received += block.bytes.length;
    if (!this.schedule.arrived(block.id)) {
      block.release?.();
      return undefined;
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
    if (isDfsError(error, 'too-many-requests')) {
      lane.paused = true;
      setTimeout(() => {
        lane.paused = false;
        this.pumpSoon();
      }, BUSY_PAUSE).unref();
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

  private checkStalls(): void {
    const now = performance.now();
    for (const [peerId, lane] of this.lanes) {
      for (const request of lane.requests) {
        if (request.since === undefined) continue;
        const silent = now - request.since;
        if (silent > REASK_AFTER && !request.reasked) {
          request.reasked = true;
          for (const id of request.owed) this.schedule.reask(id);
        }
        const trickles = silent > LEAVE_AFTER && this.components.transport.rates(peerId).receive >= TRICKLE;
        if (silent > (trickles ? LEAVE_TRICKLE_AFTER : LEAVE_AFTER)) {
          this.leave(peerId, lane, new DfsError('timeout', 'The peer did not send what it was asked for in time.'));
        }
      }
    }
    this.pumpSoon();
  }
}

function clamp(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(most, value));
}
