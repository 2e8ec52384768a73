import { DfsError, fromWireError, toWireError } from '@dfs/runtime';
import { MAX_HEADER_BYTES, MAX_PAYLOAD_BYTES, decode, encode, type WireValue } from '@dfs/protocol';
import { INLINE_PAYLOAD_BYTES } from '../constants.js';
import type { Frame } from '../transport.js';

/** Two big-endian 32-bit lengths: of the header, of the payload. */
export const FRAME_PREFIX_BYTES = 8;
const NO_BYTES = new Uint8Array(0);
const fresh = (size: number): Uint8Array => Buffer.allocUnsafe(size);

/**
 * The one key that no header of a protocol may use: a header that is a map with it is an error frame,
 * `{ '!': { code, detail } }`, the last frame of its stream.
 */
export const ERROR_KEY = '!';

/**
 * A frame as it travels: header length, payload length, header, payload. The payload's parts are passed on, not copied
 * (unless they are small).
 * @throws TypeError for a header that is no WireValue or is reserved; RangeError for one or a payload that is too long.
 */
export function encodeFrame(header: WireValue, payload: Uint8Array | readonly Uint8Array[] = NO_BYTES): Uint8Array[] {
  if (isErrorHeader(header)) throw new TypeError(`the key ${ERROR_KEY} is reserved for error frames`);
  return assemble(header, payload instanceof Uint8Array ? [payload] : payload);
}

/** The last frame of a stream that failed. Only a DfsError says what happened; anything else is an `internal-error`. */
export function encodeErrorFrame(error: unknown): Uint8Array[] {
  const { code, detail } = toWireError(error);
  return assemble({ [ERROR_KEY]: { code, detail } }, []);
}

/** The error that a frame carries, if it is an error frame. */
export function errorOf(frame: Frame): DfsError | undefined {
  if (!isErrorHeader(frame.header)) return undefined;
  const wire: WireValue | undefined = frame.header[ERROR_KEY];
  if (isMap(wire) && typeof wire['code'] === 'string' && typeof wire['detail'] === 'string') {
    return fromWireError({ code: wire['code'], detail: wire['detail'] });
  }
  return new DfsError('peer-misbehaved', 'The peer reported an error that cannot be read.');
}

/** Frames out of bytes, however they are cut. Holds at most one frame and what was pushed. */
export class FrameReader {
  #chunks: Uint8Array[] = [];
  #available = 0;
  #lengths: { header: number; payload: number } | undefined;
  #header: WireValue | undefined;
  #headerRead = false;
  /** Where a part that spans several chunks is put together. */
  #target: Uint8Array | undefined;
  #filled = 0;

  /** @param allocate gives the memory where a payload is put together that came in pieces */
  constructor(private readonly allocate: (size: number) => Uint8Array = fresh) {}

  /** Bytes pushed and not yet part of a frame that `next` has returned. */
  get pending(): number {
    const header = this.#headerRead ? (this.#lengths?.header ?? 0) : 0;
    return this.#available + this.#filled + (this.#lengths ? FRAME_PREFIX_BYTES : 0) + header;
  }

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#available += chunk.length;
  }

  /**
   * The next whole frame, if there is one.
   * @throws DfsError `bad-request`: over the limits, or a header that does not pass the scan. Nothing can follow.
   */
  next(): Frame | undefined {
    if (!this.#lengths) {
      const prefix = this.#take(FRAME_PREFIX_BYTES);
      if (!prefix) return undefined;
      this.#lengths = readLengths(prefix);
    }
    if (!this.#headerRead) {
      const header = this.#take(this.#lengths.header);
      if (!header) return undefined;
      this.#header = decode(header);
      this.#headerRead = true;
    }
    const payload = this.#take(this.#lengths.payload, this.allocate);
    if (!payload) return undefined;
    const frame = { header: this.#header as WireValue, payload };
    this.#lengths = undefined;
    this.#header = undefined;
    this.#headerRead = false;
    return frame;
  }

  /** `length` bytes in one piece: a view where one chunk holds them all, one copy otherwise. */
  #take(length: number, allocate = fresh): Uint8Array | undefined {
    if (length === 0) return NO_BYTES;
    const first = this.#chunks[0];
    if (!first) return undefined;
    if (!this.#target && first.length >= length) {
      this.#consume(first, length);
      return first.subarray(0, length);
    }
    this.#target ??= allocate(length);
    while (this.#filled < length) {
      const chunk = this.#chunks[0];
      if (!chunk) return undefined;
      const count = Math.min(chunk.length, length - this.#filled);
      this.#target.set(count === chunk.length ? chunk : chunk.subarray(0, count), this.#filled);
      this.#filled += count;
      this.#consume(chunk, count);
    }
    const whole = this.#target;
    this.#target = undefined;
    this.#filled = 0;
    return whole;
  }

  #consume(chunk: Uint8Array, count: number): void {
    this.#available -= count;
    if (count === chunk.length) this.#chunks.shift();
    else this.#chunks[0] = chunk.subarray(count);
  }
}

function assemble(header: WireValue, parts: readonly Uint8Array[]): Uint8Array[] {
  const encoded = encode(header);
  const size = parts.reduce((sum, part) => sum + part.length, 0);
  if (encoded.length > MAX_HEADER_BYTES) throw new RangeError(`a header of ${encoded.length} bytes is too long`);
  if (size > MAX_PAYLOAD_BYTES) throw new RangeError(`a payload of ${size} bytes is too long`);
  const inline = size <= INLINE_PAYLOAD_BYTES;
  const head = Buffer.allocUnsafe(FRAME_PREFIX_BYTES + encoded.length + (inline ? size : 0));
  head.writeUInt32BE(encoded.length, 0);
  head.writeUInt32BE(size, 4);
  head.set(encoded, FRAME_PREFIX_BYTES);
  if (!inline) return [head, ...parts.filter((part) => part.length > 0)];
  let at = FRAME_PREFIX_BYTES + encoded.length;
  for (const part of parts) {
    head.set(part, at);
    at += part.length;
  }
  return [head];
}

function readLengths(prefix: Uint8Array): { header: number; payload: number } {
  const view = new DataView(prefix.buffer, prefix.byteOffset, FRAME_PREFIX_BYTES);
  const header = view.getUint32(0);
  const payload = view.getUint32(4);
  if (header === 0) throw malformed('a frame without a header');
  if (header > MAX_HEADER_BYTES) throw malformed('a header that is too long');
  if (payload > MAX_PAYLOAD_BYTES) throw malformed('a payload that is too long');
  return { header, payload };
}

function malformed(what: string): DfsError {
  return new DfsError('bad-request', `The message is malformed: ${what}.`);
}

function isErrorHeader(header: WireValue): header is { readonly [key: string]: WireValue | undefined } {
  return isMap(header) && Object.hasOwn(header, ERROR_KEY);
}

function isMap(value: WireValue | undefined): value is { readonly [key: string]: WireValue | undefined } {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}
