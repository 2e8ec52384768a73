import type { DhtInfo } from '@dfs/contracts';
import type { Database, Tx } from '@dfs/database';
import {
  Recurring,
  second,
  silentLog,
  systemClock,
  type Clock,
  type Log,
  type Ran,
  type Timers,
  type WorkStatus,
} from '@dfs/runtime';
import type { Cid } from '@dfs/protocol';
import type { Provider, Transport } from '@dfs/transport';
import {
  IDLE_WAIT,
  MAX_PROVIDERS,
  PROVIDE_BATCH,
  PROVIDE_CONCURRENCY,
  PROVIDE_DELAY,
  PROVIDE_REST,
  PROVIDE_TIMEOUT,
  REPROVIDE_AFTER,
  RETRY_FIRST,
  RETRY_MOST,
} from './constants.js';
import {
  enqueue,
  readDue,
  readTally,
  remove,
  settle,
  spreadAll,
  type DueContent,
  type Provided,
  type Tally,
} from './provide-rows.js';

/** The queue is a table of `db`; `transport` brings the DHT. */
export interface ProvideQueueComponents {
  db: Database;
  transport: Pick<Transport, 'routing'>;
  log?: Log;
  clock?: Clock;
  /** Those of the process when left out. */
  timers?: Timers;
}

const NOTHING: Tally = { queued: 0, provided: 0, failed: 0, oldestDue: null };

/** Whether the node takes part in the DHT at all. */
export interface ProvideQueueOptions {
  /** False where the DHT is switched off: nothing is provided, nothing is found. */
  enabled?: boolean;
}

/**
 * Names this node in the DHT as a holder of contents: queued on disk, a few at a time, again before the records run
 * out, each at its own time. The DHT is a hint: nothing depends on when, or whether, this comes through.
 */
export class ProvideQueue {
  private readonly db: Database;
  private readonly routing: Transport['routing'];
  private readonly log: Log;
  private readonly clock: Clock;
  private readonly enabled: boolean;
  private providing: Recurring;
  /** Milliseconds from a batch that has done something to the next. */
  private restMs: number | undefined;
  /** A count of the whole queue, for all who ask meanwhile. */
  private counting: Promise<Tally> | undefined;

  constructor(
    private readonly components: ProvideQueueComponents,
    options: ProvideQueueOptions = {},
  ) {
    this.db = components.db;
    this.routing = components.transport.routing;
    this.log = components.log ?? silentLog;
    this.clock = components.clock ?? systemClock;
    this.enabled = options.enabled ?? true;
    this.providing = this.loop();
  }

  /** Takes part in the DHT of this network; called again, in that of another. */
  async start(networkId: string): Promise<void> {
    await this.stop();
    if (!this.enabled) return;
    await this.routing.start(networkId);
    await this.db.write((tx) => spreadAll(tx, this.clock.now()));
    this.providing = this.loop().start(0);
  }

  async stop(): Promise<void> {
    if (!this.providing.isOn) return;
    await this.providing.stop();
    await this.routing.stop();
  }

  /**
   * Queues contents that this node holds; within the caller's unit of work where one is given. Where the DHT is off, too: once it
   * is on, they are provided.
   */
  async provide(contents: readonly Cid[], tx?: Tx): Promise<void> {
    if (contents.length === 0) return;
    if (!tx) return this.db.write((own) => this.provide(contents, own));
    await enqueue(tx, contents, this.clock.now());
    tx.afterCommit(() => this.providing.soon());
  }

  /** Contents that this node no longer holds: they are provided no more, and the records run out. */
  async withdraw(contents: readonly Cid[], tx?: Tx): Promise<void> {
    if (!tx) return this.db.write((own) => this.withdraw(contents, own));
    await remove(tx, contents);
    tx.afterCommit(() => void this.takeBack(contents));
  }

