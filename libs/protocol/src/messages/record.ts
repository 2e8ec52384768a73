/**
 * A record: one signed, immutable entry of the catalogue, a version of a path or its deletion. Format version 1 is
 * final: other people's records cannot be signed anew. Written down in PROTOCOL.md, pinned by golden bytes.
 */
import { attributesShape, encodeAttributes, type RecordAttributes } from './attributes.js';
import { cidCodec, EMPTY_CONTENT, MANIFEST_CODEC, sha256Hex, type Cid } from '../ids/cid.js';
import { decode, encode, type WireValue } from '../codec/codec.js';
import { toHex } from '../ids/hex.js';
import { scan } from '../codec/scan.js';
import { DfsError, KiB } from '@dfs/runtime';
import { verifySignatureAsync, type Signer } from '../ids/keys.js';
import { peerBytes, peerText } from '../ids/known-peers.js';
import { CHUNK_MAX_BYTES, MAX_MEDIA_TYPE_LENGTH, MAX_PARENTS, MAX_PATH_BYTES } from '../limits.js';
import { isNormalPath } from '../ids/paths.js';
import { shape, type Shape } from '../codec/schema.js';

/** First field of a record. Records of other versions are stored and passed on, and not applied. */
export const RECORD_VERSION = 1;
/** Body of a record of any version. Version 1 needs at most 9 KiB. */
export const MAX_RECORD_BYTES = 16 * KiB;
/** SHA-256 of the encoded bytes. */
export const RECORD_ID_BYTES = 32;
/** Ed25519, over the encoded bytes. */
export const RECORD_SIGNATURE_BYTES = 64;
/** Stands before the body in what is signed, so that no other signed thing of this key can pass for a record. */
const SIGNED_PREFIX = Buffer.from('dfs-record:');
const SCAN_LIMITS = { bytes: MAX_RECORD_BYTES, depth: 8, elements: 4096 };
const SHORTEST = { ...SCAN_LIMITS, isShortest: true };
const MAX_COUNTER = 2 ** 32 - 1;
/** A signature takes 0.04 ms: so many are made sooner than they are handed over. */
const FEW_SIGNATURES = 16;
/** On the thread pool at once; more would keep files and the database waiting behind them. */
const SIGNATURES_AT_ONCE = 4;

/** As numbers on the wire; other numbers are kinds of a later release. */
const KINDS = { file: 1, deletion: 2, folder: 3 } as const;
/** Kinds of records that this version applies. */
export type RecordKind = keyof typeof KINDS;

/** Hybrid logical clock: milliseconds since 1970 and a counter among equal ones. */
export interface RecordClock {
  ms: number;
  counter: number;
}

/** The first five elements of a record of every version, whatever follows them. */
export interface RecordEnvelope {
  version: number;
  /** Network id, 64 hex digits. */
  network: string;
  /** Peer id. */
  author: string;
  clock: RecordClock;
  /** The author's previous record; null for its first. */
  prev: string | null;
}

/** A record of version 1. Ids are hex in memory. */
export interface RecordFields extends RecordEnvelope {
  kind: RecordKind;
  path: string;
  /** Null for a deletion and for a folder. */
  content: Cid | null;
  /** Bytes; 0 without content. */
  size: number;
  /** Empty without content. */
  mediaType: string;
  /** The records this one replaces: sorted, each once. */
  parents: string[];
  /** The path it was moved from; the path itself when an earlier version of it was brought back. */
  from: string | null;
  /** Brought along by a node that joined with files. */
  imported: boolean;
  /** The author's wall clock, milliseconds since 1970: shown, never used to order. */
  time: number;
  attributes: RecordAttributes;
}

/** A record as it travels and is stored: the bytes are kept as received. */
export interface SignedRecord {
  body: Uint8Array;
  signature: Uint8Array;
}

/** A record as far as this version understands it. Neither signature nor membership has been checked. */
export interface ParsedRecord {
  id: string;
  envelope: RecordEnvelope;
  /** Null for a version or kind of a later release: stored and passed on, not applied. */
  fields: RecordFields | null;
}

const hex = (bytes: number): Shape<string> => {
  const raw = shape.bytes(bytes);
  return {
    parse: (value, at) => toHex(raw.parse(value, at)),
    form: (value) => Buffer.from(value, 'hex'),
  };
};

