import type { EventLog } from '@dfs/events';
import { DfsError, Recurring, second, silentLog, type Log, type Unsubscribe, type WorkStatus } from '@dfs/runtime';
import { SYNC_PROTOCOL, type SignedRecord } from '@dfs/protocol';
import type { Catalogue } from '../catalogue.js';
import type { NetworkChanges, SmallContents, SyncPeers, SyncTransport } from '../ports.js';
import { Along } from '../receive/along.js';
import type { Received, ReceiveOptions } from '../receive/intake.js';
import { LastCompared } from './last-compared.js';
import { sameRoot } from './reconcile/exchange.js';
import { Arriving } from './push/arriving.js';
import { FirstSync, type FirstSyncOptions } from './first-sync.js';
import { followNetwork } from './network-changes.js';
import { RunningExchanges } from './running-exchanges.js';
import { Pushes, receivePushes } from './push/pushes.js';
import { Reach } from './push/reached-members.js';
import { SetSync, type SharedSet } from './reconcile/set-sync.js';
import { VoidSync } from './void-sync.js';

/** The parts that keep the sets equal: the catalogue itself, streams to members, and news of who is here. */
export interface CatalogueSyncComponents {
  catalogue: Catalogue;
  transport: SyncTransport;
  peers: SyncPeers & Partial<NetworkChanges>;
  events: Pick<EventLog, 'recordNow'>;
  log?: Log;
}
/** Waits of the exchange with members; tests shorten them. */
export interface CatalogueSyncOptions {
  /** Milliseconds without a frame after which an exchange is given up. */
  patienceMs?: number;
  /** Milliseconds that a pushed record has to arrive before a differing fingerprint counts. */
  settleMs?: number;
  /** Milliseconds after which a failed exchange is tried again; doubled with each failure. */
  retryMs?: number;
  /** Milliseconds in which the news of records from others is gathered before members are told. */
  nudgeMs?: number;
  /** How long writes wait after a start. */
  look?: FirstSyncOptions;
}

const DEFAULTS = {
  patienceMs: 30 * second,
  settleMs: 150,
  retryMs: second,
  nudgeMs: second,
  look: {},
};
/** Members to whom a node passes on a record of another; the rest find out by its status. */
const MAX_SPREAD = 32;
/** Records of one batch that no honest member would have passed on, after which it is heard no further. */
const MAX_OFFENCES = 10;

/**
 * Makes all members hold the same records: compares sets when a member comes and whenever fingerprints differ, and
 * pushes new records at once, its own and those that were news here. A failed exchange is tried again.
 */
export class CatalogueSync {
  private readonly log: Log;
  private readonly options: Required<CatalogueSyncOptions>;
  private readonly ongoing = new RunningExchanges();
  private readonly records: SetSync;
  private readonly voids: VoidSync;
  private readonly pushes: Pushes;
  private readonly look: FirstSync;
  private readonly agreement: LastCompared;
  private subscriptions: Unsubscribe[] = [];
  private small: SmallContents | undefined;
  private readonly arriving = new Arriving();
  private readonly nudging: Recurring;

  constructor(
    private readonly parts: CatalogueSyncComponents,
    options: CatalogueSyncOptions = {},
  ) {
    const { peers, transport, catalogue } = parts;
    const { ongoing } = this;
    this.log = parts.log ?? silentLog;
    this.agreement = new LastCompared(this.log);
    this.options = { ...DEFAULTS, ...options };
    const components = { transport, peers, ongoing, log: this.log };
    this.records = new SetSync(components, this.catalogueSet(), this.options);
    this.pushes = new Pushes({
      open: (peerId) => transport.open(peerId, SYNC_PROTOCOL, { signal: ongoing.signal }),
      contentsOf: async (some, peerId, most) => (await this.small?.goingWith(some, peerId, most)) ?? [],
      log: this.log,
      failed: (peerId) => this.records.schedule.later(peerId),
    });
    this.voids = new VoidSync(
      {
        ...components,
        catalogue,
        receive: (records, from) => this.exchanged(records, from),
        nudgeSoon: () => this.nudgeSoon(),
      },
      this.options,
    );
    this.nudging = new Recurring(
      {
        name: 'tell members of a changed catalogue',
        every: Infinity,
        gather: this.options.nudgeMs,
        failed: 'members could not be told of a changed catalogue',
        severity: 'error',
        run: () => {
          peers.nudge();
          return Promise.resolve('idle');
        },
      },
      { log: this.log },
    );
    this.look = new FirstSync(
      { connected: () => peers.connected(), otherMembers: () => catalogue.otherMembers },
      this.options.look,
    );
    catalogue.setFirstLook(() => this.look.over());
    followNetwork(peers, catalogue, {
      forgotten: () => {
        this.records.clear();
        this.voids.clear();
        this.agreement.clear();
      },
      entered: () => this.look.begin(),
    });
  }

  /** Small contents go with their records from now on. */
  setSmallContents(small: SmallContents): void {
    this.small = small;
  }

  start(): void {
    const { peers, catalogue } = this.parts;
    this.ongoing.begin();
    this.nudging.start();
    this.subscriptions = [
      peers.onReady((peerId) => this.met(peerId)),
      peers.onGone((peerId) => this.pushes.drop(peerId)),
      catalogue.onWritten((records) => this.spread(records, Reach.of([]))),
      catalogue.onRecords(() => this.records.root()),
    ];
    this.records.start();
    this.voids.start();
    this.look.begin();
    void this.ongoing.track(catalogue.imports.start());
    for (const peerId of peers.connected()) this.met(peerId);
  }