  /** Holders that the DHT names, this node among them if it is one; what was found until the signal ended it. */
  async providers(content: Cid, options: { signal?: AbortSignal } = {}): Promise<Provider[]> {
    const found: Provider[] = [];
    if (!this.enabled) return found;
    try {
      for await (const provider of this.routing.findProviders(content, options)) {
        found.push(provider);
        if (found.length >= MAX_PROVIDERS) break;
      }
    } catch (error) {
      if (!options.signal?.aborted) throw error;
    }
    return found;
  }

  /** Counted when somebody asks; the lag is that of the oldest content that waits. */
  async info(): Promise<DhtInfo> {
    const { queued, provided, failed, oldestDue } = this.enabled ? await this.count() : NOTHING;
    const lagSeconds = oldestDue === null ? 0 : Math.max(0, Math.round((this.clock.now() - oldestDue) / second));
    return {
      enabled: this.enabled,
      mode: 'server',
      routingTableSize: this.routingTableSize,
      provide: { queued, provided, failed, lagSeconds },
    };
  }

  /** Peers in the routing table. */
  get routingTableSize(): number {
    return this.enabled ? this.routing.size() : 0;
  }

  /** Its recurring work in the background. */
  work(): WorkStatus {
    return this.providing.status();
  }

  private count(): Promise<Tally> {
    return (this.counting ??= readTally(this.db, this.clock.now()).finally(() => (this.counting = undefined)));
  }

  private loop(): Recurring {
    const { timers } = this.components;
    return new Recurring(
      {
        name: 'provide in the DHT',
        every: () => this.restMs ?? IDLE_WAIT,
        gather: () => Math.max(PROVIDE_DELAY, this.restMs ?? 0),
        failed: 'providing in the DHT failed',
        run: (signal) => this.run(signal),
      },
      { log: this.log, ...(timers && { timers }) },
    );
  }

  private async run(signal: AbortSignal): Promise<Ran> {
    const began = performance.now();
    // A run that fails is no reason to hurry.
    this.restMs = undefined;
    if (await this.batch(signal)) this.restMs = PROVIDE_REST * (performance.now() - began);
    return 'idle';
  }

  /** Whether there may be more to do at once. */
  private async batch(signal: AbortSignal): Promise<boolean> {
    if (this.routing.size() === 0) return false;
    const due = await readDue(this.db, this.clock.now(), PROVIDE_BATCH);
    if (due.length === 0) return false;
    const results: Provided[] = [];
    const next = due[Symbol.iterator]();
    const worker = async (): Promise<void> => {
      for (const content of next) {
        if (signal.aborted) return;
        results.push(await this.provideOne(content, signal));
      }
    };
    await Promise.all(Array.from({ length: PROVIDE_CONCURRENCY }, worker));
    await this.db.write((tx) => settle(tx, results));
    return results.some(({ providedAt }) => providedAt !== null);
  }

  private async provideOne({ content, failures }: DueContent, signal: AbortSignal): Promise<Provided> {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(PROVIDE_TIMEOUT)]);
    try {
      await this.routing.provide(content, { signal: limit });
      const now = this.clock.now();
      const [soonest, latest] = REPROVIDE_AFTER;
      const due = Math.round(now + soonest + Math.random() * (latest - soonest));
      return { content, due, providedAt: now, failures: 0 };
    } catch (error) {
      // Ended from here: due as before, at the next start.
      if (signal.aborted) return { content, due: this.clock.now(), providedAt: null, failures };
      this.log.debug({ err: error, content, failures }, 'a content could not be provided');
      const wait = Math.min(RETRY_MOST, RETRY_FIRST * 2 ** failures);
      return { content, due: this.clock.now() + wait, providedAt: null, failures: failures + 1 };
    }
  }

  /** This node's own copies of the records go at once; a hint that stays behind does no harm. */
  private async takeBack(contents: readonly Cid[]): Promise<void> {
    for (const content of contents) {
      try {
        await this.routing.withdraw(content);
      } catch (error) {
        this.log.debug({ err: error, content }, 'a content could not be withdrawn');
      }
    }
  }
}
