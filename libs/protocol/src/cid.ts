import { hash as nodeHash } from 'node:crypto';
import { CID } from 'multiformats/cid';
import * as Digest from 'multiformats/hashes/digest';
import { base32 } from 'multiformats/bases/base32';
import { DfsError } from './errors.js';

/** CIDv1 as text in base32, e.g. `bafkrei…`: chunks, manifest blocks and contents alike. */
export type Cid = string;

/** Multicodec of a chunk: its bytes as they are. */
export const RAW_CODEC = 0x55;
/** Multicodec of a manifest block, from the private-use range, so that no chunk can be mistaken for a manifest. */
export const MANIFEST_CODEC = 0x300df5;
const SHA2_256 = 0x12;
const DIGEST_BYTES = 32;

/** SHA-256 of `bytes`, 32 bytes. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return nodeHash('sha256', bytes, 'buffer');
}

/** The id of a block with these bytes. */
export function cidOf(bytes: Uint8Array, codec: number = RAW_CODEC): Cid {
  return cidFromDigest(sha256(bytes), codec);
}

/** The id of a block with this SHA-256. */
export function cidFromDigest(digest: Uint8Array, codec: number = RAW_CODEC): Cid {
  return CID.createV1(codec, Digest.create(SHA2_256, digest)).toString(base32);
}

/** Binary form, as it travels and is stored: 36 bytes for a chunk, 38 for a manifest block. */
export function cidToBytes(cid: Cid): Uint8Array {
  return parseCid(cid).bytes;
}

/** @throws DfsError `bad-request` unless it is a CIDv1 of ours with SHA-256. */
export function cidFromBytes(bytes: Uint8Array): Cid {
  try {
    return checked(CID.decode(bytes)).toString(base32);
  } catch (cause) {
    throw notACid(cause);
  }
}

/** The 32 bytes of SHA-256 in a CID. */
export function cidDigest(cid: Cid): Uint8Array {
  return parseCid(cid).multihash.digest;
}

export function cidCodec(cid: Cid): number {
  return parseCid(cid).code;
}

/** A content whose id is a manifest's root; otherwise the id is that of its only chunk (or of no bytes at all). */
export function isManifestCid(cid: Cid): boolean {
  return cidCodec(cid) === MANIFEST_CODEC;
}

/** Whether `text` is a CID in the one form that is used here. Never throws. */
export function isCid(text: string): boolean {
  try {
    return checked(CID.parse(text)).toString(base32) === text;
  } catch {
    return false;
  }
}

/** Content id of an empty file: the raw CID of no bytes. Nothing is stored for it. */
export const EMPTY_CONTENT: Cid = cidOf(new Uint8Array(0));

function parseCid(cid: Cid): CID {
  try {
    return checked(CID.parse(cid));
  } catch (cause) {
    throw notACid(cause);
  }
}

function checked(cid: CID): CID {
  const known = cid.code === RAW_CODEC || cid.code === MANIFEST_CODEC;
  const { code, digest } = cid.multihash;
  if (cid.version !== 1 || !known || code !== SHA2_256 || digest.length !== DIGEST_BYTES) {
    throw new Error('not a CIDv1 of a chunk or a manifest');
  }
  return cid;
}

function notACid(cause: unknown): DfsError {
  return new DfsError('bad-request', 'That is not a content id: expected a CIDv1 such as bafkrei… in lower case.', {
    cause,
  });
}
