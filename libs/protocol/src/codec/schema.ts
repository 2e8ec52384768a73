import { DfsError } from '@dfs/runtime';
import { cidFromBytes, cidToBytes, type Cid } from '../ids/cid.js';
import { decode, encode, type WireValue } from './codec.js';
import { toHex } from '../ids/hex.js';
import { peerIdFromBytes, peerIdToBytes } from '../ids/keys.js';
import type { ScanLimits } from './scan.js';

/**
 * One declaration from which a message's type, encoder and decoder follow. `parse` trusts nothing and names the field
 * at fault; `form` is its inverse.
 */
export interface Shape<T> {
  parse(value: WireValue | undefined, at: string): T;
  form(value: T): WireValue | undefined;
}
/** The type of the values that a shape lets pass. */
export type Infer<S> = S extends Shape<infer T> ? T : never;

/**
 * The building blocks of messages. A shape checks a decoded value, bounds included, and gives it a type; it throws
 * for all others.
 */
export const shape = {
  bool: (): Shape<boolean> => check((value) => typeof value === 'boolean', 'true or false'),
  /** An integer in [min, max]. */
  int: (min = 0, max: number = Number.MAX_SAFE_INTEGER): Shape<number> =>
    check((value) => typeof value === 'number' && value >= min && value <= max, `an integer in ${min}…${max}`),
  /** Text of at most `max` UTF-16 units. */
  text: (max: number): Shape<string> =>
    check((value) => typeof value === 'string' && value.length <= max, `text of at most ${max} characters`),
  oneOf: <const V extends string>(...values: V[]): Shape<V> =>
    check((value) => values.includes(value as V), `one of ${values.join(', ')}`),
  /** Bytes: exactly `min` when `max` is left out. */
  bytes: (min: number, max: number = min): Shape<Uint8Array> =>
    check(
      (value) => value instanceof Uint8Array && value.length >= min && value.length <= max,
      `${min === max ? min : `${min} to ${max}`} bytes`,
    ),
  /** A CID: binary on the wire, text in the program. */
  cid: (): Shape<Cid> => ({
    parse: (value, at) => {
      if (!(value instanceof Uint8Array)) throw wrong(at, 'a content id');
      return cidFromBytes(value);
    },
    form: cidToBytes,
  }),
  /** A peer id: its multihash on the wire, text in the program. */
  peerId: (): Shape<string> => ({
    parse: (value, at) => {
      if (!(value instanceof Uint8Array)) throw wrong(at, 'a peer id');
      return peerIdFromBytes(value);
    },
    form: peerIdToBytes,
  }),
  /** A digest or random id of `length` bytes: binary on the wire, hex digits in the program. */
  hex: (length: number): Shape<string> => ({
    parse: (value, at) => toHex(shape.bytes(length).parse(value, at)),
    form: (value) => Buffer.from(value, 'hex'),
  }),
  list: <T>(of: Shape<T>, max: number): Shape<T[]> => ({
    parse: (value, at) => {
      if (!Array.isArray(value) || value.length > max) throw wrong(at, `a list of at most ${max}`);
      return value.map((item: WireValue, index) => of.parse(item, `${at}[${index}]`));
    },
    form: (list) => list.map((item) => of.form(item) as WireValue),
  }),
  /** Absent or null on the wire, `null` in the program. */
  nullable: <T>(of: Shape<T>): Shape<T | null> => ({
    parse: (value, at) => (value === null || value === undefined ? null : of.parse(value, at)),
    form: (value) => (value === null ? null : of.form(value)),
  }),
  /** A map with these keys. Unknown keys are ignored, so that a newer peer may say more. */
  struct: <F extends Record<string, Shape<unknown>>>(fields: F): Shape<{ [K in keyof F]: Infer<F[K]> }> => {
    const entries = Object.entries(fields);
    const namesAt = namesOf(entries);
    return {
      parse: (value, at) => {
        if (!isMap(value)) throw wrong(at, 'a map');
        const names = namesAt(at);
        const out: Record<string, unknown> = {};
        for (let index = 0; index < entries.length; index++) {
          const [key, of] = entries[index]!;
          out[key] = of.parse(Object.hasOwn(value, key) ? value[key] : undefined, names[index]!);
        }
        return out as { [K in keyof F]: Infer<F[K]> };
      },
      form: (value) => {
        const out: Record<string, WireValue | undefined> = {};
        for (const [key, of] of entries) out[key] = of.form(value[key]);
        return out;
      },
    };
  },
  /** An array with just these elements, in this order: for what is signed or hashed. */
  tuple: <F extends Record<string, Shape<unknown>>>(fields: F): Shape<{ [K in keyof F]: Infer<F[K]> }> => {
    const entries = Object.entries(fields);
    const namesAt = namesOf(entries);
    return {
      parse: (value, at) => {
        if (!Array.isArray(value) || value.length !== entries.length) throw wrong(at, `${entries.length} elements`);
        const names = namesAt(at);
        const out: Record<string, unknown> = {};
        for (let index = 0; index < entries.length; index++) {
          const [key, of] = entries[index]!;
          out[key] = of.parse(value[index] as WireValue, names[index]!);
        }
        return out as { [K in keyof F]: Infer<F[K]> };
      },
      form: (value) => entries.map(([key, of]) => of.form(value[key] as never) ?? null),
    };
  },
  /** Any value that the codec lets through. */
  any: (): Shape<WireValue> => ({ parse: (value) => value ?? null, form: (value) => value }),
};

/** A field of a struct that is left out while it equals `empty`: most heartbeats are a few dozen bytes. */
export function unless<T>(empty: T, of: Shape<T>): Shape<T> {
  const isEmpty = (value: T) => value === empty || (Array.isArray(value) && value.length === 0);
  return {
    parse: (value, at) => (value === undefined ? empty : of.parse(value, at)),
    form: (value) => (isEmpty(value) ? undefined : of.form(value)),
  };
}

/** msgpack of a message. */
export function encodeAs<T>(of: Shape<T>, value: T): Uint8Array {
  return encode(of.form(value) ?? null);
}

/** @throws DfsError `bad-request` naming the field at fault. */
export function decodeAs<T>(of: Shape<T>, bytes: Uint8Array, limits?: ScanLimits): T {
  return of.parse(decode(bytes, limits), 'message');
}

function check<T extends WireValue>(test: (value: WireValue | undefined) => boolean, what: string): Shape<T> {
  return {
    parse: (value, at) => {
      if (!test(value)) throw wrong(at, what);
      return value as T;
    },
    form: (value) => value,
  };
}

/** How the fields are named in an error, by where their message stands: mostly where the one before it stood. */
function namesOf(entries: readonly (readonly [string, unknown])[]): (at: string) => readonly string[] {
  let last: string | undefined;
  let names: readonly string[] = [];
  return (at) => {
    if (at !== last) [last, names] = [at, entries.map(([key]) => `${at}.${key}`)];
    return names;
  };
}

function isMap(value: WireValue | undefined): value is { readonly [key: string]: WireValue | undefined } {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

function wrong(at: string, what: string): DfsError {
  return new DfsError('bad-request', `The message is malformed: ${at} is not ${what}.`);
}
