import type { AnyEvent } from '@dfs/contracts';
import type { EventView } from './events-access.js';
import type { EventLog } from './event-log.js';

/** Where a client's events go. */
export interface FeedSink {
  event(event: AnyEvent): void;
  ready(position: Position): void;
  resync(position: Position): void;
  /** Nothing for the client has happened up to here. */
  position(position: Position): void;
  /** Bytes, about, that are on their way to the client and not yet taken by the network. */
  backlog(): number;
  /** Resolves when the backlog has shrunk, or the client is gone. */
  drained(): Promise<void>;
  /** Ends the connection: the client comes back and catches up from the log. */
  drop(): void;
}
/** Up to where a client has seen events: the last number, and the stream in which it counts. */
export interface Position {
  stream: string;
  seq: number;
}

/** Events read at once while a client catches up. */
const PAGE = 500;
/** Events that wait while a client catches up; more, and they are read from the log again. */
const MAX_WAITING = 1000;
/** Bytes under way to a client: past the first it is not given progress any more, past the second it is dropped. */
const CROWDED = 512 * 1024;
const OVERRUN = 4 * 1024 * 1024;

/**
 * The events of one client: what it missed, in order; then `ready` (or `resync`, when that is gone); then what happens.
 * Numbered events come without gap or repetition; a client that cannot keep up is dropped rather than waited for.
 */
export class ClientFeed {
  private waiting: AnyEvent[] | undefined = [];
  private missedSome = false;
  private seq = 0;
  /** The client knows that it is as far as that. */
  private told = 0;
  private stopped = false;
  private unsubscribe: () => void = () => undefined;

  constructor(
    private readonly log: Pick<EventLog, 'since' | 'subscribe' | 'stream' | 'onRenewed'>,
    private readonly sink: FeedSink,
    private readonly from: { stream?: string; after?: number },
    private readonly view: EventView = (event) => event,
  ) {}

  /** Resolves when the client is up to date. @throws what reading the log throws */
  async start(): Promise<void> {
    const unsubscribe = this.log.subscribe((event) => this.hear(event));
    const forget = this.log.onRenewed(() => this.end());
    this.unsubscribe = () => {
      unsubscribe();
      forget();
    };
    const { stream, after } = this.from;
    const known = after !== undefined && (stream === undefined || stream === this.log.stream);
    if (known && (await this.catchUp(after))) return this.goLive('ready');
    // One that names no position begins with what is to come; one whose past is gone reads everything anew.
    this.seq = (await this.log.since(0, 1)).lastSeq;
    await this.goLive(after === undefined ? 'ready' : 'resync');
  }

  /** Moves the client on past what did not concern it. @returns whether there was any */
  tellPosition(): boolean {
    if (this.stopped || this.waiting || this.seq <= this.told) return false;
    this.told = this.seq;
    this.sink.position({ stream: this.log.stream, seq: this.seq });
    return true;
  }

  stop(): void {
    this.stopped = true;
    this.waiting = undefined;
    this.unsubscribe();
  }

  /** False when what was missed is no longer there. */
  private async catchUp(after: number): Promise<boolean> {
    this.seq = after;
    for (;;) {
      if (this.stopped) return true;
      this.missedSome = false;
      const page = await this.log.since(this.seq, PAGE);
      if (page.resync) return false;
      for (const event of page.items) this.pass(event);
      if (this.sink.backlog() > CROWDED) await this.sink.drained();
      if (page.items.length < PAGE && !this.missedSome) return true;
    }
  }

  private async goLive(how: 'ready' | 'resync'): Promise<void> {
    // Events that had no room to wait are in the log.
    while (this.missedSome && !this.stopped) await this.catchUp(this.seq);
    if (this.stopped) return;
    const heard = this.waiting ?? [];
    this.waiting = undefined;
    this.told = this.seq;
    if (how === 'resync') this.sink.resync({ stream: this.log.stream, seq: this.seq });
    for (const event of heard) this.pass(event);
    this.told = Math.max(this.told, how === 'ready' ? this.seq : 0);
    if (how === 'ready') this.sink.ready({ stream: this.log.stream, seq: this.seq });
  }

  private hear(event: AnyEvent): void {
    if (this.stopped) return;
    if (this.waiting) {
      if (event.seq === null) return;
      if (this.waiting.length < MAX_WAITING) this.waiting.push(event);
      else {
        this.waiting = [];
        this.missedSome = true;
      }
      return;
    }
    if (event.seq === null && this.sink.backlog() > CROWDED) return;
    this.pass(event);
    if (this.sink.backlog() > OVERRUN) this.end();
  }

  /** The client comes back, and catches up or reads everything anew. */
  private end(): void {
    this.stop();
    this.sink.drop();
  }

  private pass(event: AnyEvent): void {
    if (this.stopped) return;
    if (event.seq !== null) {
      if (event.seq <= this.seq) return;
      this.seq = event.seq;
    }
    const seen = this.view(event);
    if (!seen) return;
    if (event.seq !== null) this.told = event.seq;
    this.sink.event(seen);
  }
}
