import type { EventLog } from '@dfs/events';
import {
  catalogueStatus,
  DfsError,
  minute,
  parseSyncMessage,
  second,
  silentLog,
  SYNC_PROTOCOL,
  type Log,
  type SignedRecord,
  type Unsubscribe,
  type WireValue,
} from '@dfs/protocol';
import type { Catalogue } from '../catalogue.js';
import type { SetRoot } from '../fingerprints.js';
import type { NetworkChanges, SyncPeers } from '../interfaces.js';
import type { NewsListener, Received } from '../intake.js';
import { Agreement } from './agreement.js';
import {
  Exchange,
  sameRoot,
  type ExchangeOutcome,
  type ExchangeParts,
  type SyncChannel,
  type SyncFrame,
} from './exchange.js';
import { FreshLook, type FreshLookOptions } from './fresh-look.js';
import { followNetwork } from './network-changes.js';
import { Pushes, receivePushes } from './pushes.js';
import { Reach } from './reach.js';
import { RootHistory } from './root-history.js';
import { SyncSchedule } from './schedule.js';
import { VoidSync } from './void-sync.js';
import { Watchdog } from './watchdog.js';

/** What sync needs of the transport. */
export interface SyncTransport {
  readonly peerId: string;
  handle(protocol: string, handler: (channel: SyncChannel) => Promise<void>): void;
  open(peerId: string, protocol: string, options?: { signal?: AbortSignal }): Promise<SyncChannel>;
}

export interface CatalogueSyncComponents {
  catalogue: Catalogue;
  transport: SyncTransport;
  peers: SyncPeers & Partial<NetworkChanges>;
  events: Pick<EventLog, 'recordNow'>;
  log?: Log;
}
export interface CatalogueSyncOptions {
  /** Milliseconds without a frame after which an exchange is given up. */
  patienceMs?: number;
  /** Milliseconds that a pushed record has to arrive before a differing fingerprint counts. */
  settleMs?: number;
  /** Milliseconds after which a failed exchange is tried again; doubled with each failure. */
  retryMs?: number;
  /** Milliseconds between looks at what waits. */
  judgeMs?: number;
  /** Milliseconds in which the news of records from others is gathered before members are told. */
  nudgeMs?: number;
  /** How long writes wait after a start. */
  look?: FreshLookOptions;
}

const DEFAULTS = {
  patienceMs: 30 * second,
  settleMs: 150,
  retryMs: second,
  judgeMs: minute,
  nudgeMs: second,
  look: {},
};
const SECTION = 'catalogue';
/** Members to whom a node passes on a record of another; the rest find out by its status. */
const MAX_SPREAD = 32;
/** Records of one batch that no honest member would have passed on, after which it is heard no further. */
const MAX_OFFENCES = 10;

/**
 * Makes all members hold the same records: compares sets when a member comes and whenever fingerprints differ, and
 * pushes new records at once, its own and those that were news here. Whatever fails is tried again.
 */
export class CatalogueSync {
  private readonly log: Log;
  private readonly options: Required<CatalogueSyncOptions>;
  private readonly answering = new Set<string>();
  private readonly history = new RootHistory();
  private readonly schedule: SyncSchedule;
  private readonly pushes: Pushes;
  private readonly voids: VoidSync;
  private readonly look: FreshLook;
  private readonly agreement = new Agreement();
  private readonly running = new Set<Promise<void>>();
  private subscriptions: Unsubscribe[] = [];
  private judging: NodeJS.Timeout | undefined;
  private nudging: NodeJS.Timeout | undefined;
  private stopping = new AbortController();

