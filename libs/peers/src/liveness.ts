import type { Clock } from '@dfs/protocol';
import { WAKE_JUMP } from './constants.js';

export interface LivenessComponents {
  clock: Clock;
  /** Peer id of this node. */
  self: string;
  graceMs(): number;
  /** Milliseconds between two heartbeats. */
  periodMs(): number;
  /** When a member was last heard of in an earlier run. */
  lastSeenBefore(peerId: string): number | undefined;
}

/** Heartbeats of one start of a node; a start counts more than any number of them. */
const BEATS_PER_EPOCH = 2 ** 20;

/**
 * Who has been heard of lately. A heartbeat is a counter that only its node raises; others relay it, so that a member
 * without a direct connection is not taken for gone. A member is unseen only when no heartbeat has come by any route
 * since the later of its last one and this node's own start or wake.
 */
export class Liveness {
  private beat = 0;
  private awakeSince = 0;
  private lastTick = 0;
  private readonly heard = new Map<string, { beat: number; at: number }>();

  constructor(private readonly components: LivenessComponents) {}

  /** @param epoch number of this start */
  start(epoch: number): void {
    this.beat = epoch * BEATS_PER_EPOCH;
    this.awakeSince = this.lastTick = this.components.clock.now();
  }

  /** This node's own heartbeat. */
  get current(): number {
    return this.beat;
  }

  /** To be called at every heartbeat. */
  tick(): void {
    this.noticeSleep();
    this.lastTick = this.components.clock.now();
    this.beat++;
  }

  /** Others know of a later heartbeat: this node was restored from an old copy. @returns the epoch to go on from */
  raise(above: number): number | undefined {
    if (above <= this.beat) return undefined;
    const epoch = Math.floor(above / BEATS_PER_EPOCH) + 1;
    this.beat = epoch * BEATS_PER_EPOCH;
    return epoch;
  }

  /** The member itself has spoken. */
  spoke(peerId: string, beat: number): void {
    this.heard.set(peerId, { beat, at: this.components.clock.now() });
  }

  /** Another has heard of it. @returns whether that is news */
  relayed(peerId: string, beat: number): boolean {
    const known = this.heard.get(peerId);
    if (known && known.beat >= beat) return false;
    this.spoke(peerId, beat);
    return true;
  }

  /** The latest heartbeat of a member that is known here; 0 when there is none. */
  beatOf(peerId: string): number {
    return this.heard.get(peerId)?.beat ?? 0;
  }

  forget(peerId: string): void {
    this.heard.delete(peerId);
  }

  /** Milliseconds since 1970 of its last heartbeat, in this run or an earlier one. */
  lastSeen(peerId: string): number | undefined {
    if (peerId === this.components.self) return this.components.clock.now();
    return this.heard.get(peerId)?.at ?? this.components.lastSeenBefore(peerId);
  }

  /** Heard of in this run, and within grace: worth relaying. */
  isFresh(peerId: string): boolean {
    const known = this.heard.get(peerId);
    return known !== undefined && this.components.clock.now() - known.at <= this.components.graceMs();
  }

  /** Whether a member still counts. */
  inGrace(peerId: string): boolean {
    if (peerId === this.components.self) return true;
    this.noticeSleep();
    const since = Math.max(this.heard.get(peerId)?.at ?? 0, this.awakeSince);
    return this.components.clock.now() - since <= this.components.graceMs();
  }

  /** A clock that has jumped between two heartbeats: the machine slept, or somebody set it. Nobody is to blame for that. */
  private noticeSleep(): void {
    const now = this.components.clock.now();
    const passed = now - this.lastTick;
    if (passed >= 0 && passed <= this.components.periodMs() + WAKE_JUMP) return;
    this.awakeSince = this.lastTick = now;
    if (passed < 0) for (const known of this.heard.values()) known.at = Math.min(known.at, now);
  }
}
