import msgpack from 'msgpack-lite';
import { Int64BE, Uint64BE } from 'int64-buffer';
import { bufferOf, DfsError } from '@dfs/runtime';
import { HEADER_LIMITS, scan, type ScanLimits } from './scan.js';

/** Values that travel in a header: no floats, no dates, no extension types; integers are safe ones (|n| < 2^53). */
export type WireValue =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | readonly WireValue[]
  | { readonly [key: string]: WireValue | undefined };

// `preset: false`: no extension types at all. `int64`: 64-bit integers arrive as objects and are narrowed below.
const codec = msgpack.createCodec({ preset: false, int64: true, binarraybuffer: false });
const encoder = msgpack.createCodec({ preset: false, int64: true, binarraybuffer: false, usemap: true });
const UINT32 = 2 ** 32;
const INT32_MIN = -(2 ** 31);

/**
 * msgpack of `value`, deterministic: keys in the order given, undefined ones left out, the shortest integer form.
 * @throws TypeError for what is not a WireValue: our own mistake.
 */
export function encode(value: WireValue): Uint8Array {
  return msgpack.encode(prepare(value), { codec: encoder });
}

/**
 * The value of exactly these bytes, after the pre-scan has passed.
 * @throws DfsError `bad-request`
 */
export function decode(bytes: Uint8Array, limits: ScanLimits = HEADER_LIMITS): WireValue {
  scan(bytes, limits);
  return narrow(msgpack.decode(bytes, { codec }));
}

function prepare(value: WireValue): unknown {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  if (typeof value === 'number') return prepareNumber(value);
  if (value instanceof Uint8Array) return bufferOf(value);
  if (Array.isArray(value)) return value.map((item: WireValue) => prepare(item));
  // Where the order of keys matters that an object would put in another one.
  if (value instanceof Map) return new Map([...value].map(([key, item]: [string, WireValue]) => [key, prepare(item)]));
  if (typeof value !== 'object') throw new TypeError(`not a wire value: ${typeof value}`);
  const map: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    if (item !== undefined) map[key] = prepare(item);
  }
  return map;
}

function prepareNumber(value: number): unknown {
  if (!Number.isSafeInteger(value)) throw new TypeError(`not a safe integer: ${value}`);
  if (value >= UINT32) return new Uint64BE(value);
  if (value < INT32_MIN) return new Int64BE(value);
  return value === 0 ? 0 : value;
}

/** Recursion is bounded by the depth that the scan let through. */
function narrow(value: unknown): WireValue {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  if (typeof value === 'number') return value;
  if (value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map(narrow);
  if (Uint64BE.isUint64BE(value) || Int64BE.isInt64BE(value)) return narrowInteger(value.toNumber());
  const map: Record<string, WireValue> = {};
  for (const [key, item] of Object.entries(value as object)) map[key] = narrow(item);
  return map;
}

function narrowInteger(value: number): number {
  if (!Number.isSafeInteger(value)) {
    throw new DfsError('bad-request', 'The message is malformed: an integer beyond 2^53.');
  }
  return value;
}