  constructor(
    private readonly parts: CatalogueSyncComponents,
    options: CatalogueSyncOptions = {},
  ) {
    const { peers, transport, catalogue } = parts;
    this.log = parts.log ?? silentLog;
    this.options = { ...DEFAULTS, ...options };
    const open = (peerId: string, protocol = SYNC_PROTOCOL): Promise<SyncChannel> =>
      transport.open(peerId, protocol, { signal: this.stopping.signal });
    this.schedule = new SyncSchedule({
      settleMs: this.options.settleMs,
      retryMs: this.options.retryMs,
      mine: () => this.root(),
      contains: (theirs) => this.history.has(theirs),
      isConnected: (peerId) => peers.connected().includes(peerId),
      isAnswering: (peerId) => this.answering.has(peerId),
      run: async (peerId) => this.watched(await open(peerId), undefined, (exchange) => exchange.initiate()),
    });
    this.pushes = new Pushes({ open, log: this.log, failed: (peerId) => this.schedule.later(peerId) });
    peers.contribute(SECTION, () => catalogueStatus.form(this.root()) as WireValue);
    transport.handle(SYNC_PROTOCOL, (channel) => this.track(this.serve(channel)));
    this.voids = new VoidSync(
      {
        ...{ catalogue, transport, peers, log: this.log, open },
        receive: (records, from) => this.exchanged(records, from),
        guard: (channel, work) => this.track(this.untilStopped(channel, work)),
        nudgeSoon: () => this.nudgeSoon(),
      },
      this.options,
    );
    this.look = new FreshLook(
      { connected: () => peers.connected(), otherMembers: () => catalogue.otherMembers },
      this.options.look,
    );
    catalogue.setFirstLook(() => this.look.over());
    followNetwork(peers, catalogue, () => {
      this.history.clear();
      this.voids.clear();
      this.agreement.clear();
      this.look.begin();
    });
  }

  start(): void {
    const { peers, catalogue } = this.parts;
    this.stopping = new AbortController();
    this.subscriptions = [
      peers.onReady((peerId) => this.met(peerId)),
      peers.onGone((peerId) => {
        this.schedule.forget(peerId);
        this.pushes.drop(peerId);
      }),
      peers.onStatus(SECTION, (peerId, value) => this.heard(peerId, value)),
      catalogue.onWritten((records) => this.spread(records, Reach.of([]))),
      catalogue.onRecords(() => this.root()),
    ];
    this.voids.start();
    this.look.begin();
    void this.track(catalogue.imports.start());
    this.judging = setInterval(() => void catalogue.judgeNow(), this.options.judgeMs).unref();
    for (const peerId of peers.connected()) this.met(peerId);
  }

  /** Ends what is under way. */
  async stop(): Promise<void> {
    for (const unsubscribe of this.subscriptions) unsubscribe();
    this.subscriptions = [];
    clearInterval(this.judging);
    clearTimeout(this.nudging);
    this.nudging = undefined;
    this.schedule.stop();
    this.voids.stop();
    this.pushes.stop();
    this.look.end();
    this.stopping.abort(new DfsError('shutting-down', 'The node is shutting down.'));
    await Promise.allSettled([...this.running, this.parts.catalogue.imports.stop()]);
  }

  /** Whether this node and a member had the same records within the last `ms` milliseconds, those since then left out. */
  comparedWithin(peerId: string, ms: number): boolean {
    return this.agreement.within(peerId, ms);
  }

  private compared(peerId: string): void {
    this.agreement.comparedWith(peerId);
    this.look.comparedWith(peerId);
  }

  /** Both sides hear of it: the one of the lower peer id begins, the other only if that does not happen. */
  private met(peerId: string): void {
    if (this.parts.transport.peerId < peerId) this.schedule.now(peerId);
    else this.schedule.soon(peerId);
  }

  /** My set as it is, which from now on is one that I have had. */
  private root(): SetRoot {
    const root = this.parts.catalogue.records.root();
    this.history.note(root);
    return root;
  }

  private heard(peerId: string, value: WireValue): void {
    try {
      const theirs = catalogueStatus.parse(value, SECTION);
      this.schedule.heard(peerId, theirs);
      if (sameRoot(theirs, this.root())) this.compared(peerId);
    } catch (error) {
      this.log.warn({ err: error, peerId }, 'a status whose section on the catalogue is malformed');
    }
  }

