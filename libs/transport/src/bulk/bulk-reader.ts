import { BULK_KIND, BULK_PREFIX_BYTES, readPrefix, type BulkPrefix } from './bulk-message.js';

/** Bytes that are thrown away go here, so many at a time. */
const SCRAP_BYTES = 64 * 1024;

/** The one who makes something of the messages. Throwing ends the reading for good. */
export interface BulkSink {
  /**
   * A message begins. Answers where its payload goes, if it has one: exactly as long as that; undefined to throw it away.
   */
  begins(prefix: BulkPrefix): Uint8Array | undefined;
  /** It is whole. */
  ends(prefix: BulkPrefix, header: Uint8Array, payload: Uint8Array | undefined): void;
  /** Nothing more is read: what came is not allowed. Told once. */
  broken(error: unknown): void;
}

/**
 * Messages out of bytes, read straight to where they belong: whoever has bytes puts them into `room()` and says how many.
 * Holds one header and the payload that the sink gave.
 */
export class BulkReader {
  readonly #prefixBytes = new Uint8Array(BULK_PREFIX_BYTES);
  readonly #scrap = new Uint8Array(SCRAP_BYTES);
  #prefix: BulkPrefix | undefined;
  #header: Uint8Array | undefined;
  #payload: Uint8Array | undefined;
  /** The part that is being read; undefined where its bytes are thrown away. */
  #target: Uint8Array | undefined = this.#prefixBytes;
  /** Bytes of that part that are still to come, and have come. */
  #left = BULK_PREFIX_BYTES;
  #filled = 0;
  #broken = false;

  constructor(private readonly sink: BulkSink) {}

  /** In the middle of a message. */
  get isInside(): boolean {
    return this.#prefix !== undefined || this.#filled > 0;
  }

  /** Of the message that is being read, once it has come. */
  get prefix(): BulkPrefix | undefined {
    return this.#prefix;
  }

  /** Where the next bytes go; at least one fits. */
  room(): Uint8Array {
    if (this.#broken || !this.#target) return this.#scrap.subarray(0, Math.min(SCRAP_BYTES, this.#left));
    return this.#filled === 0 ? this.#target : this.#target.subarray(this.#filled);
  }

  /** So many bytes are in the room that was given last. */
  filled(bytes: number): void {
    if (this.#broken) return;
    this.#filled += bytes;
    this.#left -= bytes;
    if (this.#left > 0) return;
    try {
      this.#next();
    } catch (error) {
      this.#broken = true;
      this.#left = SCRAP_BYTES;
      this.sink.broken(error);
    }
  }

  /** The same for bytes that are somewhere else. */
  push(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length && !this.#broken;) {
      const room = this.room();
      const count = Math.min(room.length, bytes.length - at);
      room.set(bytes.subarray(at, at + count));
      at += count;
      this.filled(count);
    }
  }

  #next(): void {
    if (!this.#prefix) {
      this.#prefix = readPrefix(this.#prefixBytes);
      this.#payload = this.sink.begins(this.#prefix);
      this.#header = new Uint8Array(this.#prefix.header);
      if (this.#header.length > 0) return this.#read(this.#header, this.#header.length);
    }
    const { kind, amount } = this.#prefix;
    const isPayloadNext = kind === BULK_KIND.frame && amount > 0 && this.#target === this.#header;
    if (isPayloadNext) return this.#read(this.#payload, amount);
    const [prefix, header, payload] = [this.#prefix, this.#header ?? new Uint8Array(0), this.#payload];
    this.#prefix = undefined;
    this.#header = undefined;
    this.#payload = undefined;
    this.#read(this.#prefixBytes, BULK_PREFIX_BYTES);
    this.sink.ends(prefix, header, payload);
  }

  #read(target: Uint8Array | undefined, length: number): void {
    this.#target = target;
    this.#left = length;
    this.#filled = 0;
  }
}
