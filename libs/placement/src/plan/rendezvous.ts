import { cidToBytes, peerIdToBytes, sha256, type Cid } from '@dfs/protocol';

/** A member as placement sees it. */
export interface Candidate {
  peerId: string;
  /** Capacity class c: the member's weight is 2^c, so a class more means twice the share. */
  capacity: number;
}

/** Smallest and largest capacity class there is: 1 GiB or less, 16 TiB or more. */
export const MIN_CAPACITY = 0;
export const MAX_CAPACITY = 14;

const LN2 = 0.6931471805599453;
const TWO_53 = 2 ** 53;
/** Terms of the series in `ln`: enough for the last bit of a double where |z| ≤ 1/3. */
const LN_TERMS = 18;

/**
 * The members in the order in which they are to hold an extent: weighted rendezvous hashing. Each member gets the score
 * weight ÷ −ln(u) with u in (0, 1) drawn from SHA-256(content id, extent, peer id); the highest comes first.
 * Depends on nothing but its arguments, not even their order; when a member comes or goes, the others keep their order.
 * Pinned by golden vectors: a change moves everybody's data.
 */
export function rank(content: Cid, extent: number, members: readonly Candidate[]): string[] {
  const prefix = keyOf(content, extent);
  return members
    .map(({ peerId, capacity }) => ({ peerId, score: score(prefix, peerId, capacity) }))
    .sort((a, b) => b.score - a.score || (a.peerId < b.peerId ? -1 : 1))
    .map(({ peerId }) => peerId);
}

function keyOf(content: Cid, extent: number): Uint8Array {
  const id = cidToBytes(content);
  const key = Buffer.allocUnsafe(id.length + 4);
  key.set(id);
  key.writeUInt32BE(extent, id.length);
  return key;
}

function score(prefix: Uint8Array, peerId: string, capacity: number): number {
  const digest = sha256(Buffer.concat([prefix, binaryPeerId(peerId)]));
  const view = new DataView(digest.buffer, digest.byteOffset, digest.byteLength);
  // 53 bits, and half a step up: never 0, never 1.
  const bits = (view.getUint32(0) & 0x1fffff) * 2 ** 32 + view.getUint32(4);
  return 2 ** capacity / -ln((bits + 0.5) / TWO_53);
}

const known = new Map<string, Uint8Array>();
const KNOWN_PEERS = 4096;

function binaryPeerId(peerId: string): Uint8Array {
  let bytes = known.get(peerId);
  if (!bytes) {
    if (known.size >= KNOWN_PEERS) known.clear();
    bytes = peerIdToBytes(peerId);
    known.set(peerId, bytes);
  }
  return bytes;
}

const scratch = new DataView(new ArrayBuffer(8));

/**
 * Natural logarithm of a normal double in (0, 1), by IEEE operations that are exactly rounded everywhere: Math.log may
 * differ in its last bit from engine to engine, and two members must never disagree.
 */
export function ln(x: number): number {
  scratch.setFloat64(0, x);
  const high = scratch.getUint32(0);
  let exponent = (high >>> 20) - 1023;
  scratch.setUint32(0, (high & 0x000fffff) | 0x3ff00000);
  let mantissa = scratch.getFloat64(0);
  if (mantissa > 1.5) {
    mantissa /= 2;
    exponent++;
  }
  // ln(m) = 2 atanh(z), z = (m − 1) / (m + 1), |z| ≤ 1/5 … 1/7
  const z = (mantissa - 1) / (mantissa + 1);
  const square = z * z;
  let sum = 0;
  for (let term = LN_TERMS; term >= 0; term--) sum = sum * square + 1 / (2 * term + 1);
  return exponent * LN2 + 2 * z * sum;
}
