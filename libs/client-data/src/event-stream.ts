import { HttpClient, HttpContext } from '@angular/common/http';
import { inject, signal } from '@angular/core';
import {
  EVENTS_NAMESPACE,
  routes,
  type AnyEvent,
  type EventHandshake,
  type EventType,
  type ServerToClientEvents,
  type TransferInfo,
} from '@dfs/contracts';
import { Subject, filter, firstValueFrom, map, merge } from 'rxjs';
import type { Observable } from 'rxjs';
import { io } from 'socket.io-client';
import { atBase } from './base-path.js';
import { isKnownEvent } from './known-events.js';
import { IDEMPOTENT } from './api.interceptor.js';
import { ApiProblem, toApiProblem } from './problem.js';
import { RETRY, retryPolicy } from './retry-policy.js';

/** `offline` includes the time in which it is tried again. */
export type ConnectionState = 'connecting' | 'live' | 'offline' | 'signed-out';

/** The little of a Socket.IO socket that the stream needs. */
export interface EventSocket {
  on<E extends keyof ServerToClientEvents>(event: E, listener: ServerToClientEvents[E]): unknown;
  on(event: 'disconnect', listener: (reason: string) => void): unknown;
  on(event: 'connect_error', listener: (error: Error) => void): unknown;
  disconnect(): unknown;
}

/** The parts that the stream is built on. */
export interface EventStreamComponents {
  /** Opens a connection that does not reconnect by itself. */
  open(handshake: EventHandshake): EventSocket;
  /** Why a connection failed: whether the node is there, and knows this browser. */
  probe(): Promise<'signed-in' | 'signed-out' | 'unreachable'>;
}

/** Times of the stream, in milliseconds. */
export interface EventStreamOptions {
  /** A node that accepts the connection and then says nothing for this long is given up. */
  readyTimeoutMs?: number;
  random?: () => number;
}

interface Position {
  stream: string;
  seq: number;
}

/**
 * The live events of the node, and the one owner of reconnection. Guarantees: numbered events arrive in order and once;
 * after a reconnect what was missed comes before `live` fires; when it cannot be had, `resync` fires and everything must
 * be read anew. Volatile events (progress, status) may be missed: what shows them is read anew on `live`, or on `back` when it was read
 * a moment before the stream was there.
 */
export class EventStream {
  readonly #components: EventStreamComponents;
  readonly #options: Required<EventStreamOptions>;
  readonly #state = signal<ConnectionState>('connecting');
  readonly #retryAt = signal<number | null>(null);
  readonly #all = new Subject<AnyEvent>();
  readonly #live = new Subject<void>();
  readonly #back = new Subject<void>();
  readonly #resync = new Subject<void>();
  #position: Position | null = null;
  #socket: EventSocket | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  #attempt = 0;
  #wanted = false;

  readonly state = this.#state.asReadonly();
  /** When the next try is due (milliseconds since 1970); null while one is running or none is needed. */
  readonly retryAt = this.#retryAt.asReadonly();
  /** Every event, as it arrives. */
  readonly all: Observable<AnyEvent> = this.#all.asObservable();
  /** Connected and caught up, each time anew. */
  readonly live: Observable<void> = this.#live.asObservable();
  /** Live once more after a time without the node: of what is told and not kept, some was missed. */
  readonly back: Observable<void> = this.#back.asObservable();
  /** Transfers, as often as the node tells of them: those that are under way, and each that has ended. */
  readonly transfers: Observable<readonly TransferInfo[]> = merge(
    this.on('transfer.progress').pipe(map(({ data }) => data.transfers)),
    this.on('transfer.finished', 'transfer.failed').pipe(map(({ data }) => [data.transfer])),
  );
  /** Events were lost for good: read everything anew. */
  readonly resync: Observable<void> = this.#resync.asObservable();

  constructor(components: EventStreamComponents, options: EventStreamOptions = {}) {
    this.#components = components;
    this.#options = { readyTimeoutMs: 10_000, random: Math.random, ...options };
  }

  /** The newest numbered event this browser has seen. */
  get lastSeq(): number | null {
    return this.#position?.seq ?? null;
  }