const peer: Shape<string> = {
  parse: (value, at) => peerText(shape.bytes(2, 64).parse(value, at)),
  form: peerBytes,
};

const clock: Shape<RecordClock> = shape.tuple({ ms: shape.int(), counter: shape.int(0, MAX_COUNTER) });

const kind: Shape<RecordKind> = {
  parse: (value, at) => {
    const known = kindOf(value);
    if (known === undefined) throw new DfsError('bad-request', `The record is malformed: ${at} is not known.`);
    return known;
  },
  form: (value) => KINDS[value],
};

const envelopeFields = {
  version: shape.int(1, 2 ** 16),
  network: hex(32),
  author: peer,
  clock,
  prev: shape.nullable(hex(RECORD_ID_BYTES)),
};
const envelopeShape = shape.tuple(envelopeFields);
const ENVELOPE_LENGTH = Object.keys(envelopeFields).length;
const AUTHOR = Object.keys(envelopeFields).indexOf('author');

const contentFields = {
  kind,
  path: shape.text(MAX_PATH_BYTES),
  content: shape.nullable(shape.cid()),
  size: shape.int(),
  mediaType: shape.text(MAX_MEDIA_TYPE_LENGTH),
  parents: shape.list(hex(RECORD_ID_BYTES), MAX_PARENTS),
  from: shape.nullable(shape.text(MAX_PATH_BYTES)),
  imported: shape.bool(),
  time: shape.int(),
  attributes: attributesShape,
};
/** All that follows on the envelope, which has been read by then. */
const contentShape = shape.tuple(contentFields);
const recordShape: Shape<RecordFields> = shape.tuple({ ...envelopeFields, ...contentFields });

/** Body bytes. Parents are sorted here. @throws DfsError `bad-request` for what no record may say. */
export function encodeRecord(fields: RecordFields): Uint8Array {
  const sorted = { ...fields, parents: [...fields.parents].sort() };
  checkFields(sorted);
  return encode(recordShape.form(sorted) ?? null);
}

/**
 * Reads what `encodeRecord` wrote, here or elsewhere. Checks the form and what a record says of itself; not its
 * signature, nor whether its author may write.
 * @param id its id, where that is known already
 * @throws DfsError `bad-request`
 */
export function parseRecord(body: Uint8Array, id = recordIdOf(body)): ParsedRecord {
  const value = decode(body, SCAN_LIMITS);
  if (!Array.isArray(value) || value.length < ENVELOPE_LENGTH) throw malformed('no envelope');
  const items = value as readonly WireValue[];
  const envelope = envelopeShape.parse(items.slice(0, ENVELOPE_LENGTH), 'record');
  if (envelope.version !== RECORD_VERSION) return { id, envelope, fields: null };
  const number = items[ENVELOPE_LENGTH];
  if (typeof number === 'number' && kindOf(number) === undefined) return { id, envelope, fields: null };
  const fields = { ...envelope, ...contentShape.parse(items.slice(ENVELOPE_LENGTH), 'record') };
  const attributes = checkFields(fields);
  // One form for what is said: a record that is made of another one has the bytes of its unknown attributes.
  if (!isInOneForm(body, items, fields, attributes)) throw malformed('not in its shortest form, or not sorted');
  return { id, envelope, fields };
}

/**
 * Whether `encodeRecord` would write these very bytes, which is not done, since it takes as long as all the rest: numbers and lengths are
 * in their shortest form, the peer id has one, and so have the attributes, which come last.
 */
function isInOneForm(body: Uint8Array, items: readonly WireValue[], { author }: RecordFields, attributes: Uint8Array) {
  scan(body, SHORTEST);
  return (
    isSame(peerBytes(author), items[AUTHOR] as Uint8Array) && isSame(body.subarray(-attributes.length), attributes)
  );
}

/** SHA-256 of the body, 64 hex digits. */
export function recordIdOf(body: Uint8Array): string {
  return sha256Hex(body);
}

/** Encodes and signs. */
export function signRecord(signer: Signer, fields: RecordFields): SignedRecord & { id: string } {
  const body = encodeRecord(fields);
  return { id: recordIdOf(body), body, signature: signer.sign(signedBytes(body)) };
}

