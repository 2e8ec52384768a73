import type { TLSSocket } from 'node:tls';
import { DfsError, type Timers } from '@dfs/runtime';
import { decode, type WireValue } from '@dfs/protocol';
import type { ChannelContext } from '../channel/channel.js';
import { errorOf } from '../channel/frame.js';
import { BULK_STALL, BULK_WINDOW, INLINE_PAYLOAD_BYTES, MAX_BULK_ASKS } from '../constants.js';
import type { GuardedConnection } from '../gatekeeper.js';
import type { Frame } from '../transport.js';
import { BULK_KIND, encodeAsk, encodeSign, malformed, type BulkPrefix } from './bulk-message.js';
import { BulkReader, type BulkSink } from './bulk-reader.js';
import type { DirectReads } from './bulk-tls.js';

const NO_BYTES = new Uint8Array(0);

/** The end of a request that waits for its answer. */
export interface Asking {
  /** Its bytes keep to the limits that are set. */
  readonly limited: boolean;
  readonly allocate: (size: number) => Uint8Array;
  /** Bytes of the answer have come. */
  comes(): void;
  /** A frame has come; `bytes` of it count until `taken` is told so. */
  frame(frame: Frame, bytes: number): void;
  /** Nothing more comes: the answer is whole; or the peer says why it is not. */
  over(error?: DfsError): void;
  /** Nothing more comes, for another reason. */
  lost(error: DfsError): void;
}

interface Open {
  /** Undefined once nobody waits for it any more; its number is taken until the answerer has ended it, too. */
  asking: Asking | undefined;
  /** Bytes that may come before more are allowed. */
  credit: number;
  /** Bytes taken since more were last allowed. */
  taken: number;
  /** When nobody waited any more. */
  since: number;
}

/** The parts that a connection works with. */
export interface BulkAskerComponents {
  readonly context: ChannelContext;
  readonly timers: Timers;
  /** The peer sent what is not allowed. */
  onOffence(): void;
  /** Told once: the connection is over. */
  onOver(): void;
}

/** The asking end of one bulk connection: many requests at once, whose answers come in turns, frame by frame. */
export class BulkAsker implements GuardedConnection, DirectReads, BulkSink {
  readonly direction = 'out';
  readonly #reader = new BulkReader(this);
  readonly #open = new Map<number, Open>();
  readonly #resumed = new AbortController();
  #socket: TLSSocket | undefined;
  #last = 0;
  #hasHeard = false;
  #idleSince: number;
  #heardAt: number;
  #over: DfsError | undefined;
  /** Bytes that the budget counts for the frame under way. */
  #held = 0;
  /** Pieces that wait for their turn within the limit of what this node receives. */
  #waits = 0;

  constructor(
    readonly peerId: string,
    readonly openedAt: number,
    private readonly components: BulkAskerComponents,
  ) {
    this.#idleSince = this.#heardAt = components.timers.ticks();
  }

  /** To be called once, with an open socket: the peer at the other end has proven who it is. */
  attach(socket: TLSSocket): void {
    this.#socket = socket;
    socket.on('close', () => this.cut('the connection to the peer was lost'));
  }

  /** Whether anything has ever come over it: one that the peer has not let in ends without that. */
  get hasHeard(): boolean {
    return this.#hasHeard;
  }

  get isOver(): boolean {
    return this.#over !== undefined;
  }

  /** Whether one more request may be made. */
  get hasRoom(): boolean {
    return !this.isOver && this.#open.size < MAX_BULK_ASKS && this.#last < 0xffff_ffff;
  }

  /** Since when nobody waits for anything; undefined while somebody does. */
  get idleSince(): number | undefined {
    return this.#open.size === 0 ? this.#idleSince : undefined;
  }

