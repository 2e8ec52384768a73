import type { TLSSocket } from 'node:tls';
import { DfsError, type Timers } from '@dfs/runtime';
import { decode, type WireValue } from '@dfs/protocol';
import type { ChannelContext } from '../channel/channel.js';
import type { ServedChannel } from '../channel/handlers.js';
import { BULK_STALL, HANDLER_IDLE_TIMEOUT, MAX_BULK_ANSWERS } from '../constants.js';
import type { GuardedConnection } from '../gatekeeper.js';
import { BulkAnswer } from './bulk-answer.js';
import { BULK_KIND, malformed, type BulkPrefix } from './bulk-message.js';
import { BulkReader, type BulkSink } from './bulk-reader.js';
import { BulkWriter } from './bulk-writer.js';

const NO_BYTES = new Uint8Array(0);

/** The parts that a connection works with. */
export interface BulkAnswererComponents {
  readonly context: ChannelContext;
  readonly timers: Timers;
  /** The terms of a protocol; undefined for one that may not be asked over bulk connections. */
  terms(protocol: string): { readonly idleMs: number; readonly limited: boolean } | undefined;
  /** Answers a request. Never throws. */
  serve(protocol: string, channel: ServedChannel): Promise<void>;
  /** The peer sent what is not allowed. */
  onOffence(): void;
  /** Told once: the connection is over. */
  onOver(): void;
}

/** The answering end of one bulk connection. */
export class BulkAnswerer implements GuardedConnection, BulkSink {
  readonly direction = 'in';
  readonly #reader = new BulkReader(this);
  readonly #writer: BulkWriter;
  readonly #answers = new Map<number, BulkAnswer>();
  /** Bytes of requests that the budget counts. */
  readonly #held = new Map<number, number>();
  #last = 0;
  #isOver = false;
  #idleSince: number;
  #heardAt: number;

  constructor(
    readonly peerId: string,
    readonly openedAt: number,
    /** Open: the peer at the other end has proven who it is. */
    private readonly socket: TLSSocket,
    private readonly components: BulkAnswererComponents,
  ) {
    this.#idleSince = this.#heardAt = components.timers.ticks();
    this.#writer = new BulkWriter(peerId, socket, components.context, {
      idleMs: HANDLER_IDLE_TIMEOUT,
      timers: components.timers,
      onStuck: () => this.cut('the peer takes nothing'),
    });
    socket.on('data', (bytes: Buffer) => this.#onData(bytes));
    socket.on('end', () => this.cut('the peer has ended it'));
    socket.on('close', () => this.cut('the connection to the peer was lost'));
  }

  /** Since when nothing is asked; undefined while something is. */
  get idleSince(): number | undefined {
    return this.#answers.size === 0 ? this.#idleSince : undefined;
  }

  /** Ends it when the peer has begun a message and does not go on with it. */
  checkStall(): void {
    if (this.#reader.isInside && this.components.timers.ticks() - this.#heardAt > BULK_STALL)
      this.cut('the peer does not go on');
  }

  cut(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const error = new DfsError('peer-unreachable', `The exchange with the peer has ended: ${reason}.`);
    this.#writer.end(error);
    setImmediate(() => this.socket.destroy());
    for (const [request, answer] of this.#answers) {
      this.#forget(request);
      answer.lose(error);
    }
    for (const request of [...this.#held.keys()]) this.#forget(request);
    this.components.onOver();
  }

  begins({ kind, request, header }: BulkPrefix): Uint8Array {
    if (kind === BULK_KIND.credit || kind === BULK_KIND.cancel) return NO_BYTES;
    if (kind !== BULK_KIND.ask) throw malformed('a message of no such kind');
    if (request <= this.#last) throw malformed('a number that was there before');
    if (this.#answers.size >= MAX_BULK_ANSWERS) throw malformed('more requests than may be made at once');
    this.#last = request;
    this.#held.set(request, header);
    if (this.components.context.receiveBudget.take(this.peerId, header)) return NO_BYTES;
    throw new DfsError('too-many-requests', 'The peer sends more at once than this node can hold.');
  }

  ends({ kind, request, amount }: BulkPrefix, header: Uint8Array): void {
    if (kind === BULK_KIND.ask) return this.#begin(request, header, amount);
    // A frame for an answer that has ended was sent before its asker knew that.
    const answer = this.#answers.get(request);
    if (kind === BULK_KIND.credit) answer?.allow(amount);
    else answer?.lose(new DfsError('aborted', 'The answer is no longer wanted.'));
  }

  broken(error: unknown): void {
    if (this.#isOver) return;
    this.cut('the peer sent what is not a message');
    if (!(error instanceof DfsError && error.code === 'too-many-requests')) this.components.onOffence();
  }

  #onData(bytes: Buffer): void {
    if (this.#isOver) return;
    this.#heardAt = this.components.timers.ticks();
    this.components.context.traffic.received(this.peerId, bytes.length);
    this.#reader.push(bytes);
  }

  #begin(request: number, bytes: Uint8Array, credit: number): void {
    const asked = decode(bytes);
    const list = Array.isArray(asked) ? (asked as readonly WireValue[]) : [];
    const [protocol, header, ...more] = list;
    if (typeof protocol !== 'string' || header === undefined || more.length > 0) throw malformed('no request');
    const terms = this.components.terms(protocol);
    const answer = new BulkAnswer(this.#writer, this.components.context, {
      ...{ peerId: this.peerId, request, header, credit },
      ...(terms ?? { idleMs: HANDLER_IDLE_TIMEOUT, limited: false }),
      timers: this.components.timers,
      onDone: () => this.#forget(request),
    });
    this.#answers.set(request, answer);
    if (terms) void this.components.serve(protocol, answer);
    else void answer.refuse(new DfsError('not-found', 'This node does not speak that protocol over bulk connections.'));
  }

  #forget(request: number): void {
    this.components.context.receiveBudget.release(this.peerId, this.#held.get(request) ?? 0);
    this.#held.delete(request);
    if (this.#answers.delete(request)) this.#idleSince = this.components.timers.ticks();
  }
}
