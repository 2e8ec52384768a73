import type { EventLog } from '@dfs/events';
import {
  catalogueStatus,
  DfsError,
  minute,
  parseSyncMessage,
  second,
  silentLog,
  SYNC_PROTOCOL,
  unpackRecords,
  type Log,
  type SignedRecord,
  type Unsubscribe,
  type WireValue,
} from '@dfs/protocol';
import type { Catalogue } from '../catalogue.js';
import type { SetRoot } from '../fingerprints.js';
import type { NetworkChanges, SyncPeers } from '../interfaces.js';
import type { Received } from '../intake.js';
import { Exchange, type ExchangeOutcome, type ExchangeParts, type SyncChannel } from './exchange.js';
import { Outbox } from './outbox.js';
import { RootHistory } from './root-history.js';
import { SyncSchedule } from './schedule.js';
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
}

const DEFAULTS = { patienceMs: 30 * second, settleMs: 150, retryMs: second, judgeMs: minute, nudgeMs: second };
const SECTION = 'catalogue';

/**
 * Makes all members hold the same records: compares sets when a member comes and whenever fingerprints differ, and
 * pushes new records at once. Whatever fails is tried again.
 */
export class CatalogueSync {
  private readonly log: Log;
  private readonly options: Required<CatalogueSyncOptions>;
  private readonly outboxes = new Map<string, Outbox>();
  private readonly answering = new Set<string>();
  private readonly history = new RootHistory();
  private readonly schedule: SyncSchedule;
  private readonly running = new Set<Promise<void>>();
  private subscriptions: Unsubscribe[] = [];
  private judging: NodeJS.Timeout | undefined;
  private nudging: NodeJS.Timeout | undefined;
  private stopping = new AbortController();

  constructor(
    private readonly parts: CatalogueSyncComponents,
    options: CatalogueSyncOptions = {},
  ) {
    this.log = parts.log ?? silentLog;
    this.options = { ...DEFAULTS, ...options };
    this.schedule = new SyncSchedule({
      settleMs: this.options.settleMs,
      retryMs: this.options.retryMs,
      mine: () => this.root(),
      contains: (theirs) => this.history.has(theirs),
      isConnected: (peerId) => this.parts.peers.connected().includes(peerId),
      run: (peerId) => this.initiate(peerId),
    });
    parts.peers.contribute(SECTION, () => this.status());
    parts.transport.handle(SYNC_PROTOCOL, (channel) => this.track(this.serve(channel)));
    parts.peers.beforeJoin?.((networkId) => this.refuseWithFiles(networkId));
    parts.peers.setLastRecordOf?.((peerId) => parts.catalogue.lastRecord(peerId));
    parts.peers.onNetworkChanged?.(async (tx, from, to) => {
      // Back in the network it was removed from: what it has is of that network.
      if (from === to) return;
      await parts.catalogue.forget(tx);
      tx.afterCommit(() => this.history.clear());
    });
  }

  start(): void {
    const { peers, catalogue } = this.parts;
    this.stopping = new AbortController();
    this.subscriptions = [
      peers.onReady((peerId) => this.schedule.now(peerId)),
      peers.onGone((peerId) => this.gone(peerId)),
      peers.onStatus(SECTION, (peerId, value) => this.heard(peerId, value)),
      catalogue.onWritten((records) => this.push(records)),
      catalogue.onChange(() => this.root()),
    ];
    this.judging = setInterval(() => void catalogue.judgeNow(), this.options.judgeMs).unref();
    for (const peerId of peers.connected()) this.schedule.now(peerId);
  }

  async stop(): Promise<void> {
    for (const unsubscribe of this.subscriptions) unsubscribe();
    this.subscriptions = [];
    clearInterval(this.judging);
    clearTimeout(this.nudging);
    this.nudging = undefined;
    this.schedule.stop();
    for (const outbox of this.outboxes.values()) outbox.close();
    this.outboxes.clear();
    this.stopping.abort(new DfsError('shutting-down', 'The node is shutting down.'));
    await Promise.allSettled(this.running);
  }

  /** My set as it is, which from now on is one that I have had. */
  private root(): SetRoot {
    const root = this.parts.catalogue.records.root();
    this.history.note(root);
    return root;
  }

  private status(): WireValue {
    return catalogueStatus.form(this.root()) as WireValue;
  }

  private heard(peerId: string, value: WireValue): void {
    try {
      this.schedule.heard(peerId, catalogueStatus.parse(value, SECTION));
    } catch (error) {
      this.log.warn({ err: error, peerId }, 'a status whose section on the catalogue is malformed');
    }
  }

  private gone(peerId: string): void {
    this.schedule.forget(peerId);
    this.outboxes.get(peerId)?.close();
    this.outboxes.delete(peerId);
  }

  private push(records: readonly SignedRecord[]): void {
    this.root();
    for (const peerId of this.parts.peers.connected()) this.outbox(peerId).push(records);
  }

