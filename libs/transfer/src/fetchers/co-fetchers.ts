import { unpackBits, type BitsFrame, type Cid } from '@dfs/protocol';
import { millisecond, type Log, pause } from '@dfs/runtime';
import { askBits, type Opener } from '../ask/block-client.js';
import type { Fetchers, OwnFetch } from './fetchers.js';
import { BUSY_PAUSE } from '../limits.js';
import { hashOf, shareOf } from '../swarm/fetch-share.js';

/** Of the holders of an extent, those whom all who fetch it ask for each other. */
const MEETING_PLACES = 3;
/** Time for them to say so before it begins without. */
const MEET_TIME = 300 * millisecond;
/** Others who are asked what they have. */
const MAX_PARTNERS = 24;

/** The receiver of partners' news: a Swarm. */
export interface Gainer {
  meet(key: string, peerId: string): void;
  gained(key: string, peerId: string, ids: Iterable<Cid>, done: boolean): void;
  part(key: string, peerId: string): void;
}

/** The limits of a meeting. */
export interface Meeting {
  gatherings: Fetchers;
  /** Members that answer now. */
  others: () => string[];
  /** This node. */
  self: string;
}

/** Streams to co-fetchers, and the meeting at which holders name them. */
export interface CoFetchersComponents extends Meeting {
  transport: Opener;
  log: Log;
}

/** One extent that is fetched, and the swarm that fetches it. `size` is that of the content, in bytes. */
export interface CoFetchersOptions {
  content: Cid;
  size: number;
  extent: number;
  /** Of the extent's blocks in the swarm. */
  key: string;
  swarm: Gainer;
  own: OwnFetch;
  signal: AbortSignal;
}

/**
 * Those who fetch the same extent: finds them at its holders, and by being asked by them; asks each what it has, as long
 * as the fetch lasts, and lets them know what is here.
 */
export class CoFetchers {
  private readonly control = new AbortController();
  private readonly signal: AbortSignal;
  private readonly asked = new Set<string>();
  private readonly met = new Map<string, Gains>();
  private readonly word = Promise.withResolvers<undefined>();
  /** This node fetches it no more: what came can be had otherwise. Idempotent. */
  readonly leave: () => void;

  constructor(
    private readonly components: CoFetchersComponents,
    private readonly options: CoFetchersOptions,
  ) {
    this.signal = AbortSignal.any([options.signal, this.control.signal]);
    this.leave = components.gatherings.begin(options.content, options.extent, options.own);
    void this.listen();
  }

  /** Asks some of these for others who fetch it, the same ones that others ask. */
  askAt(holders: readonly string[]): void {
    const { content, extent } = this.options;
    const name = hashOf(`${content}/${extent}`);
    const places = [...holders].sort((a, b) => shareOf(name, hashOf(b)) - shareOf(name, hashOf(a)));
    for (const peerId of places.slice(0, MEETING_PLACES)) {
      if (!this.asked.has(peerId)) void this.ask(peerId, (frame) => this.introduce(frame.fetchers));
    }
    if (places.length === 0) this.word.resolve(undefined);
  }

  /** Until somebody has said who else fetches it, or has not for too long. */
  async ready(): Promise<void> {
    await Promise.race([this.word.promise, pause(MEET_TIME, this.signal).catch(() => undefined)]);
  }

  /** It is known now which chunks there are. */
  chunksKnown(): void {
    for (const gains of this.met.values()) gains.again();
    this.arrived();
  }

  /** Something has come. */
  arrived(): void {
    const { content, extent } = this.options;
    this.components.gatherings.changed(content, extent);
  }

  /** Asks nobody any more; what is here is told until `leave`. Idempotent. */
  close(): void {
    this.control.abort();
    this.word.resolve(undefined);
  }

  /** A peer that asks this node fetches the extent too. */
  private async listen(): Promise<void> {
    const { content, extent } = this.options;
    const { gatherings, self } = this.components;
    try {
      for (;;) {
        this.introduce(gatherings.fetchers(content, extent, self));
        await gatherings.news(content, extent, MEET_TIME, this.signal);
        await pause(BUSY_PAUSE / 4, this.signal);
      }
    } catch {
      // The fetch has ended.
    }
  }

  private introduce(peerIds: readonly string[]): void {
    const { self, others } = this.components;
    const fresh = peerIds.filter((peerId) => peerId !== self && !this.met.has(peerId) && !this.asked.has(peerId));
    if (fresh.length === 0) return;
    const here = new Set(others());
    for (const peerId of fresh) {
      if (this.met.size >= MAX_PARTNERS) return;
      if (!here.has(peerId)) continue;
      const gains = new Gains(this.options, peerId);
      this.met.set(peerId, gains);
      this.options.swarm.meet(this.options.key, peerId);
      void this.ask(peerId, (frame) => {
        gains.told(frame);
        this.introduce(frame.fetchers);
      }).finally(() => gains.ended());
    }
  }

  /** Never throws. */
  private async ask(peerId: string, told: (frame: BitsFrame) => void): Promise<void> {
    const { transport, log } = this.components;
    this.asked.add(peerId);
    try {
      for await (const frame of askBits(transport, peerId, this.options, this.signal)) {
        told(frame);
        this.word.resolve(undefined);
      }
    } catch (error) {
      if (!this.signal.aborted) log.debug({ err: error, peerId }, 'a peer says no more what it has');
    }
  }
}

/** The blocks that one partner has told of. */
class Gains {
  private known: boolean[] = [];
  private last: BitsFrame | undefined;

  constructor(
    private readonly options: CoFetchersOptions,
    private readonly peerId: string,
  ) {}

  told(frame: BitsFrame): void {
    const { own, swarm, key } = this.options;
    const { whole, count, have } = frame;
    this.last = frame;
    const ids = own.chunks();
    if (!ids || (!whole && count !== ids.length)) return;
    const bits = whole ? ids.map(() => true) : unpackBits(have, count);
    const fresh = ids.filter((_, index) => bits[index] && !this.known[index]);
    this.known = bits;
    if (fresh.length > 0 || whole) swarm.gained(key, this.peerId, fresh, whole);
  }

  /** Its news can be read only once the chunks are known. */
  again(): void {
    if (this.last) this.told(this.last);
  }

  /** One that has all of it is a source yet. */
  ended(): void {
    if (!this.last?.whole) this.options.swarm.part(this.options.key, this.peerId);
  }
}