  /** Ends what is under way. */
  async stop(): Promise<void> {
    for (const unsubscribe of this.subscriptions) unsubscribe();
    this.subscriptions = [];
    const ends = [this.nudging.stop(), this.records.stop(), this.voids.stop()];
    this.pushes.stop();
    this.look.end();
    await Promise.allSettled([...ends, this.ongoing.end(), this.parts.catalogue.imports.stop()]);
  }

  /** Recurring work in the background. */
  work(): WorkStatus[] {
    return [this.nudging.status(), this.records.work(), this.voids.work()];
  }

  /** Whether this node and a member had the same records within the last `ms` milliseconds, those since then left out. */
  comparedWithin(peerId: string, ms: number): boolean {
    return this.agreement.within(peerId, ms);
  }

  /**
   * Whether this node knows what the others know: it has compared its records with those of a member at or after a moment, as
   * `performance.now()` tells it, or it is alone in its network.
   */
  comparedSince(at: number): boolean {
    return this.parts.catalogue.otherMembers === 0 || this.agreement.since(at);
  }

  /** After each comparison with a member. */
  onCompared(listener: () => void): Unsubscribe {
    return this.agreement.onCompared(listener);
  }

  private compared(peerId: string): void {
    this.agreement.comparedWith(peerId);
    this.look.comparedWith(peerId);
    const failed = (error: unknown): void => this.log.warn({ err: error }, 'a comparison could not be noted');
    void this.ongoing.track(this.parts.catalogue.synced().catch(failed));
  }

  /** Both sides hear of it: the one of the lower peer id begins, the other only if that does not happen. */
  private met(peerId: string): void {
    const { schedule } = this.records;
    if (this.parts.transport.peerId < peerId) schedule.now(peerId);
    else schedule.soon(peerId);
  }

  private catalogueSet(): SharedSet {
    const { catalogue, events } = this.parts;
    return {
      protocol: SYNC_PROTOCOL,
      section: 'catalogue',
      name: 'catalogue',
      records: catalogue.records,
      receive: (records, from) => this.exchanged(records, from),
      answer: ({ t }, channel, frames) =>
        t === 'push'
          ? receivePushes(channel, frames, (records, ...rest) => this.pushed(records, channel.peerId, ...rest))
          : undefined,
      isArriving: (peerId) => this.arriving.is(peerId, this.options.settleMs),
      said: (peerId, theirs) => {
        if (sameRoot(theirs, this.records.root())) this.compared(peerId);
      },
      started: async (peerId) => void (await events.recordNow('sync.started', { peerId })),
      compared: (peerId, { result, rest }) => {
        if (result === 'busy' || rest) return;
        catalogue.imports.compared();
        this.compared(peerId);
      },
      finished: async (peerId, { received, sent }) =>
        void (await events.recordNow('sync.finished', { peerId, received, sent })),
    };
  }

  private async receive(records: readonly SignedRecord[], from: string, options?: ReceiveOptions): Promise<Received> {
    const received = await this.parts.catalogue.receive(records, from, options);
    if (received.offences > MAX_OFFENCES) {
      throw new DfsError(
        'peer-misbehaved',
        'The peer passed on records that are forged, or that belong to another network.',
      );
    }
    return received;
  }

  /** Records of an exchange: who is connected to me may not be to the other. */
  private async exchanged(records: readonly SignedRecord[], from: string): Promise<Received> {
    const received = await this.receive(records, from);
    if (received.added > 0) this.nudgeSoon();
    return received;
  }

  /** Records that are news here may be news to members that their author is not connected to. */
  private async pushed(
    records: readonly SignedRecord[],
    from: string,
    reach: Reach,
    contents: readonly Uint8Array[],
  ): Promise<void> {
    const reached = reach.with([from]);
    const along = this.small && contents.length > 0 ? new Along(this.small, contents, from) : undefined;
    const receive = this.receive(records, from, { along, news: (news) => this.spread(news, reached) });
    await this.arriving.during(from, receive);
  }

  /** Sends new records to the members here that are not known to get them. @param reach those who are */
  private spread(records: readonly SignedRecord[], reach: Reach): void {
    const { peers, transport, catalogue } = this.parts;
    const isOwn = reach.size === 0;
    const unreached = peers.connected().filter((peerId) => !reach.has(peerId));
    const targets = isOwn ? unreached : some(unreached, MAX_SPREAD);
    const reached = reach.with([transport.peerId, ...targets]);
    this.pushes.push(records, targets, reached);
    // The author of records tells of its set anyhow, in time.
    if (!isOwn && reached.size <= catalogue.otherMembers) this.nudgeSoon();
  }

  /** Members that nobody is known to have reached find out by my status. */
  private nudgeSoon(): void {
    this.nudging.soon();
  }
}

/** At most so many of them, by chance: of several nodes that pass something on, each reaches others. */
function some<T>(items: readonly T[], count: number): readonly T[] {
  if (items.length <= count) return items;
  const from = Math.floor(Math.random() * items.length);
  return [...items.slice(from), ...items.slice(0, from)].slice(0, count);
}
