import {
  catalogueStatus,
  DfsError,
  parseSyncMessage,
  VOID_PROTOCOL,
  type Log,
  type SignedRecord,
  type Unsubscribe,
  type WireValue,
} from '@dfs/protocol';
import type { Catalogue } from '../catalogue.js';
import type { SetRoot } from '../fingerprints.js';
import type { SyncPeers } from '../interfaces.js';
import type { Received } from '../intake.js';
import type { SyncTransport } from './catalogue-sync.js';
import { Exchange, sameRoot, type ExchangeOutcome, type SyncChannel, type SyncFrame } from './exchange.js';
import { RootHistory } from './root-history.js';
import { SyncSchedule } from './schedule.js';
import { Watchdog } from './watchdog.js';

export interface VoidSyncParts {
  catalogue: Pick<Catalogue, 'voids' | 'onRecords'>;
  transport: Pick<SyncTransport, 'peerId' | 'handle'>;
  peers: SyncPeers;
  log: Log;
  open: (peerId: string, protocol: string) => Promise<SyncChannel>;
  /** Stores what came from a member, as far as it is valid. */
  receive: (records: readonly SignedRecord[], from: string) => Promise<Received>;
  /** Cuts the channel when this node stops, which waits for the work. */
  guard: <T>(channel: SyncChannel, work: Promise<T>) => Promise<T>;
  /** Members are to hear soon of what this node has. */
  nudgeSoon: () => void;
}
export interface VoidSyncOptions {
  patienceMs: number;
  settleMs: number;
  retryMs: number;
}

const SECTION = 'void';

/**
 * Shows void records to all members: who was cut off with their author when it was removed has them, and others do not.
 * They are outside the set, and compared as a set of their own, by the same exchange, whenever a member says that its
 * own differs.
 */
export class VoidSync {
  private readonly answering = new Set<string>();
  private readonly history = new RootHistory();
  private readonly schedule: SyncSchedule;
  private subscriptions: Unsubscribe[] = [];
  private last: SetRoot | undefined;

  constructor(
    private readonly parts: VoidSyncParts,
    private readonly options: VoidSyncOptions,
  ) {
    const { peers, transport, open, guard } = parts;
    this.schedule = new SyncSchedule({
      settleMs: options.settleMs,
      retryMs: options.retryMs,
      mine: () => this.root(),
      contains: (theirs) => this.history.has(theirs),
      isConnected: (peerId) => peers.connected().includes(peerId),
      isAnswering: (peerId) => this.answering.has(peerId),
      run: async (peerId) => this.exchange(await open(peerId, VOID_PROTOCOL), undefined, (it) => it.initiate()),
    });
    peers.contribute(SECTION, () => catalogueStatus.form(this.root()) as WireValue);
    transport.handle(VOID_PROTOCOL, (channel) => guard(channel, this.serve(channel)));
  }

  start(): void {
    const { peers, catalogue } = this.parts;
    this.last = this.root();
    this.subscriptions = [
      peers.onGone((peerId) => this.schedule.forget(peerId)),
      peers.onStatus(SECTION, (peerId, value) => this.heard(peerId, value)),
      catalogue.onRecords(() => this.changed()),
    ];
  }

  stop(): void {
    for (const unsubscribe of this.subscriptions) unsubscribe();
    this.subscriptions = [];
    this.schedule.stop();
  }

  /** In another network. */
  clear(): void {
    this.history.clear();
  }

  private root(): SetRoot {
    const root = this.parts.catalogue.voids.records.root();
    this.history.note(root);
    return root;
  }

  private changed(): void {
    const before = this.last;
    this.last = this.root();
    if (before !== undefined && !sameRoot(before, this.last)) this.parts.nudgeSoon();
  }

  private heard(peerId: string, value: WireValue): void {
    try {
      this.schedule.heard(peerId, catalogueStatus.parse(value, SECTION));
    } catch (error) {
      this.parts.log.warn({ err: error, peerId }, 'a status whose section on void records is malformed');
    }
  }

  private async serve(channel: SyncChannel): Promise<void> {
    const { peerId } = channel;
    const frames = channel.frames()[Symbol.asyncIterator]();
    const first = await frames.next();
    if (first.done) return;
    const message = parseSyncMessage(first.value.header);
    if (message.t !== 'hello') throw new DfsError('peer-misbehaved', 'A stream about void records begins with hello.');
    if (this.mustWait(peerId)) return channel.send({ t: 'busy', ...this.root() });
    this.answering.add(peerId);
    try {
      this.schedule.finished(peerId, await this.exchange(channel, frames, (it) => it.answer(message)));
    } catch (error) {
      this.schedule.broken(peerId);
      throw error;
    } finally {
      this.answering.delete(peerId);
    }
  }

  /** As in the exchange of the set: of two that begin at once, the lower peer id's goes on. */
  private mustWait(peerId: string): boolean {
    if (this.answering.has(peerId)) return true;
    return this.schedule.isRunning(peerId) && this.parts.transport.peerId < peerId;
  }

  private async exchange(
    channel: SyncChannel,
    frames: AsyncIterator<SyncFrame> | undefined,
    run: (exchange: Exchange) => Promise<ExchangeOutcome>,
  ): Promise<ExchangeOutcome> {
    const { catalogue, log, guard } = this.parts;
    const watchdog = new Watchdog(channel, this.options.patienceMs);
    const parts = {
      channel,
      records: catalogue.voids.records,
      receive: (records: readonly SignedRecord[]) => this.receive(records, channel.peerId),
      progress: () => watchdog.alive(),
      started: () => Promise.resolve(),
    };
    try {
      return await guard(channel, run(new Exchange(parts, frames)));
    } catch (error) {
      log.info({ err: error, peerId: channel.peerId }, 'comparing void records failed, to be tried again');
      channel.abort(error instanceof Error ? error : new Error('the exchange failed'));
      throw error;
    } finally {
      watchdog.stop();
    }
  }

  /** Outside the set is where they belong. */
  private async receive(records: readonly SignedRecord[], from: string): Promise<Received> {
    const received = await this.parts.receive(records, from);
    return { ...received, added: received.added + received.waiting };
  }
}