  private outbox(peerId: string): Outbox {
    let outbox = this.outboxes.get(peerId);
    if (outbox === undefined) {
      outbox = new Outbox({
        open: () => this.parts.transport.open(peerId, SYNC_PROTOCOL, { signal: this.stopping.signal }),
        failed: (error) => {
          this.log.debug({ err: error, peerId }, 'new records could not be pushed, comparing instead');
          this.schedule.later(peerId);
        },
      });
      this.outboxes.set(peerId, outbox);
    }
    return outbox;
  }

  private async initiate(peerId: string): Promise<ExchangeOutcome> {
    const channel = await this.parts.transport.open(peerId, SYNC_PROTOCOL, { signal: this.stopping.signal });
    return this.track(this.watched(channel, (parts) => new Exchange(parts).initiate()));
  }

  /** A stream that a member has opened; it ends with this node's stop. */
  private async serve(channel: SyncChannel): Promise<void> {
    const { signal } = this.stopping;
    const stop = (): void => channel.abort(signal.reason as Error);
    signal.addEventListener('abort', stop, { once: true });
    try {
      await this.answer(channel);
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  private async answer(channel: SyncChannel): Promise<void> {
    const frames = channel.frames()[Symbol.asyncIterator]();
    const first = await frames.next();
    if (first.done) return;
    const message = parseSyncMessage(first.value.header);
    if (message.t === 'push') return this.receivePushed(channel, frames);
    if (message.t !== 'hello') throw new DfsError('peer-misbehaved', 'A stream of sync begins with hello or push.');
    if (this.mustWait(channel.peerId)) return channel.send({ t: 'busy', ...this.root() });
    this.answering.add(channel.peerId);
    try {
      const outcome = await this.watched(channel, (parts) => new Exchange(parts, frames).answer(message));
      this.schedule.finished(channel.peerId, outcome);
    } finally {
      this.answering.delete(channel.peerId);
    }
  }

  /** One exchange at a time with each member; of two that begin at once, the lower peer id's goes on. */
  private mustWait(peerId: string): boolean {
    if (this.answering.has(peerId)) return true;
    return this.schedule.isRunning(peerId) && this.parts.transport.peerId < peerId;
  }

  private async receivePushed(
    channel: SyncChannel,
    frames: AsyncIterator<{ header: WireValue; payload: Uint8Array }>,
  ): Promise<void> {
    for (;;) {
      const step = await frames.next();
      if (step.done) return;
      if (parseSyncMessage(step.value.header).t !== 'records') {
        throw new DfsError('peer-misbehaved', 'A push holds nothing but records.');
      }
      await this.receive(unpackRecords(step.value.payload), channel.peerId);
      await channel.send({ t: 'got' });
    }
  }

  private async receive(records: readonly SignedRecord[], from: string): Promise<Received> {
    const received = await this.parts.catalogue.receive(records, from);
    this.root();
    if (received.added > 0) this.nudgeSoon();
    return received;
  }

  /** The author has told all whom it reaches; the others find out by my status. */
  private nudgeSoon(): void {
    this.nudging ??= setTimeout(() => {
      this.nudging = undefined;
      this.parts.peers.nudge();
    }, this.options.nudgeMs).unref();
  }

  private async watched(
    channel: SyncChannel,
    exchange: (parts: ExchangeParts) => Promise<ExchangeOutcome>,
  ): Promise<ExchangeOutcome> {
    const { events, catalogue } = this.parts;
    const { peerId } = channel;
    const watchdog = new Watchdog(channel, this.options.patienceMs);
    const stop = (): void => channel.abort(this.stopping.signal.reason as Error);
    this.stopping.signal.addEventListener('abort', stop, { once: true });
    let started = false;
    let outcome: ExchangeOutcome | undefined;
    try {
      outcome = await exchange({
        channel,
        records: catalogue.records,
        receive: (records) => this.receive(records, peerId),
        progress: () => watchdog.alive(),
        started: async () => {
          started = true;
          await events.recordNow('sync.started', { peerId });
        },
      });
      return outcome;
    } catch (error) {
      channel.abort(error instanceof Error ? error : new Error('the exchange failed'));
      throw error;
    } finally {
      watchdog.stop();
      this.stopping.signal.removeEventListener('abort', stop);
      const { received, sent } = outcome ?? { received: 0, sent: 0 };
      if (started) await events.recordNow('sync.finished', { peerId, received, sent });
    }
  }

  private async refuseWithFiles(networkId?: string): Promise<void> {
    if (networkId === this.parts.catalogue.networkId) return;
    const { count } = await this.parts.catalogue.totals();
    if (count === 0) return;
    throw new DfsError(
      'has-files',
      `This node has ${count} ${count === 1 ? 'file' : 'files'} of its own, which would not come along: download and delete them first, ` +
        'or join with a new, empty data directory.',
      { facts: { files: count } },
    );
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
