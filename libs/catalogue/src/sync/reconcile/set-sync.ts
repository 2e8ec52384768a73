import { StatusSection } from '@dfs/peers';
import { catalogueStatus, parseSyncMessage, type SignedRecord, type SyncMessage } from '@dfs/protocol';
import { DfsError, type Log, type Unsubscribe, type WorkStatus } from '@dfs/runtime';
import type { SetRoot } from '../../store/fingerprints.js';
import type { Received } from '../../receive/intake.js';
import type { SyncPeers, SyncTransport, SyncChannel, SyncFrame } from '../../ports.js';
import type { RecordSet } from '../../store/record-set.js';
import { Exchange, type ExchangeOutcome } from './exchange.js';
import type { RunningExchanges } from '../running-exchanges.js';
import { KnownSets } from './known-sets.js';
import { SyncSchedule } from './schedule.js';
import { Watchdog } from './watchdog.js';

/** The parts by which all sets of a node are kept equal. */
export interface SetSyncComponents {
  transport: SyncTransport;
  peers: SyncPeers;
  ongoing: RunningExchanges;
  log: Log;
}

/** A set of records that all members are to have. */
export interface SharedSet {
  protocol: string;
  /** Of the status by which members say what they have. */
  section: string;
  /** As people are told of it. */
  name: string;
  records: RecordSet;
  /** Takes in what an exchange brought, as far as it is valid. */
  receive: (records: readonly SignedRecord[], from: string) => Promise<Received>;
  /** A stream that begins with something other than an exchange. @returns undefined where that is not to be */
  answer?: (message: SyncMessage, channel: SyncChannel, frames: AsyncIterator<SyncFrame>) => Promise<void> | undefined;
  /** A member is sending news of its set, without being asked. */
  isArriving?: (peerId: string) => boolean;
  /** A member says what it has. */
  said?: (peerId: string, theirs: SetRoot) => void;
  /** The first records of an exchange are about to move. */
  started?: (peerId: string) => Promise<void>;
  /** An exchange has been carried through. */
  compared?: (peerId: string, outcome: ExchangeOutcome) => void;
  /** An exchange that had started is over, well or not. */
  finished?: (peerId: string, moved: Pick<Exchange, 'received' | 'sent'>) => Promise<void>;
}

/** In milliseconds, as {@link CatalogueSyncOptions} explains them; all are set here. */
export interface SetSyncOptions {
  patienceMs: number;
  settleMs: number;
  retryMs: number;
}

/**
 * Makes a set of records the same on all members: compares it with a member's whenever that says that its own differs.
 * A failed exchange is tried again.
 */
export class SetSync {
  readonly schedule: SyncSchedule;
  private readonly answering = new Set<string>();
  private readonly section: StatusSection<SetRoot>;
  private readonly history = new KnownSets();
  private subscriptions: Unsubscribe[] = [];

  constructor(
    private readonly components: SetSyncComponents,
    private readonly set: SharedSet,
    private readonly options: SetSyncOptions,
  ) {
    const { peers, transport, ongoing, log } = components;
    const { protocol, section, name } = set;
    this.schedule = new SyncSchedule({
      ...{ name, log },
      settleMs: options.settleMs,
      retryMs: options.retryMs,
      mine: () => this.root(),
      contains: (theirs) => this.history.has(theirs),
      isConnected: (peerId) => peers.connected().includes(peerId),
      isAnswering: (peerId) => this.answering.has(peerId),
      isArriving: (peerId) => set.isArriving?.(peerId) ?? false,
      run: async (peerId) => {
        const channel = await transport.open(peerId, protocol, { signal: ongoing.signal });
        return ongoing.on(
          channel,
          this.exchange(channel, undefined, (exchange) => exchange.initiate()),
        );
      },
    });
    this.section = new StatusSection(section, catalogueStatus);
    this.section.say(peers, () => this.root());
    transport.handle(protocol, (channel) => ongoing.on(channel, this.serve(channel)));
  }

  start(): void {
    const { peers, log } = this.components;
    this.subscriptions = [
      peers.onGone((peerId) => this.schedule.forget(peerId)),
      this.section.hear(peers, log, (peerId, theirs) => this.heard(peerId, theirs)),
    ];
  }

  stop(): Promise<void> {
    for (const unsubscribe of this.subscriptions) unsubscribe();
    this.subscriptions = [];
    return this.schedule.stop();
  }

  /** Its recurring work in the background. */
  work(): WorkStatus {
    return this.schedule.work();
  }

  /** In another network. */
  clear(): void {
    this.history.clear();
  }

  /** My set as it is, which from now on is one that I have had. */
  root(): SetRoot {
    const root = this.set.records.root();
    this.history.note(root);
    return root;
  }

  private heard(peerId: string, theirs: SetRoot): void {
    this.schedule.heard(peerId, theirs);
    this.set.said?.(peerId, theirs);
  }

  /** A stream that a member has opened. */
  private async serve(channel: SyncChannel): Promise<void> {
    const { peerId } = channel;
    const frames = channel.frames()[Symbol.asyncIterator]();
    const first = await frames.next();
    if (first.done) return;
    const message = parseSyncMessage(first.value.header);
    const other = this.set.answer?.(message, channel, frames);
    if (other) return other;
    if (message.t !== 'hello') {
      throw new DfsError('peer-misbehaved', `A stream of ${this.set.protocol} does not begin with ${message.t}.`);
    }
    if (this.mustWait(peerId)) return channel.send({ t: 'busy', ...this.root() });
    this.answering.add(peerId);
    try {
      this.schedule.finished(peerId, await this.exchange(channel, frames, (exchange) => exchange.answer(message)));
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
    return this.schedule.isRunning(peerId) && this.components.transport.peerId < peerId;
  }

  private async exchange(
    channel: SyncChannel,
    frames: AsyncIterator<SyncFrame> | undefined,
    run: (exchange: Exchange) => Promise<ExchangeOutcome>,
  ): Promise<ExchangeOutcome> {
    const { set } = this;
    const { peerId } = channel;
    const watchdog = new Watchdog(channel, this.options.patienceMs);
    let started = false;
    const exchange = new Exchange(
      {
        channel,
        records: set.records,
        receive: (records) => set.receive(records, peerId),
        progress: () => watchdog.alive(),
        started: async () => {
          started = true;
          await set.started?.(peerId);
        },
      },
      frames,
    );
    try {
      const outcome = await run(exchange);
      set.compared?.(peerId, outcome);
      return outcome;
    } catch (error) {
      this.components.log.info({ err: error, peerId }, `comparing the ${set.name} failed, to be tried again`);
      channel.abort(error instanceof Error ? error : new Error('the exchange failed'));
      throw error;
    } finally {
      watchdog.stop();
      if (started) await set.finished?.(peerId, exchange);
    }
  }
}
