/**
 * Attributes of a record: a map of short names to plain values, signed with the record. Known names have a form of their own;
 * others are of a later release, and are kept and passed on. Written down in PROTOCOL.md, pinned by golden bytes.
 */
import { decode, encode, type WireValue } from '../codec/codec.js';
import { DfsError, KiB } from '@dfs/runtime';
import { MAX_PARENTS } from '../limits.js';
import { shape, type Shape } from '../codec/schema.js';

/** The map in its encoded form. */
export const MAX_ATTRIBUTES_BYTES = 4 * KiB;
/** The form of a name. */
const NAME = /^[a-z][a-z0-9-]{0,31}$/;
/** The form of a name within `meta`. */
export const META_NAME = /^[a-z0-9-]{1,64}$/;
/** Milliseconds before and after 1970 within which there are dates. */
export const MAX_DATE_MS = 8_640_000_000_000_000;
const RECORD_ID_BYTES = 32;
const SCAN_LIMITS = { bytes: MAX_ATTRIBUTES_BYTES, depth: 3, elements: MAX_ATTRIBUTES_BYTES };

/** Pairs of a client's own, `META_NAME` to text. */
export type Meta = Readonly<Record<string, string>>;

/** Attributes as the program has them. Names that are not listed are of a later release. */
export interface RecordAttributes {
  /** When the file was changed where it came from, in milliseconds since 1970; may be before that. */
  readonly mtime?: number;
  /** Whether the file is a program. */
  readonly executable?: boolean;
  /** MD5 of the content, 16 bytes, where a client needed one. */
  readonly md5?: Uint8Array;
  /** SHA-256 of the content, 32 bytes, where a client announced it and it was right. */
  readonly sha256?: Uint8Array;
  /** 16 random bytes: the same on all records of one act. */
  readonly act?: Uint8Array;
  readonly meta?: Meta;
  /** Ids of records that this one replaces although their clock is greater: sorted, each once. */
  readonly supersedes?: readonly string[];
  /** Of a deletion by an owner: its retention is over. */
  readonly purge?: true;
  readonly [name: string]: boolean | number | string | Uint8Array | Meta | readonly string[] | undefined;
}

/** The names that say something of the record itself, and not of its file: another record for the file leaves them out. */
const OF_THE_RECORD: ReadonlySet<string> = new Set(['act', 'supersedes', 'purge']);

const metaShape: Shape<Meta> = {
  parse: (value, at) => {
    const map = mapOf(value, at);
    for (const [name, text] of Object.entries(map)) {
      if (!META_NAME.test(name) || typeof text !== 'string') throw malformed(`${at}.${name}`);
    }
    return map as Meta;
  },
  form: sortedMap,
};

/** Ids one after another: a list would be nesting. */
const idsShape: Shape<readonly string[]> = {
  parse: (value, at) => {
    const bytes = Buffer.from(shape.bytes(RECORD_ID_BYTES, MAX_PARENTS * RECORD_ID_BYTES).parse(value, at));
    const ids: string[] = [];
    for (let from = 0; from < bytes.length; from += RECORD_ID_BYTES) {
      ids.push(bytes.subarray(from, from + RECORD_ID_BYTES).toString('hex'));
    }
    if (bytes.length % RECORD_ID_BYTES !== 0 || ids.some((id, n) => n > 0 && id <= ids[n - 1]!)) throw malformed(at);
    return ids;
  },
  form: (ids) => Buffer.from([...ids].sort().join(''), 'hex'),
};

const trueShape: Shape<true> = {
  parse: (value, at) => {
    if (value !== true) throw malformed(at);
    return true;
  },
  form: (value) => value,
};

/** An empty map, as most records have it. */
const NO_ATTRIBUTES = [0x80];

const KNOWN = {
  mtime: shape.int(-MAX_DATE_MS, MAX_DATE_MS),
  executable: shape.bool(),
  md5: shape.bytes(16),
  sha256: shape.bytes(32),
  act: shape.bytes(16),
  meta: metaShape,
  supersedes: idsShape,
  purge: trueShape,
} satisfies Record<string, Shape<never> | Shape<unknown>>;

/** The map in a record: names in the order of their bytes. */
export const attributesShape: Shape<RecordAttributes> = {
  parse: (value, at) => {
    const attributes: Record<string, RecordAttributes[string]> = {};
    for (const [name, item] of Object.entries(mapOf(value, at))) {
      if (!NAME.test(name)) throw malformed(`${at}.${name}`);
      const known = knownShape(name);
      attributes[name] = known === undefined ? plain(item, `${at}.${name}`) : known.parse(item, `${at}.${name}`);
    }
    return attributes;
  },
  form: (attributes) => {
    const form: Record<string, WireValue> = {};
    for (const [name, value] of Object.entries(attributes)) {
      if (value !== undefined) form[name] = knownShape(name)?.form(value) ?? value;
    }
    return sortedMap(form);
  },
};

/**
 * The bytes of the map: one form for the same attributes.
 * @throws DfsError `bad-request` for what no record may say, or more than `MAX_ATTRIBUTES_BYTES`
 */
export function encodeAttributes(attributes: RecordAttributes): Uint8Array {
  if (Object.keys(attributes).length === 0) return Uint8Array.from(NO_ATTRIBUTES);
  const bytes = encode(attributesShape.form(attributes) ?? null);
  if (bytes.length > 1) decodeAttributes(bytes);
  return bytes;
}

/** Whether these, right as they are, are no more than a record may have. `room`: bytes to be left over. */
export function fitsAttributes(attributes: RecordAttributes, room = 0): boolean {
  return encode(attributesShape.form(attributes) ?? null).length + room <= MAX_ATTRIBUTES_BYTES;
}

/** Inverse of `encodeAttributes`. @throws DfsError `bad-request` */
export function decodeAttributes(bytes: Uint8Array): RecordAttributes {
  return attributesShape.parse(decode(bytes, SCAN_LIMITS), 'attributes');
}

/** The attributes of another record for the same file: all but those of the record itself. Unknown names are kept. */
export function carriedAttributes(attributes: RecordAttributes): RecordAttributes {
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => !OF_THE_RECORD.has(name)));
}

function knownShape(name: string): Shape<RecordAttributes[string]> | undefined {
  return Object.hasOwn(KNOWN, name) ? KNOWN[name as keyof typeof KNOWN] : undefined;
}

function plain(value: WireValue | undefined, at: string): boolean | number | string | Uint8Array {
  const isPlain = typeof value === 'boolean' || typeof value === 'number' || typeof value === 'string';
  if (!isPlain && !(value instanceof Uint8Array)) throw malformed(at);
  return value;
}

function mapOf(value: WireValue | undefined, at: string): Record<string, WireValue | undefined> {
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
  if (!isMap) throw malformed(at);
  return value as Record<string, WireValue | undefined>;
}

/**
 * Names are ASCII: the order of their characters is that of their bytes. A Map, since an object puts `10` before `-`; the
 * codec writes it as it writes an object.
 */
function sortedMap(map: Readonly<Record<string, WireValue>>): WireValue {
  return new Map(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1))) as unknown as WireValue;
}

function malformed(at: string): DfsError {
  return new DfsError('bad-request', `The record is malformed: ${at}.`);
}
