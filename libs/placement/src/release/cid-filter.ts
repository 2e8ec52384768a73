import { randomBytes } from 'node:crypto';

/**
 * Bits kept for each member. With k = 8 probes and b = 16 bits, (1 − e^(−k/b))^k (Bloom 1970) of the others are taken for
 * members: about one in 1,700.
 */
const BITS_PER_ID = 16;
const PROBES = 8;
const DIGEST_BYTES = 32;
const LEAST_BITS = 2 ** 16;
/** 512 MiB of memory: enough for 250 million blocks. */
const MOST_BITS = 2 ** 32;

/**
 * A set of binary CIDs in a few bytes each (a Bloom filter): what was added is always found; now and then something else
 * is found too, and another in the next set. SHA-256 is the hash, and its words are the probes.
 */
export class CidFilter {
  private readonly bits: Uint8Array;
  private readonly mask: number;
  private readonly salt = new Uint32Array(PROBES);

  /** @param expected how many will be added; more only make it less exact */
  constructor(expected: number) {
    const wanted = Math.min(MOST_BITS, Math.max(LEAST_BITS, expected * BITS_PER_ID));
    const size = 2 ** Math.ceil(Math.log2(wanted));
    this.bits = new Uint8Array(size / 8);
    this.mask = size - 1;
    const random = randomBytes(PROBES * 4);
    for (let probe = 0; probe < PROBES; probe++) this.salt[probe] = random.readUInt32LE(probe * 4);
  }

  add(cid: Uint8Array): void {
    for (let probe = 0; probe < PROBES; probe++) {
      const bit = this.probe(cid, probe);
      this.bits[bit >>> 3]! |= 1 << (bit & 7);
    }
  }

  /** False is certain. */
  has(cid: Uint8Array): boolean {
    for (let probe = 0; probe < PROBES; probe++) {
      const bit = this.probe(cid, probe);
      if ((this.bits[bit >>> 3]! & (1 << (bit & 7))) === 0) return false;
    }
    return true;
  }

  private probe(cid: Uint8Array, probe: number): number {
    const at = cid.length - DIGEST_BYTES + probe * 4;
    const word = cid[at]! | (cid[at + 1]! << 8) | (cid[at + 2]! << 16) | (cid[at + 3]! << 24);
    return ((word ^ this.salt[probe]!) & this.mask) >>> 0;
  }
}