/** Signatures of bodies, in their order. Many are made on the thread pool, a few at a time. */
export async function signBodies(signer: Signer, bodies: readonly Uint8Array[]): Promise<Uint8Array[]> {
  const { signAsync } = signer;
  if (signAsync === undefined || bodies.length < FEW_SIGNATURES) {
    return bodies.map((body) => signer.sign(signedBytes(body)));
  }
  const signatures = new Array<Uint8Array>(bodies.length);
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let at = next++; at < bodies.length; at = next++) {
      signatures[at] = await signAsync(signedBytes(bodies[at] as Uint8Array));
    }
  };
  await Promise.all(Array.from({ length: SIGNATURES_AT_ONCE }, worker));
  return signatures;
}

/** Whether `author` signed this record. Off the main thread: a signature takes about 0.1 ms to verify. */
export function verifyRecord(record: SignedRecord, author: string): Promise<boolean> {
  return verifySignatureAsync(author, signedBytes(record.body), record.signature);
}

/** Records one after another, as a frame's payload: u32 big-endian length of the body, body, signature. */
export function packRecords(records: readonly SignedRecord[]): Uint8Array {
  return Buffer.concat(
    records.flatMap(({ body, signature }) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(body.length);
      return [length, body, signature];
    }),
  );
}

/** Bytes a record takes in a payload. */
export function packedRecordSize(record: SignedRecord): number {
  return 4 + record.body.length + RECORD_SIGNATURE_BYTES;
}

/** Inverse of packRecords. @throws DfsError `bad-request` when the payload does not end with a record. */
export function unpackRecords(payload: Uint8Array): SignedRecord[] {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const records: SignedRecord[] = [];
  for (let at = 0; at < payload.length;) {
    const length = at + 4 <= payload.length ? view.getUint32(at) : Infinity;
    const end = at + 4 + length + RECORD_SIGNATURE_BYTES;
    if (length > MAX_RECORD_BYTES || end > payload.length) throw malformed('cut short or too long');
    records.push({
      body: payload.subarray(at + 4, at + 4 + length),
      signature: payload.subarray(at + 4 + length, end),
    });
    at = end;
  }
  return records;
}

/** Negative when `a` is earlier. */
export function compareClocks(a: RecordClock, b: RecordClock): number {
  return a.ms - b.ms || a.counter - b.counter;
}

/** The next stamp of a writer: not before `now`, and later than `after`. */
export function nextClock(now: number, after: RecordClock | undefined): RecordClock {
  if (after === undefined || now > after.ms) return { ms: now, counter: 0 };
  if (after.counter >= MAX_COUNTER) return { ms: after.ms + 1, counter: 0 };
  return { ms: after.ms, counter: after.counter + 1 };
}

function signedBytes(body: Uint8Array): Uint8Array {
  return Buffer.concat([SIGNED_PREFIX, body]);
}

function kindOf(value: WireValue | undefined): RecordKind | undefined {
  return (Object.keys(KINDS) as RecordKind[]).find((name) => KINDS[name] === value);
}

/** The rules of every record of version 1, whoever wrote it. @returns its attributes as they are encoded */
function checkFields(fields: RecordFields): Uint8Array {
  if (!isNormalPath(fields.path)) throw malformed('its path');
  if (fields.from !== null && !isNormalPath(fields.from)) throw malformed('the path it comes from');
  if (fields.parents.some((id, index, all) => index > 0 && id <= all[index - 1]!)) throw malformed('its parents');
  const attributes = encodeAttributes(fields.attributes);
  if (fields.attributes.purge && fields.kind !== 'deletion') throw malformed('only a deletion is one for good');
  if (fields.kind === 'file') checkContent(fields);
  else if (fields.content !== null || fields.size !== 0 || fields.mediaType !== '') throw malformed('its content');
  return attributes;
}

/** The size must be one that a content of this id can have. */
function checkContent({ content, size, mediaType }: RecordFields): void {
  if (content === null) throw malformed('its content');
  if ((content === EMPTY_CONTENT) !== (size === 0)) throw malformed('its size');
  if (cidCodec(content) !== MANIFEST_CODEC && size > CHUNK_MAX_BYTES) throw malformed('its size');
  // It becomes the value of an HTTP header.
  if (!/^[ -~]*$/.test(mediaType)) throw malformed('its media type');
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

function malformed(what: string): DfsError {
  return new DfsError('bad-request', `The record is malformed: ${what}.`);
}