  /** A stream that a member has opened. */
  private async serve(channel: SyncChannel): Promise<void> {
    this.stopping.signal.throwIfAborted();
    const { peerId } = channel;
    const frames = channel.frames()[Symbol.asyncIterator]();
    const first = await frames.next();
    if (first.done) return;
    const message = parseSyncMessage(first.value.header);
    if (message.t === 'push') {
      const work = receivePushes(channel, frames, (records, reach) => this.pushed(records, peerId, reach));
      return this.untilStopped(channel, work);
    }
    if (message.t !== 'hello') throw new DfsError('peer-misbehaved', 'A stream of sync begins with hello or push.');
    if (this.mustWait(peerId)) return channel.send({ t: 'busy', ...this.root() });
    this.answering.add(peerId);
    try {
      const outcome = await this.watched(channel, frames, (exchange) => exchange.answer(message));
      this.schedule.finished(peerId, outcome);
    } catch (error) {
      this.schedule.broken(peerId);
      throw error;
    } finally {
      this.answering.delete(peerId);
    }
  }

  /** One exchange at a time with each member; of two that begin at once, the lower peer id's goes on. */
  private mustWait(peerId: string): boolean {
    if (this.answering.has(peerId)) return true;
    return this.schedule.isRunning(peerId) && this.parts.transport.peerId < peerId;
  }

  private async receive(records: readonly SignedRecord[], from: string, news?: NewsListener): Promise<Received> {
    const received = await this.parts.catalogue.receive(records, from, news);
    if (received.offences > MAX_OFFENCES) {
      throw new DfsError('peer-misbehaved', 'The peer passed on records that are forged or not of this network.');
    }
    return received;
  }

  /** Records of an exchange: who is connected to me may not be to the other. */
  private async exchanged(records: readonly SignedRecord[], from: string): Promise<Received> {
    const received = await this.receive(records, from);
    if (received.added > 0) this.nudgeSoon();
    return received;
  }

  /** What was news here may be to members that its author is not connected to. */
  private async pushed(records: readonly SignedRecord[], from: string, reach: Reach): Promise<void> {
    const reached = reach.with([from]);
    await this.receive(records, from, (news) => this.spread(news, reached));
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
    this.nudging ??= setTimeout(() => {
      this.nudging = undefined;
      this.parts.peers.nudge();
    }, this.options.nudgeMs).unref();
  }

  private async watched(
    channel: SyncChannel,
    frames: AsyncIterator<SyncFrame> | undefined,
    run: (exchange: Exchange) => Promise<ExchangeOutcome>,
  ): Promise<ExchangeOutcome> {
    const { events, catalogue } = this.parts;
    const { peerId } = channel;
    const watchdog = new Watchdog(channel, this.options.patienceMs);
    let started = false;
    const parts: ExchangeParts = {
      channel,
      records: catalogue.records,
      receive: (records) => this.exchanged(records, peerId),
      progress: () => watchdog.alive(),
      started: async () => {
        started = true;
        await events.recordNow('sync.started', { peerId });
      },
    };
    const exchange = new Exchange(parts, frames);
    try {
      const outcome = await this.track(this.untilStopped(channel, run(exchange)));
      if (outcome.result !== 'busy' && !outcome.rest) {
        catalogue.imports.compared();
        this.compared(peerId);
      }
      return outcome;
    } catch (error) {
      this.log.info({ err: error, peerId }, 'comparing catalogues failed, to be tried again');
      channel.abort(error instanceof Error ? error : new Error('the exchange failed'));
      throw error;
    } finally {
      watchdog.stop();
      const { received, sent } = exchange;
      if (started) await events.recordNow('sync.finished', { peerId, received, sent });
    }
  }

  /** Cuts the channel when this node stops. */
  private async untilStopped<T>(channel: SyncChannel, work: Promise<T>): Promise<T> {
    const { signal } = this.stopping;
    const stop = (): void => channel.abort(signal.reason as Error);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    try {
      return await work;
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  /** So that stop() can wait for it. */
  private track<T>(work: Promise<T>): Promise<T> {
    const settled = work.then(
      () => undefined,
      () => undefined,
    );
    this.running.add(settled);
    void settled.finally(() => this.running.delete(settled));
    return work;
  }
}

/** At most so many of them, by chance: of several nodes that pass something on, each reaches others. */
function some<T>(items: readonly T[], count: number): readonly T[] {
  if (items.length <= count) return items;
  const from = Math.floor(Math.random() * items.length);
  return [...items.slice(from), ...items.slice(0, from)].slice(0, count);
}
