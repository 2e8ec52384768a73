import type { Clock, SleepWatch } from '@dfs/runtime';
import { heartbeatBytes, isProven, type ProvenBeat } from '../status/heartbeat.js';

/** Clock, grace and signature by which heartbeats are made and judged. */
export interface LivenessComponents {
  clock: Clock;
  sleep: Pick<SleepWatch, 'look' | 'onJump'>;
  /** Peer id of this node. */
  self: string;
  graceMs(): number;
  /** When a member was last heard of in an earlier run. */
  lastSeenBefore(peerId: string): number | undefined;
  networkId(): string;
  /** This node's signature. */
  sign(bytes: Uint8Array): Uint8Array;
}

interface Heard {
  /** The latest heartbeat. */
  beat: number;
  /** When it came, by this node's clock. */
  at: number;
  /** From when on silence counts: later than that where this node was cut off from all. */
  countedFrom: number;
  /** The latest that can be passed on. */
  proven: ProvenBeat | undefined;
}

/** Heartbeats of one start of a node; a start counts more than any number of them. */
const BEATS_PER_EPOCH = 2 ** 20;

/**
 * Keeps track of the members heard of lately. A heartbeat is a counter that only its node raises, and signs; others
 * relay it, so that a
 * member without a direct connection is not taken for gone. A member is unseen only when no heartbeat has come by any route
 * since the later of its last one and this node's own start or wake.
 */
export class Liveness {
  private beat = 0;
  private awakeSince = 0;
  private readonly heard = new Map<string, Heard>();
  private signed: (ProvenBeat & { networkId: string }) | undefined;

  constructor(private readonly components: LivenessComponents) {
    components.sleep.onJump((by) => this.wake(by));
  }

  /** @param epoch number of this start */
  start(epoch: number): void {
    this.beat = epoch * BEATS_PER_EPOCH;
    this.awakeSince = this.components.clock.now();
  }

  /** This node's own heartbeat. */
  get current(): number {
    return this.beat;
  }

  /** To be called at every heartbeat. */
  tick(): void {
    this.beat++;
  }

  /** Others know of a later heartbeat: this node was restored from an old copy. @returns the epoch to go on from */
  raise(above: number): number | undefined {
    if (above <= this.beat) return undefined;
    const epoch = Math.floor(above / BEATS_PER_EPOCH) + 1;
    this.beat = epoch * BEATS_PER_EPOCH;
    return epoch;
  }

  /** This node's signature over its heartbeat, for others to pass on. */
  proof(): Uint8Array {
    const networkId = this.components.networkId();
    const { beat } = this;
    if (this.signed?.beat !== beat || this.signed.networkId !== networkId) {
      this.signed = { beat, networkId, proof: this.components.sign(heartbeatBytes(networkId, beat)) };
    }
    return this.signed.proof;
  }

  /** The member itself has spoken. @param proof its signature over the heartbeat, if it sent one */
  spoke(peerId: string, beat: number, proof: Uint8Array | null = null): void {
    const known = this.heard.get(peerId);
    let proven = known?.proven;
    if (proof && beat > (proven?.beat ?? -1) && this.isProven(peerId, { beat, proof })) proven = { beat, proof };
    // A node that was restored from an old copy says less than others know of it, and they tell it so.
    this.hear(peerId, Math.max(beat, proven?.beat ?? 0), proven);
  }

  /** Another has heard of it. @returns whether that is news, and true */
  relayed(peerId: string, told: ProvenBeat): boolean {
    const known = this.heard.get(peerId);
    if (known && known.beat >= told.beat) return false;
    if (!this.isProven(peerId, told)) return false;
    this.hear(peerId, told.beat, told);
    return true;
  }

  /** The latest heartbeat of a member that others will believe. */
  provenOf(peerId: string): ProvenBeat | undefined {
    return this.heard.get(peerId)?.proven;
  }

  /** Whether this node has signed such a heartbeat: in an earlier run, of which it may have lost the memory. */
  isMine(told: ProvenBeat): boolean {
    return this.isProven(this.components.self, told);
  }

  forget(peerId: string): void {
    this.heard.delete(peerId);
  }

  /** Milliseconds since 1970 of its last heartbeat, in this run or an earlier one. */
  lastSeen(peerId: string): number | undefined {
    if (peerId === this.components.self) return this.components.clock.now();
    return this.heard.get(peerId)?.at ?? this.components.lastSeenBefore(peerId);
  }

  /** Heard of in this run, and within grace: worth telling others. */
  isFresh(peerId: string): boolean {
    const known = this.heard.get(peerId);
    return known !== undefined && this.components.clock.now() - known.at <= this.components.graceMs();
  }

  /** Whether a member still counts. */
  inGrace(peerId: string): boolean {
    if (peerId === this.components.self) return true;
    this.components.sleep.look();
    const since = Math.max(this.heard.get(peerId)?.countedFrom ?? 0, this.awakeSince);
    return this.components.clock.now() - since <= this.components.graceMs();
  }

  private hear(peerId: string, beat: number, proven: ProvenBeat | undefined): void {
    const now = this.components.clock.now();
    this.noticeReturn(now);
    this.heard.set(peerId, { beat, at: now, countedFrom: now, proven });
  }

  /**
   * The first heartbeat after a time in which all members were silent for longer than the grace: it was this node that was away.
   * Those that it lost then count again, as after a sleep, until the grace has passed anew: otherwise it would make copies in
   * place of them, from the first that it meets.
   */
  private noticeReturn(now: number): void {
    const all = [...this.heard.values()];
    const grace = this.components.graceMs();
    const cutOffAt = Math.max(...all.map(({ countedFrom }) => countedFrom), this.awakeSince);
    if (all.length < 2 || now - cutOffAt <= grace) return;
    for (const known of all) if (cutOffAt - known.countedFrom <= grace) known.countedFrom = now;
  }

  private isProven(peerId: string, told: ProvenBeat): boolean {
    return isProven(this.components.networkId(), peerId, told);
  }

  /** The machine slept, or somebody set the clock: nobody is to blame for the silence. */
  private wake(by: number): void {
    const now = (this.awakeSince = this.components.clock.now());
    if (by >= 0) return;
    for (const known of this.heard.values()) {
      known.at = Math.min(known.at, now);
      known.countedFrom = Math.min(known.countedFrom, now);
    }
  }
}
