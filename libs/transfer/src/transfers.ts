import { randomUUID } from 'node:crypto';
import type { TransferInfo, TransferKind } from '@dfs/contracts';
import type { EventLog } from '@dfs/events';
import { DfsError, isDfsError, toWireError, type Clock, type Log } from '@dfs/runtime';
import type { Cid } from '@dfs/protocol';
import { NOTABLE_BYTES, TELL_EVERY } from './limits.js';

/** Finished transfers that are listed. */
const RECENT_TRANSFERS = 100;

/** Facts about a transfer that its list shows. */
export interface TransferOptions {
  /** Of one that goes on after a restart; made when left out. */
  id?: string;
  kind: TransferKind;
  path?: string | null;
  /** Of a drain: the member that is removed. */
  peerId?: string;
  contentId?: Cid | null;
  /** Total bytes, where known. */
  bytes?: number | null;
  /** Of an act over many files. */
  items?: TransferInfo['items'];
  /** Of one that an API key has begun: the id of the key. */
  key?: string | null;
  /** Why it waits, while it does. */
  error?: unknown;
  /** Has a cancellation outlive the process. Awaited before the transfer hears of it; where it fails, nothing is cancelled. */
  onCancel?: () => Promise<void>;
}

/** One movement of bytes that a person may want to see, and stop. */
export interface Transfer {
  readonly id: string;
  /** Aborted when it is cancelled. */
  readonly signal: AbortSignal;
  /** Facts that became known on the way. */
  describe(facts: Partial<Pick<TransferOptions, 'path' | 'contentId' | 'bytes' | 'items' | 'error'>>): void;
  /** So many bytes more are here and verified; `source` is the peer they came from, if any. */
  progress(bytes: number, source?: string): void;
  finish(): void;
  /** An `aborted` one counts as cancelled. */
  fail(error: unknown): void;
}

/** Events that tell of transfers, and the clock that dates them. */
export interface TransfersComponents {
  events: Pick<EventLog, 'tell' | 'recordNow'>;
  clock: Clock;
  log: Log;
}

/** Bytes over time of the last seconds, as a decaying mean. */
const RATE_MEMORY = 3000;

/** Running and recent transfers. Progress is told at most ten times a second, whatever their number. */
export class Transfers {
  private readonly running = new Map<string, Entry>();
  private readonly recent: Entry[] = [];
  private readonly changed = new Set<Entry>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly components: TransfersComponents) {}

  /** Those that run, newest first, then those that ended lately. @param key only those that this API key has begun */
  list(key?: string): TransferInfo[] {
    const all = [...[...this.running.values()].reverse(), ...this.recent];
    return all.filter((entry) => key === undefined || entry.key === key).map((entry) => entry.info());
  }

  /** One of them; undefined for one that ended long ago, or never was. */
  get(id: string): TransferInfo | undefined {
    return (this.running.get(id) ?? this.recent.find((entry) => entry.id === id))?.info();
  }

  /**
   * Resolves when it does not go on any more, after a restart either.
   * @param key only one that this API key has begun
   * @throws DfsError `transfer-not-found` unless it is running
   */
  async cancel(id: string, key?: string): Promise<void> {
    const entry = this.running.get(id);
    if (!entry || (key !== undefined && entry.key !== key))
      throw new DfsError('transfer-not-found', 'No running transfer has this id: it may have ended already.');
    await entry.cancel();
  }

  /** Lists a transfer until it finishes or fails. */
  track(options: TransferOptions): Transfer {
    const entry: Entry = new Entry(options, this.components.clock, {
      changed: () => this.touch(entry),
      ended: () => this.end(entry),
    });
    this.running.set(entry.id, entry);
    this.touch(entry);
    return entry;
  }

  private touch(entry: Entry): void {
    this.changed.add(entry);
    this.timer ??= setTimeout(() => this.tell(), TELL_EVERY).unref();
  }

  private tell(): void {
    this.timer = undefined;
    const transfers = [...this.changed].map((entry) => entry.info());
    this.changed.clear();
    if (transfers.length > 0) this.components.events.tell('transfer.progress', { transfers });
  }

  private end(entry: Entry): void {
    if (!this.running.delete(entry.id)) return;
    this.changed.delete(entry);
    const info = entry.info();
    this.recent.unshift(entry);
    this.recent.length = Math.min(this.recent.length, RECENT_TRANSFERS);
    // A failure is worth keeping whatever its size; that a person has gone away is not.
    if (
      info.state !== 'failed' &&
      info.kind !== 'act' &&
      (info.state === 'cancelled' || info.verifiedBytes < NOTABLE_BYTES)
    ) {
      this.components.events.tell('transfer.progress', { transfers: [info] });
      return;
    }
    const type = info.state === 'finished' ? 'transfer.finished' : 'transfer.failed';
    this.components.events.recordNow(type, { transfer: info }).catch((error: unknown) => {
      this.components.log.warn({ err: error }, 'the end of a transfer was not recorded');
    });
  }
}

