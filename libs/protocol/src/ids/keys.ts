import { createPrivateKey, createPublicKey, sign as nodeSign, verify as nodeVerify, type KeyObject } from 'node:crypto';
import * as Digest from 'multiformats/hashes/digest';
import { peerIdFromMultihash, peerIdFromPublicKey, peerIdFromString } from '@libp2p/peer-id';
import { publicKeyFromRaw } from '@libp2p/crypto/keys';
import { bufferOf, DfsError } from '@dfs/runtime';

/** Signs with a node's identity: Ed25519, by OpenSSL. */
export interface Signer {
  /** The peer id this key stands for, as text. */
  readonly peerId: string;
  /** 64 bytes. */
  sign(bytes: Uint8Array): Uint8Array;
  /** The same on the thread pool: for many signatures at once. */
  readonly signAsync?: (bytes: Uint8Array) => Promise<Uint8Array>;
}

// DER around a raw Ed25519 key (RFC 8410), which is all that OpenSSL needs.
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');
const KNOWN_KEYS = 4096;

/** @param raw 32 bytes of seed, or the 64 of libp2p (seed, public key). */
export function signerFromRaw(raw: Uint8Array): Signer {
  const key = createPrivateKey({
    key: Buffer.concat([PKCS8_PREFIX, raw.subarray(0, 32)]),
    format: 'der',
    type: 'pkcs8',
  });
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' });
  const publicKey = publicKeyFromRaw(spki.subarray(SPKI_PREFIX.length));
  const peerId = peerIdFromPublicKey(publicKey).toString();
  return {
    peerId,
    sign: (bytes) => nodeSign(null, bytes, key),
    signAsync: (bytes) =>
      new Promise((resolve, reject) => {
        nodeSign(null, bytes, key, (error, signature) => (error ? reject(error) : resolve(signature)));
      }),
  };
}

const verifiers = new Map<string, KeyObject>();
// base58 is slow, and the same few ids are in every message.
const binaryForms = new Map<string, Uint8Array>();
const textForms = new Map<string, string>();

/** Whether `signature` over `bytes` was made by the key that `peerId` names. False for anything that is not Ed25519. */
export function verifySignature(peerId: string, bytes: Uint8Array, signature: Uint8Array): boolean {
  const key = verifierOf(peerId);
  return key !== undefined && signature.length === 64 && nodeVerify(null, bytes, key, signature);
}

/** The same on the thread pool: for many signatures at once, which take about 0.1 ms each. */
export function verifySignatureAsync(peerId: string, bytes: Uint8Array, signature: Uint8Array): Promise<boolean> {
  const key = verifierOf(peerId);
  if (key === undefined || signature.length !== 64) return Promise.resolve(false);
  return new Promise((resolve, reject) => {
    nodeVerify(null, bytes, key, signature, (error, valid) => (error ? reject(error) : resolve(valid)));
  });
}

/** The peer id in the one text form. @throws DfsError `bad-request` */
export function normalisePeerId(text: string): string {
  try {
    const peerId = peerIdFromString(text);
    if (peerId.type !== 'Ed25519') throw new Error(`a key of type ${peerId.type}`);
    return peerId.toString();
  } catch (cause) {
    throw new DfsError('bad-request', 'That is not a peer id: expected one such as 12D3KooW….', { cause });
  }
}

/** Binary form: the multihash, 38 bytes for Ed25519. Not to be changed by the caller. */
export function peerIdToBytes(peerId: string): Uint8Array {
  return remembered(binaryForms, peerId, () => peerIdFromString(peerId).toMultihash().bytes);
}

/** Inverse of peerIdToBytes. @throws DfsError `bad-request` */
export function peerIdFromBytes(bytes: Uint8Array): string {
  try {
    const key = bufferOf(bytes).toString('latin1');
    return remembered(textForms, key, () => normalisePeerId(peerIdFromMultihash(Digest.decode(bytes)).toString()));
  } catch (cause) {
    throw new DfsError('bad-request', 'Those bytes are not a peer id.', { cause });
  }
}

function remembered<V>(known: Map<string, V>, key: string, make: () => V): V {
  const before = known.get(key);
  if (before !== undefined) return before;
  const value = make();
  if (known.size >= KNOWN_KEYS) known.clear();
  known.set(key, value);
  return value;
}

function verifierOf(peerId: string): KeyObject | undefined {
  const known = verifiers.get(peerId);
  if (known) return known;
  try {
    const raw = peerIdFromString(peerId).publicKey?.raw;
    if (raw?.length !== 32) return undefined;
    const key = createPublicKey({ key: Buffer.concat([SPKI_PREFIX, raw]), format: 'der', type: 'spki' });
    if (verifiers.size >= KNOWN_KEYS) verifiers.clear();
    verifiers.set(peerId, key);
    return key;
  } catch {
    return undefined;
  }
}