  /** Ends it when the peer has begun something and does not go on with it. */
  checkStall(): void {
    const now = this.components.timers.ticks();
    const isStuck = this.#reader.isInside && now - this.#heardAt > BULK_STALL;
    const owed = [...this.#open.values()].some(({ asking, since }) => !asking && now - since > BULK_STALL);
    if (isStuck || owed) this.cut('the peer does not go on');
  }

  /** @returns the number of the request @throws DfsError `peer-unreachable` */
  ask(protocol: string, header: WireValue, asking: Asking): number {
    if (this.#over) throw this.#over;
    const request = ++this.#last;
    this.#write(encodeAsk(request, protocol, header, BULK_WINDOW));
    this.#open.set(request, { asking, credit: BULK_WINDOW, taken: 0, since: 0 });
    return request;
  }

  /** So many bytes of an answer are taken: as many more may come. */
  taken(request: number, bytes: number): void {
    this.components.context.receiveBudget.release(this.peerId, bytes);
    const open = this.#open.get(request);
    if (!open?.asking) return;
    open.taken += bytes;
    if (open.taken < BULK_WINDOW / 2) return;
    open.credit += open.taken;
    this.#write(encodeSign(BULK_KIND.credit, request, open.taken));
    open.taken = 0;
  }

  /** Nobody waits for the answer any more. */
  cancel(request: number): void {
    const open = this.#open.get(request);
    if (!open?.asking) return;
    open.asking = undefined;
    open.since = this.components.timers.ticks();
    this.#write(encodeSign(BULK_KIND.cancel, request));
  }

  cut(reason: string): void {
    if (this.#over) return;
    this.#over = new DfsError('peer-unreachable', `The exchange with the peer has ended: ${reason}.`);
    this.#resumed.abort();
    // Not at once: this may be told from within OpenSSL, which is still at work on the connection then.
    const socket = this.#socket;
    setImmediate(() => socket?.destroy());
    const all = [...this.#open.values()];
    this.#open.clear();
    this.#letGo();
    for (const { asking } of all) asking?.lost(this.#over);
    this.components.onOver();
  }

  room(): Uint8Array {
    return this.#reader.room();
  }

  filled(bytes: number): boolean {
    if (this.#over) return false;
    const { traffic, paces } = this.components.context;
    this.#heardAt = this.components.timers.ticks();
    this.#hasHeard = true;
    traffic.received(this.peerId, bytes);
    const { prefix } = this.#reader;
    const asking = prefix && this.#open.get(prefix.request)?.asking;
    this.#reader.filled(bytes);
    asking?.comes();
    if (prefix && asking?.limited && paces.receive.rate !== undefined) this.#pace(bytes, prefix.amount);
    return this.#waits === 0;
  }

  /** Bytes that are here already wait all the same: as long as any do, nothing more is read. */
  #pace(bytes: number, payload: number): void {
    const { receive } = this.components.context.paces;
    if (payload <= INLINE_PAYLOAD_BYTES) return receive.count(bytes);
    const wait = receive.take(bytes, this.#resumed.signal);
    if (!wait) return;
    this.#waits++;
    wait.then(
      () => {
        if (--this.#waits === 0) this.#socket?.resume();
      },
      () => {},
    );
  }

  begins({ kind, request, header, amount }: BulkPrefix): Uint8Array | undefined {
    const open = this.#open.get(request);
    if (!open) throw malformed('an answer to what was not asked');
    const isFrame = kind === BULK_KIND.frame;
    if (!isFrame && kind !== BULK_KIND.end && kind !== BULK_KIND.lost) throw malformed('a message of no such kind');
    if (isFrame && open.credit <= 0) throw malformed('more than was allowed');
    if (isFrame) open.credit -= header + amount;
    if (!open.asking) return undefined;
    const { asking } = open;
    this.#held = isFrame ? header + amount : header;
    if (this.components.context.receiveBudget.take(this.peerId, this.#held)) {
      return isFrame && amount > 0 ? asking.allocate(amount) : NO_BYTES;
    }
    this.#letGo();
    this.cancel(request);
    asking.lost(new DfsError('too-many-requests', 'The peer sends more at once than this node can hold.'));
    return undefined;
  }

  ends({ kind, request }: BulkPrefix, header: Uint8Array, payload: Uint8Array | undefined): void {
    const bytes = this.#held;
    const asking = payload && this.#open.get(request)?.asking;
    if (kind === BULK_KIND.frame && asking) {
      const frame = { header: decode(header), payload };
      if (errorOf(frame)) throw malformed('an error in the place of a frame');
      this.#held = 0;
      return asking.frame(frame, bytes);
    }
    this.#letGo();
    if (kind === BULK_KIND.frame) return;
    this.#end(request);
    if (kind === BULK_KIND.end) return asking?.over();
    const error = header.length > 0 ? errorOf({ header: decode(header), payload: NO_BYTES }) : undefined;
    if (error) asking?.over(error);
    else asking?.lost(new DfsError('peer-unreachable', 'The peer has given up its answer.'));
  }

  broken(): void {
    if (this.#over) return;
    this.cut('the peer sent what is not a message');
    this.components.onOffence();
  }

  /** The frame under way is nobody's any more. */
  #letGo(): void {
    this.components.context.receiveBudget.release(this.peerId, this.#held);
    this.#held = 0;
  }

  #end(request: number): void {
    this.#open.delete(request);
    this.#idleSince = this.components.timers.ticks();
  }

  #write(bytes: Uint8Array): void {
    if (this.#over) return;
    this.components.context.traffic.sent(this.peerId, bytes.length);
    this.#socket?.write(bytes);
  }
}
