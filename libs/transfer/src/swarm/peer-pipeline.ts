import { second, KiB, millisecond, DfsError, MiB } from '@dfs/runtime';
import type { Cid } from '@dfs/protocol';
import type { Lot } from './block-schedule.js';
import { BUSY_PAUSE, LEAVE_AFTER, MIN_LOT_BYTES, REASK_AFTER } from '../limits.js';

/** Bytes of one request to a peer at first; grows and shrinks with what the peer delivers. */
const FIRST_LOT_BYTES = 2 * MiB;
/** The most that a peer owes at a time, and that another peer may have to send in its place. */
const MAX_LOT_BYTES = 8 * MiB;
/** Time one request should take: bandwidth × delay, so that a slow peer is asked for little and a fast one for much. */
const LOT_TIME = 150 * millisecond;
/** Requests in flight to one peer for one transfer: one streams, one waits behind it, one is being set up. */
const LANE_REQUESTS = 3;
/** A peer is late, too, when it has sent nothing for so many times what it took to begin, but not before this. */
const LATE_TIMES = 4;
/** Growth of what the transport receives from a peer, in bytes a second over some seconds, that counts as something. */
const LIVELY = 4 * KiB;
const LATE_LEAST = 500 * millisecond;
/** Weight of the newest delay in their mean. */
const DELAY_SHARE = 0.25;
/** Doubled each time, up to this. */
const BUSY_PAUSE_MAX = 4 * second;
/** Blocks that one of them said it has and did not send; with more it is left. */
const MAX_LACKED = 8;
/** Blocks of which one has sent other bytes at first; with more it is left. A disk that rots is noticed with the first of them. */
const MAX_WRONG = 64;

/** A request to a peer. Times are running time of the swarm. */
export class Request {
  readonly owed: Set<Cid>;
  readonly control = new AbortController();
  readonly bytes: number;
  /** When it was sent. */
  sent = Infinity;
  /** When it last got on; undefined before it was sent and while a block is being delivered. */
  since: number | undefined;
  reasked = false;
  /** Others have brought all of it. */
  over = false;

  constructor(readonly lot: Lot) {
    this.owed = new Set(lot.wants.map(({ id }) => id));
    this.bytes = lot.wants.reduce((sum, { size }) => sum + size, 0);
  }

  /** Another brought a block: it need not be sent, if that is all that was asked for. */
  excuse(id: Cid): void {
    if (!this.owed.delete(id) || this.owed.size > 0) return;
    this.over = true;
    this.control.abort(new DfsError('aborted', 'Others have sent all of it.'));
  }
}

/** The open requests to one peer, and how it does. */
export class Lane {
  readonly requests = new Set<Request>();
  /** Bytes of the next request. */
  lotBytes = FIRST_LOT_BYTES;
  /** Bytes that fill the line: a third request is only sent while fewer are under way. */
  private window = Infinity;
  received = 0;
  paused = false;
  /** Times that it was too busy, one after the other. */
  private refusals = 0;
  /** Since when it has said that it is asked too much, and nothing else; in running time. */
  private busySince: number | undefined;
  /** It fetches the same; others hold it. */
  isPartner = false;
  /** When bytes last came, in running time. */
  newest = 0;
  /** Bytes a second from this peer, as the transport last said. */
  private rate = 0;
  /** Milliseconds until an answer begins, as a decaying mean, once one has. */
  private delay: number | undefined;
  /** From then on it may be asked for what others have been given; in running time. */
  insistsAt = 0;
  /** Blocks it said it has, and did not send. */
  private lacked = 0;
  /** Blocks of which it has sent other bytes at first. */
  private wrong = 0;

  get hasRoom(): boolean {
    if (this.paused || this.requests.size >= LANE_REQUESTS) return false;
    let underWay = 0;
    for (const request of this.requests) {
      if (request.reasked) return false;
      underWay += request.bytes;
    }
    return this.requests.size < LANE_REQUESTS - 1 || underWay < this.window;
  }

  /** Bytes may come long before the block they are part of. @param rate of what the transport receives from this peer */
  look(rate: number, now: number): void {
    if (rate >= this.rate + LIVELY) this.newest = now;
    else if (rate >= this.rate) return;
    this.rate = rate;
  }

  /** It is too busy. @returns milliseconds for which nothing is asked of it */
  refused(): number {
    return Math.min(BUSY_PAUSE * 2 ** Math.min(this.refusals++, 10), BUSY_PAUSE_MAX);
  }

  /** It serves what it is asked for. */
  served(): void {
    this.refusals = 0;
    this.busySince = undefined;
  }

  /** @throws DfsError `peer-misbehaved` when it said so of too many */
  lacks(): void {
    if (!this.isPartner || ++this.lacked <= MAX_LACKED) return;
    throw new DfsError('peer-misbehaved', 'A peer did not send what it had said it has.');
  }

  /** Of this block it had sent other bytes at first. @throws DfsError `peer-misbehaved` when it did so with too many */
  wasWrong(block: Cid): void {
    if (++this.wrong <= MAX_WRONG) return;
    const facts = { block };
    throw new DfsError('peer-misbehaved', 'A peer sent too much that is not what it was asked for.', { facts });
  }

  /** It says again that it is asked too much. @returns whether nobody need wait for it any more */
  isBusyForLong(now: number): boolean {
    this.busySince ??= now;
    return now - this.busySince > LEAVE_AFTER;
  }

  /** Bandwidth × time. A request smaller than the lane allows says little: it may only raise what is asked next. */
  fit(bytes: number, elapsed: number): void {
    const rate = bytes / Math.max(elapsed, 1);
    this.window = rate * LOT_TIME * LANE_REQUESTS;
    const fitting = clamp(rate * LOT_TIME, MIN_LOT_BYTES, MAX_LOT_BYTES);
    this.lotBytes = bytes < this.lotBytes / 2 ? Math.max(this.lotBytes, fitting) : fitting;
  }

  /** An answer has begun so long after it was asked for. */
  began(delay: number): void {
    this.delay = this.delay === undefined ? delay : this.delay + (delay - this.delay) * DELAY_SHARE;
  }

  /**
   * A peer that has sent nothing for a few times what it takes to begin is late; what half of the others take it may, too,
   * and while that is not known, what the slowest of them takes: on a busy machine all are slow.
   */
  lateAfter(lanes: Iterable<Lane>): number {
    const delays = [...lanes].flatMap(({ delay }) => (delay === undefined ? [] : [delay])).sort((a, b) => a - b);
    const usual = this.delay === undefined ? delays.at(-1) : delays[Math.floor((delays.length - 1) / 2)];
    return clamp(Math.max(this.delay ?? 0, usual ?? REASK_AFTER) * LATE_TIMES, LATE_LEAST, REASK_AFTER);
  }
}

function clamp(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(most, value));
}
