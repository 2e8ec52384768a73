import { performance } from 'node:perf_hooks';
import { day, hour, minute, type Clock, type SleepWatch } from '@dfs/runtime';
import { MAX_CLOCK_SKEW } from '@dfs/protocol';
import { MAX_HEARTBEAT_PERIOD } from '../constants.js';

/** A member's word on its clock counts for this long: three heartbeats at their slowest. */
const LATELY = 3 * MAX_HEARTBEAT_PERIOD;
/** Clock and running time may drift apart by so much before the word of a person on the clock counts no more. */
const SET = 1 * minute;

/** The clock that is watched, and a measure of time that nobody sets. */
export interface ClockWatchComponents {
  clock: Clock;
  sleep: Pick<SleepWatch, 'look' | 'onJump'>;
  isMember(peerId: string): boolean;
  /** This node's clock was set: what members say of theirs is wanted soon. */
  moved(): void;
  /** Milliseconds that have passed, whatever the clock shows. */
  monotonic?: () => number;
}

/** This node's clock against those of the members heard from lately. */
export interface ClockSkew {
  /** Milliseconds that it is ahead of those it is far from, by their median; negative when it is behind. */
  ahead: number;
  /** Members whose clocks are more than MAX_CLOCK_SKEW away. */
  far: number;
  /** Members that have told the time. */
  heard: number;
}

interface Heard {
  ahead: number;
  at: number;
  /** This node's clock less running time, as it was then. */
  offset: number;
}

/**
 * Compares this node's clock with those of the members it exchanges status with. It is taken for wrong while more than
 * half of those heard from lately and this node itself say so: of two nodes neither is, since nobody can tell which.
 */
export class ClockWatch {
  private readonly members = new Map<string, Heard>();
  private readonly monotonic: () => number;
  /** Clock less running time when a person last said that the clock is right. */
  private trusted: number | undefined;

  constructor(private readonly components: ClockWatchComponents) {
    this.monotonic = components.monotonic ?? (() => performance.now());
    components.sleep.onJump(() => this.jumped());
  }

  /** @param time milliseconds since 1970 by the member's clock, just now; null when it does not tell */
  heard(peerId: string, time: number | null): void {
    if (time === null) return;
    const ahead = this.components.clock.now() - time;
    this.members.set(peerId, { ahead, at: this.monotonic(), offset: this.offset() });
  }

  /** A person says that this node's clock is right, whatever others show: that holds until it is set again. */
  trust(): void {
    this.trusted = this.offset();
  }

  /** Undefined while this node's clock is not known to be wrong. */
  skew(): ClockSkew | undefined {
    const { far, heard, ahead } = this.compare();
    return far * 2 > heard + 1 ? { ahead, far, heard } : undefined;
  }

  /** This node's clock against the others, whoever is right. */
  private compare(): ClockSkew {
    this.components.sleep.look();
    const since = this.monotonic() - LATELY;
    for (const [peerId, { at }] of this.members) {
      if (at < since || !this.components.isMember(peerId)) this.members.delete(peerId);
    }
    const heard = this.members.size;
    const far = [...this.members.values()]
      .map(({ ahead }) => ahead)
      .filter((ahead) => Math.abs(ahead) > MAX_CLOCK_SKEW)
      .sort((a, b) => a - b);
    return { ahead: far[Math.floor(far.length / 2)] ?? 0, far: far.length, heard };
  }

  /** Whether more than half of the members heard from lately say that this node's clock is right, as it shows now. */
  get isConfirmed(): boolean {
    if (this.skew() !== undefined) return false;
    const offset = this.offset();
    const near = [...this.members.values()].filter(
      (heard) => Math.abs(heard.ahead + offset - heard.offset) <= MAX_CLOCK_SKEW,
    );
    return near.length * 2 > this.members.size;
  }

  /** The fault of this node's clock, in words for a person, with a remedy. */
  problem(): string | undefined {
    const skew = this.skew();
    if (skew === undefined || this.isTrusted()) return undefined;
    return (
      `${this.told(skew)} Set the clock right; or, if it is right, say so to this node (POST /node/clock). Until then nothing ` +
      'can be written here, and reading goes on.'
    );
  }

  /** How far this node's clock is from those of half of the members, itself included: nobody can tell which is right. */
  difference(): string | undefined {
    const compared = this.compare();
    if (compared.far === 0 || compared.far * 2 !== compared.heard + 1 || this.isTrusted()) return undefined;
    return `${this.told(compared)} Either may be wrong: set that clock right. Writing goes on at both.`;
  }

  /** Asks for the time anew, once, where this node has heard the time of a member before. */
  private jumped(): void {
    if (this.members.size > 0) this.components.moved();
  }

  private told({ ahead, far, heard }: ClockSkew): string {
    const shows = new Date(this.components.clock.now()).toISOString();
    const side = ahead > 0 ? 'ahead of' : 'behind';
    return `The clock of this machine shows ${shows}, ${lengthOf(ahead)} ${side} ${far} of the ${heard} members heard from lately.`;
  }

  private isTrusted(): boolean {
    return this.trusted !== undefined && Math.abs(this.offset() - this.trusted) <= SET;
  }

  /** Changes when the clock is set, or the machine sleeps. */
  private offset(): number {
    return this.components.clock.now() - this.monotonic();
  }
}

function lengthOf(ms: number): string {
  const hours = Math.round(Math.abs(ms) / hour);
  return hours < (10 * day) / hour ? `${hours} hours` : `${Math.round((hours * hour) / day)} days`;
}
