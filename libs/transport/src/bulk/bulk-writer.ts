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
    const slices = pieces.flatMap((piece) => slicesOf(piece, step));
    for (const [index, slice] of slices.entries()) {
      if (isPaced) await pace.take(slice.length, this.#ended.signal);
      this.#ended.signal.throwIfAborted();
      // What is small goes with the next one, and is not waited for.
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

function slicesOf(piece: Uint8Array, step: number): Uint8Array[] {
  if (piece.length <= step) return [piece];
  const slices: Uint8Array[] = [];
  for (let at = 0; at < piece.length; at += step) slices.push(piece.subarray(at, at + step));
  return slices;
}
