import type { TLSSocket } from 'node:tls';
import { DfsError, type Timers } from '@dfs/runtime';
import type { ChannelContext } from '../channel/channel.js';
import { COPY_SLICE_BYTES, INLINE_PAYLOAD_BYTES, SEND_SLICE_BYTES } from '../constants.js';

/** How long a peer may take nothing, and what is done then. */
export interface BulkWriterOptions {
  readonly idleMs: number;
  readonly timers: Timers;
  onStuck(): void;
}

/** Sends messages over one socket, each whole, one after the other. */
export class BulkWriter {
  readonly #ended = new AbortController();
  #turn: Promise<void> = Promise.resolve();

  constructor(
    private readonly peerId: string,
    private readonly socket: TLSSocket,
    private readonly context: ChannelContext,
    private readonly options: BulkWriterOptions,
  ) {}

  /**
   * Resolves when the socket has taken all of it: memory that it was in may be used anew then. Shared memory is not copied.
   * @param limited it keeps to the limits that are set
   * @throws DfsError why nothing more is sent
   */
  send(pieces: readonly Uint8Array[], limited = false): Promise<void> {
    const sent = this.#turn.then(() => this.#write(pieces, limited));
    this.#turn = sent.catch(() => {});
    return sent;
  }

  /** Nothing more is sent, for this reason. */
  end(error: DfsError): void {
    this.#ended.abort(error);
  }

  async #write(pieces: readonly Uint8Array[], limited: boolean): Promise<void> {
    const size = pieces.reduce((sum, { length }) => sum + length, 0);
    const pace = limited && this.context.paces.send.rate !== undefined ? this.context.paces.send : undefined;
    const isPaced = pace !== undefined && size > INLINE_PAYLOAD_BYTES;
    if (!isPaced) pace?.count(size);
    const step = isPaced ? pace.turn : SEND_SLICE_BYTES;
    const slices = [...slicesOf(pieces, step)];
    for (const [index, slice] of slices.entries()) {
      if (isPaced) await pace.take(slice.length, this.#ended.signal);
      this.#ended.signal.throwIfAborted();
      // A small slice goes with the next one, and is not waited for.
      const isAlone = index === slices.length - 1 || slice.length > COPY_SLICE_BYTES;
      if (isAlone) await this.#flushed(slice);
      else this.socket.write(slice);
      this.context.traffic.sent(this.peerId, slice.length);
    }
  }

  /** Settles when the socket needs the memory no more: at the end of a connection, too, not before that. */
  #flushed(slice: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      const callOff = this.options.timers.after(this.options.idleMs, () => this.options.onStuck());
      this.socket.write(slice, (cause) => {
        callOff();
        if (!cause) return resolve();
        const lost = new DfsError('peer-unreachable', 'The connection to the peer was lost.', { cause });
        reject((this.#ended.signal.reason as Error | undefined) ?? lost);
      });
    });
  }
}

/** The same bytes in pieces of at most `step`: large ones as they are, in parts, and many small ones put together. */
function* slicesOf(pieces: readonly Uint8Array[], step: number): Generator<Uint8Array> {
  let small: Uint8Array[] = [];
  let gathered = 0;
  for (const piece of pieces) {
    if (gathered > 0 && (piece.length > COPY_SLICE_BYTES || gathered + piece.length > step)) {
      yield joined(small);
      small = [];
      gathered = 0;
    }
    if (piece.length > Math.min(step, COPY_SLICE_BYTES)) {
      for (let at = 0; at < piece.length; at += step) yield piece.subarray(at, at + step);
    } else {
      small.push(piece);
      gathered += piece.length;
    }
  }
  if (gathered > 0) yield joined(small);
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  return pieces.length === 1 ? (pieces[0] as Uint8Array) : Buffer.concat(pieces);
}