  /** Events of one type. */
  on<T extends EventType>(...types: readonly T[]): Observable<AnyEvent & { type: T }> {
    return this.#all.pipe(
      filter((event): event is AnyEvent & { type: T } => types.some((type) => type === event.type)),
    );
  }

  /** Connects, and stays connected until `stop`. */
  start(): void {
    if (this.#wanted) return;
    this.#wanted = true;
    this.#state.set('connecting');
    this.#connect();
  }

  /** Lets go of the connection. Where the stream stood is kept: a later `start` goes on from there. */
  stop(): void {
    this.#wanted = false;
    this.#failures = 0;
    this.#clear();
    this.#state.set('signed-out');
  }

  /** A person does not want to wait for the next try. */
  retryNow(): void {
    if (this.#wanted && this.#retryAt() !== null) this.#connect();
  }

  #connect(): void {
    this.#clear();
    const socket = this.#components.open({
      ...(this.#position && { stream: this.#position.stream, after: this.#position.seq }),
    });
    this.#socket = socket;
    const mine = () => this.#socket === socket;
    this.#timer = setTimeout(() => mine() && void this.#lost(), this.#options.readyTimeoutMs);
    socket.on('event', (event) => mine() && this.#accept(event));
    socket.on('ready', (position) => mine() && this.#caughtUp(position));
    socket.on('resync', (position) => {
      if (!mine()) return;
      this.#position = { stream: position.stream, seq: position.seq };
      this.#resync.next();
      this.#caughtUp(position);
    });
    socket.on('disconnect', () => mine() && void this.#lost());
    socket.on('connect_error', () => mine() && void this.#lost());
  }

  #accept(event: AnyEvent): void {
    if (event.seq !== null) {
      const last = this.#position;
      if (last !== null && last.stream === event.stream && event.seq <= last.seq) return;
      this.#position = { stream: event.stream, seq: event.seq };
    }
    if (isKnownEvent(event)) this.#all.next(event);
  }

  #caughtUp(position: Position): void {
    if (this.#position === null || this.#position.stream !== position.stream || this.#position.seq < position.seq) {
      this.#position = { stream: position.stream, seq: position.seq };
    }
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#failures = 0;
    const before = this.#state();
    this.#state.set('live');
    if (before !== 'live') this.#live.next();
    if (before === 'offline') this.#back.next();
  }

  async #lost(): Promise<void> {
    this.#clear();
    if (this.#state() === 'live') this.#state.set('offline');
    const attempt = this.#attempt;
    const found = await this.#components.probe();
    if (attempt !== this.#attempt) return; // stopped meanwhile
    if (found === 'signed-out') return this.stop();
    this.#failures += 1;
    const unreachable = new ApiProblem({ code: 'unreachable' });
    const delay =
      retryPolicy(this.#failures, unreachable, { attempts: Infinity, random: this.#options.random }) ??
      RETRY.maxDelayMs;
    this.#state.set('offline');
    this.#retryAt.set(Date.now() + delay);
    this.#timer = setTimeout(() => this.#connect(), delay);
  }

  /** Ends whatever is under way: connection, timer, question. */
  #clear(): void {
    this.#attempt += 1;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#retryAt.set(null);
    const socket = this.#socket;
    this.#socket = null;
    socket?.disconnect();
  }
}

/** The stream of the node this page came from; the session cookie travels by itself. Within an injection context. */
export function openEventStream(): EventStream {
  const http = inject(HttpClient);
  const stream = new EventStream({
    // WebSocket only: a browser sends no Origin with the same-origin GETs of polling, and the node insists on one.
    open: (auth) =>
      io(EVENTS_NAMESPACE, {
        auth,
        path: atBase('/socket.io/'),
        transports: ['websocket'],
        reconnection: false,
        forceNew: true,
      }),
    probe: () =>
      firstValueFrom(http.get(routes.node, { context: new HttpContext().set(IDEMPOTENT, false) })).then(
        () => 'signed-in',
        (error: unknown) => (toApiProblem(error).code === 'unauthorized' ? 'signed-out' : 'unreachable'),
      ),
  });
  globalThis.addEventListener?.('online', () => stream.retryNow());
  return stream;
}
