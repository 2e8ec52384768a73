/** The ground of a channel: one stream of bytes each way, with room that is waited for. One form per network. */
export interface ByteStream {
  /** Aborted when the stream is lost, with an Error that says how; not by an orderly end. */
  readonly signal: AbortSignal;
  /** Hands bytes over, which must not change after; resolves when there is room for more, rejects when it is lost. */
  write(bytes: Uint8Array): Promise<void>;
  /**
   * The bytes that have come, at least one; undefined when the other side has ended. Rejects when the stream is lost.
   */
  read(): Promise<readonly Uint8Array[] | undefined>;
  /** Ends this side in order, after what was written. */
  closeWrite(): Promise<void>;
  /** Tears both directions down. Idempotent, never throws. */
  abort(error: Error): void;
}

/** A stream of bytes was cut: by the peer, or with its connection. */
export class StreamLostError extends Error {
  override readonly name = 'StreamLostError';
}
