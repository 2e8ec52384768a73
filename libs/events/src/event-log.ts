import { randomUUID } from 'node:crypto';
import type { AnyEvent, DurableEventType, EventMap, EventPage, EventType, VolatileEventType } from '@dfs/contracts';
import type { Database, Tx } from '@dfs/database';
import { EventStreamEntity } from './events.entity.js';
import { Listeners, silentLog, systemClock, type Clock, type Log, type Unsubscribe } from '@dfs/runtime';

/** Events kept on disk for clients that were away. */
const KEEP_EVENTS = 10_000;
/** Rows over the limit before they are pruned, so that not every event pays for it. */
const PRUNE_SLACK = 500;
/** The greatest number ever given, also where its event is gone. */
const LAST_SEQ = "SELECT seq FROM sqlite_sequence WHERE name = 'event'";

/** How many events are kept, and whether their numbers begin anew. */
export interface EventLogOptions {
  clock?: Clock;
  log?: Log;
  /** Events kept; the oldest go. */
  keep?: number;
  /** Sequence numbers may have been given before, as where the database was restored from a copy: begins a new stream. */
  renew?: boolean;
}

interface EventRow {
  seq: number;
  type: string;
  time: number;
  data: string;
}

/**
 * Events of this node, numbered and kept (durable events) or only told (volatile ones).
 * A durable event is committed with the change it tells of, and delivered after that commit, in order of `seq`.
 */
export class EventLog {
  private readonly listeners: Listeners<[AnyEvent]>;
  private readonly renewals: Listeners<[]>;
  private oldest = 0;
  /** The last number that was committed, and whether a unit of work has begun since that gives others. */
  private last = 0;
  private isLastKnown = false;
  /** The last number given within a unit of work. */
  private readonly numbered = new WeakMap<Tx, number>();

  private constructor(
    private readonly db: Database,
    private current: string,
    private readonly clock: Clock,
    log: Log,
    private readonly keep: number,
  ) {
    this.listeners = new Listeners(log);
    this.renewals = new Listeners(log);
  }

  static async open(db: Database, options: EventLogOptions = {}): Promise<EventLog> {
    const stream = await db.write(async (tx) => {
      const known = await tx.repository(EventStreamEntity).findOne({ one: 1 });
      return known && !options.renew ? known.stream : beginStream(tx);
    });
    const log = new EventLog(
      db,
      stream,
      options.clock ?? systemClock,
      options.log ?? silentLog,
      options.keep ?? KEEP_EVENTS,
    );
    log.oldest = (await log.bounds()).first;
    return log;
  }

  /** Changes when sequence numbers may have been given before, or when what clients know is not to be mended by events. */
  get stream(): string {
    return this.current;
  }

  /** Begins a new stream within the caller's unit of work: every client reads anew what it shows. */
  async renew(tx: Tx): Promise<void> {
    const fresh = await beginStream(tx);
    tx.afterCommit(() => {
      this.current = fresh;
      this.renewals.tell();
    });
  }

  /** After each commit with which a new stream begins. */
  onRenewed(listener: () => void): Unsubscribe {
    return this.renewals.add(listener);
  }

  /** Numbers the event within the caller's unit of work; listeners hear of it after the commit. */
  async record<T extends DurableEventType>(tx: Tx, type: T, data: EventMap[T]): Promise<void> {
    const time = this.clock.now();
    const seq = await this.number(tx);
    await tx.insertMany('event', ['seq', 'type', 'time', 'data'], [[seq, type, time, JSON.stringify(data)]]);
    await this.prune(tx, seq);
    tx.afterCommit(() => {
      [this.last, this.isLastKnown] = [seq, true];
      this.deliver(type, seq, time, data);
    });
  }

  /** The next number. A unit of work that failed may have been committed all the same: then the table is asked. */
  private async number(tx: Tx): Promise<number> {
    let before = this.numbered.get(tx);
    if (before === undefined) {
      before = this.isLastKnown ? this.last : await lastSeq(tx);
      this.isLastKnown = false;
    }
    this.numbered.set(tx, before + 1);
    return before + 1;
  }

  /** The same in a unit of work of its own. */
  recordNow<T extends DurableEventType>(type: T, data: EventMap[T]): Promise<void> {
    return this.db.write((tx) => this.record(tx, type, data));
  }

  /** Tells those who listen now; not numbered, not kept. */
  tell<T extends VolatileEventType>(type: T, data: EventMap[T]): void {
    this.deliver(type, null, this.clock.now(), data);
  }

  subscribe(listener: (event: AnyEvent) => void): Unsubscribe {
    return this.listeners.add(listener);
  }

  /** At most `limit` events after the sequence number `after`, oldest first; `resync` when some of them are gone. */
  async since(after: number, limit: number): Promise<EventPage> {
    const rows = await this.db.query<EventRow>(
      'SELECT seq, type, time, data FROM event WHERE seq > ? ORDER BY seq LIMIT ?',
      [after, limit],
    );
    const { first, last } = await this.bounds();
    const gone = last > 0 && after + 1 < first;
    return {
      stream: this.stream,
      items: gone ? [] : rows.map((row) => this.fromRow(row)),
      lastSeq: last,
      resync: gone || after > last,
    };
  }

  private async bounds(): Promise<{ first: number; last: number }> {
    const [row] = await this.db.query<{ first: number | null; last: number | null }>(
      `SELECT (SELECT min(seq) FROM event) AS first, (${LAST_SEQ}) AS last`,
    );
    return { first: row?.first ?? 0, last: row?.last ?? 0 };
  }

  private async prune(tx: Tx, newest: number): Promise<void> {
    const from = newest - this.keep;
    if (from < this.oldest + PRUNE_SLACK) return;
    await tx.later('DELETE FROM event WHERE seq <= ?', [from]);
    tx.afterCommit(() => (this.oldest = from));
  }

  private deliver<T extends EventType>(type: T, seq: number | null, time: number, data: EventMap[T]): void {
    const event = { stream: this.stream, seq, type, time: new Date(time).toISOString(), data } as AnyEvent;
    this.listeners.tell(event);
  }

  private fromRow(row: EventRow): AnyEvent {
    return {
      stream: this.stream,
      seq: row.seq,
      type: row.type,
      time: new Date(row.time).toISOString(),
      data: JSON.parse(row.data) as unknown,
    } as AnyEvent;
  }
}

/** @returns the name of the stream, which no client has heard of */
async function beginStream(tx: Tx): Promise<string> {
  const stream = randomUUID();
  await tx.repository(EventStreamEntity).put({ one: 1, stream });
  return stream;
}

async function lastSeq(tx: Tx): Promise<number> {
  const [row] = await tx.query<{ seq: number }>(LAST_SEQ);
  return row?.seq ?? 0;
}
