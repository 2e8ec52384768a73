import { DfsError } from '@dfs/runtime';
import { encodeErrorFrame, FRAME_PREFIX_BYTES } from '../channel/frame.js';
import { MAX_HEADER_BYTES, MAX_PAYLOAD_BYTES, encode, type WireValue } from '@dfs/protocol';

/** The name under which the two ends of a bulk connection agree on it, in ALPN: it is part of what TLS authenticates. */
export const BULK_ALPN = 'dfs-bulk/1';

/** Kind, number of the request, and two lengths or amounts. */
export const BULK_PREFIX_BYTES = 13;
/** Kind and number: what precedes a frame, which begins with its two lengths itself. */
const BULK_HEAD_BYTES = 5;

/** Kinds of messages. From the asker: `ask`, `credit`, `cancel`; from the answerer the others. */
export const BULK_KIND = { ask: 1, credit: 2, cancel: 3, frame: 4, end: 5, lost: 6 } as const;

/** The fixed part of a message. Numbers are unsigned and big-endian. */
export interface BulkPrefix {
  readonly kind: number;
  /** Of the request: chosen by the asker, each greater than all before it on the connection. */
  readonly request: number;
  /** `ask`, `frame`: bytes of the header; `lost`: the same, or 0; otherwise 0. */
  readonly header: number;
  /** `frame`: bytes of the payload; `ask`, `credit`: bytes that may be sent in answer; otherwise 0. */
  readonly amount: number;
}

/** Reads the 13 bytes that every message begins with. @throws DfsError `bad-request` for lengths over the limits */
export function readPrefix(bytes: Uint8Array): BulkPrefix {
  const view = new DataView(bytes.buffer, bytes.byteOffset, BULK_PREFIX_BYTES);
  const prefix = {
    kind: view.getUint8(0),
    request: view.getUint32(1),
    header: view.getUint32(5),
    amount: view.getUint32(9),
  };
  const { kind, header, amount } = prefix;
  const needsHeader = kind === BULK_KIND.ask || kind === BULK_KIND.frame;
  const most = needsHeader || kind === BULK_KIND.lost ? MAX_HEADER_BYTES : 0;
  if (header > most || (needsHeader && header === 0)) throw malformed('a header of no such length');
  if (kind === BULK_KIND.frame && amount > MAX_PAYLOAD_BYTES) throw malformed('a payload that is too long');
  return prefix;
}

/** A request for an answer of which at most `credit` bytes, and the frame that passes them, may be sent. */
export function encodeAsk(request: number, protocol: string, header: WireValue, credit: number): Uint8Array {
  const encoded = encode([protocol, header]);
  if (encoded.length > MAX_HEADER_BYTES) throw new RangeError(`a header of ${encoded.length} bytes is too long`);
  return Buffer.concat([prefixOf({ kind: BULK_KIND.ask, request, header: encoded.length, amount: credit }), encoded]);
}

/** A message that has a prefix alone. */
export function encodeSign(kind: number, request: number, amount = 0): Uint8Array {
  return prefixOf({ kind, request, header: 0, amount });
}

/** The answer is over without having been whole; `error` is told to the asker, if there is one. */
export function encodeLost(request: number, error?: unknown): Uint8Array {
  const header =
    error === undefined ? new Uint8Array(0) : Buffer.concat(encodeErrorFrame(error)).subarray(FRAME_PREFIX_BYTES);
  return Buffer.concat([prefixOf({ kind: BULK_KIND.lost, request, header: header.length, amount: 0 }), header]);
}

/** A frame, as `encodeFrame` made it, as part of an answer. */
export function encodeAnswer(request: number, [head, ...payload]: readonly Uint8Array[]): Uint8Array[] {
  if (!head) throw new TypeError('a frame has a head');
  const whole = Buffer.allocUnsafe(BULK_HEAD_BYTES + head.length);
  whole.writeUInt8(BULK_KIND.frame, 0);
  whole.writeUInt32BE(request, 1);
  whole.set(head, BULK_HEAD_BYTES);
  return [whole, ...payload];
}

/** `bad-request`: what came is no message. */
export function malformed(what: string): DfsError {
  return new DfsError('bad-request', `The message is malformed: ${what}.`);
}

function prefixOf({ kind, request, header, amount }: BulkPrefix): Buffer {
  const bytes = Buffer.alloc(BULK_PREFIX_BYTES);
  bytes.writeUInt8(kind, 0);
  bytes.writeUInt32BE(request, 1);
  bytes.writeUInt32BE(header, 5);
  bytes.writeUInt32BE(amount, 9);
  return bytes;
}