class Entry implements Transfer {
  readonly id: string;
  private readonly control = new AbortController();
  private readonly sources = new Map<string, number>();
  private readonly startedAt: number;
  private finishedAt: number | null = null;
  private state: TransferInfo['state'] = 'running';
  private error: TransferInfo['error'];
  private verified = 0;
  private rate = 0;
  private rateAt: number;
  private rateBytes = 0;

  constructor(
    private options: TransferOptions,
    private readonly clock: Clock,
    private readonly on: { changed(): void; ended(): void },
  ) {
    this.id = options.id ?? randomUUID();
    this.startedAt = clock.now();
    this.rateAt = performance.now();
  }

  get signal(): AbortSignal {
    return this.control.signal;
  }

  get key(): string | null {
    return this.options.key ?? null;
  }

  async cancel(): Promise<void> {
    await this.options.onCancel?.();
    this.control.abort(new DfsError('aborted', 'The transfer was cancelled.'));
  }

  describe(facts: Partial<TransferOptions>): void {
    this.options = { ...this.options, ...facts };
    if ('error' in facts) this.error = facts.error === undefined ? undefined : toWireError(facts.error);
    this.on.changed();
  }

  progress(bytes: number, source?: string): void {
    this.verified += bytes;
    this.rateBytes += bytes;
    if (source !== undefined) this.sources.set(source, (this.sources.get(source) ?? 0) + bytes);
    this.on.changed();
  }

  finish(): void {
    if (this.state === 'running') this.error = undefined;
    this.close('finished');
  }

  fail(error: unknown): void {
    if (this.state !== 'running') return;
    if (isDfsError(error, 'aborted') || isDfsError(error, 'shutting-down')) {
      this.error = undefined;
      return this.close('cancelled');
    }
    this.error = toWireError(error);
    this.close('failed');
  }

  info(): TransferInfo {
    this.measure();
    return {
      id: this.id,
      kind: this.options.kind,
      state: this.state,
      path: this.options.path ?? null,
      contentId: this.options.contentId ?? null,
      ...(this.options.items !== undefined && { items: this.options.items }),
      ...(this.options.peerId !== undefined && { peerId: this.options.peerId }),
      bytes: this.options.bytes ?? null,
      // The blocks of its manifest came beside the bytes of the file.
      verifiedBytes: Math.min(this.verified, this.options.bytes ?? Infinity),
      rate: Math.round(this.state === 'running' ? this.rate : this.meanRate()),
      sources: [...this.sources].map(([peerId, bytes]) => ({ peerId, bytes })),
      startedAt: new Date(this.startedAt).toISOString(),
      finishedAt: this.finishedAt === null ? null : new Date(this.finishedAt).toISOString(),
      ...(this.error && { error: this.error }),
    };
  }

  private close(state: TransferInfo['state']): void {
    if (this.state !== 'running') return;
    this.state = state;
    this.finishedAt = this.clock.now();
    this.on.ended();
  }

  private measure(): void {
    const now = performance.now();
    const elapsed = now - this.rateAt;
    if (elapsed < TELL_EVERY / 2) return;
    const share = 1 - Math.exp(-elapsed / RATE_MEMORY);
    const current = (this.rateBytes / elapsed) * 1000;
    this.rate = this.rate === 0 ? current : this.rate + (current - this.rate) * share;
    this.rateAt = now;
    this.rateBytes = 0;
  }

  private meanRate(): number {
    return (this.verified / Math.max(1, (this.finishedAt ?? 0) - this.startedAt)) * 1000;
  }
}
