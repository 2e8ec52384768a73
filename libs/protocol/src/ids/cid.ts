import { hash as nodeHash } from 'node:crypto';
import { fromBase32, toBase32 } from './base32.js';
import { DfsError } from '@dfs/runtime';

/** CIDv1 as text in base32, e.g. `bafkrei…`: chunks, manifest blocks and contents alike. */
export type Cid = string;

/** Multicodec of a chunk: its bytes as they are. */
export const RAW_CODEC = 0x55;
/** Multicodec of a manifest block, from the private-use range, so that no chunk can be mistaken for a manifest. */
export const MANIFEST_CODEC = 0x300df5;
const DIGEST_BYTES = 32;
/**
 * The bytes before the digest in binary: CIDv1, the codec as a varint, sha2-256, its length. There are just these two
 * forms, so that an id is checked by comparing bytes: a listing or a batch of records has many thousands of them.
 */
const FORMS = [
  { codec: RAW_CODEC, prefix: Uint8Array.from([1, 0x55, 0x12, DIGEST_BYTES]) },
  { codec: MANIFEST_CODEC, prefix: Uint8Array.from([1, 0xf5, 0x9b, 0xc0, 0x01, 0x12, DIGEST_BYTES]) },
] as const;
/** Multibase prefix of base32 in lower case. */
const BASE32 = 'b';

/**
 * SHA-256 of `bytes`, 32 bytes. Asked for as text, since memory of its own for each digest costs four times what the hash of a
 * short input does.
 */
export function sha256(bytes: Uint8Array): Uint8Array {
  return Buffer.from(sha256Text(bytes), 'latin1');
}

/** The same as a text of 32 characters, one for each byte: where a few bytes of very many hashes are looked at. */
export function sha256Text(bytes: Uint8Array): string {
  return nodeHash('sha256', bytes, 'binary');
}

/** The same as hex digits, as the ids of records are. */
export function sha256Hex(bytes: Uint8Array): string {
  return nodeHash('sha256', bytes, 'hex');
}

/** The id of a block with these bytes. */
export function cidOf(bytes: Uint8Array, codec: number = RAW_CODEC): Cid {
  return cidFromDigest(sha256(bytes), codec);
}

/** The id of a block with this SHA-256. */
export function cidFromDigest(digest: Uint8Array, codec: number = RAW_CODEC): Cid {
  const form = FORMS.find((each) => each.codec === codec);
  if (form === undefined || digest.length !== DIGEST_BYTES)
    throw new TypeError('not the digest of a chunk or manifest');
  const bytes = new Uint8Array(form.prefix.length + DIGEST_BYTES);
  bytes.set(form.prefix);
  bytes.set(digest, form.prefix.length);
  return textOf(bytes);
}

/** Binary form, as it travels and is stored: 36 bytes for a chunk, 38 for a manifest block. */
export function cidToBytes(cid: Cid): Uint8Array {
  const bytes = bytesOf(cid);
  formOf(bytes);
  return bytes;
}

/** @throws DfsError `bad-request` unless it is a CIDv1 of ours with SHA-256. */
export function cidFromBytes(bytes: Uint8Array): Cid {
  formOf(bytes);
  return textOf(bytes);
}

/** The 32 bytes of SHA-256 in a CID. */
export function cidDigest(cid: Cid): Uint8Array {
  const bytes = bytesOf(cid);
  return bytes.subarray(formOf(bytes).prefix.length);
}

/** Whether the bytes of a block hash to its id. */
export function hashesTo(bytes: Uint8Array, id: Cid): boolean {
  return Buffer.compare(sha256(bytes), cidDigest(id)) === 0;
}

/**
 * Multicodec of the block: `raw` for a chunk, DFS's own for a manifest block. Tells the two apart without the bytes.
 */
export function cidCodec(cid: Cid): number {
  return formOf(bytesOf(cid)).codec;
}

/** A content whose id is a manifest's root; otherwise the id is that of its only chunk (or of no bytes at all). */
export function isManifestCid(cid: Cid): boolean {
  return cidCodec(cid) === MANIFEST_CODEC;
}

/** Whether `text` is a CID in the one form that is used here. Never throws. */
export function isCid(text: string): boolean {
  try {
    formOf(bytesOf(text));
    return true;
  } catch {
    return false;
  }
}

/** Content id of an empty file: the raw CID of no bytes. Nothing is stored for it. */
export const EMPTY_CONTENT: Cid = cidOf(new Uint8Array(0));

/** Each id has one text: lower case, no bits after the last byte (the decoder sees to both), no padding. */
function bytesOf(text: string): Uint8Array {
  if (!text.startsWith(BASE32)) throw notACid();
  let bytes: Uint8Array;
  try {
    bytes = fromBase32(text, BASE32.length);
  } catch (cause) {
    throw notACid(cause);
  }
  if (text.length !== BASE32.length + Math.ceil((bytes.length * 8) / 5)) throw notACid();
  return bytes;
}

/** Loops without a closure or an iterator: ids are looked at a dozen times for each small file. */
function formOf(bytes: Uint8Array): (typeof FORMS)[number] {
  for (let at = 0; at < FORMS.length; at++) {
    const form = FORMS[at]!;
    if (bytes.length === form.prefix.length + DIGEST_BYTES && beginsWith(bytes, form.prefix)) return form;
  }
  throw notACid();
}

function beginsWith(bytes: Uint8Array, prefix: Uint8Array): boolean {
  for (let at = 0; at < prefix.length; at++) if (bytes[at] !== prefix[at]) return false;
  return true;
}

function textOf(bytes: Uint8Array): Cid {
  return BASE32 + toBase32(bytes);
}

function notACid(cause?: unknown): DfsError {
  return new DfsError('bad-request', 'That is not a content id: expected a CIDv1 such as bafkrei… in lower case.', {
    cause,
  });
}
