import { cidToBytes, peerIdToBytes, sha256Text, type Cid } from '@dfs/protocol';

/** A member as placement sees it. */
export interface Candidate {
  peerId: string;
  /** Capacity class c: the member's weight is 2^c, so a class more means twice the share. */
  capacity: number;
}

/** Smallest and largest capacity class there is: 1 GiB or less, 16 TiB or more. */
export const MIN_CAPACITY = 0;
/** Larger quotas weigh no more. */
export const MAX_CAPACITY = 14;

/**
 * Each extent falls into one of so many partitions, and what is ranked is partitions: a hash for each of them and member,
 * however many contents there are. Never to be changed: another number moves everybody's data.
 */
export const PARTITIONS = 4096;
/** Bits of a hash that PARTITIONS leave over, of 16. */
const PARTITION_SHIFT = 4;

const LN2 = 0.6931471805599453;
const TWO_53 = 2 ** 53;
/** Terms of the series in `ln`: enough for the last bit of a double where |z| ≤ 1/3. */
const LN_TERMS = 18;
/** Their factors, which are the same whoever divides: 1, 1/3, 1/5, … */
const LN_FACTORS = Float64Array.from({ length: LN_TERMS + 1 }, (_, term) => 1 / (2 * term + 1));

/** The partition of an extent: the first 12 bits of SHA-256(content id, extent). Pinned by golden vectors. */
export function partitionOf(content: Cid, extent: number): number {
  const id = cidToBytes(content);
  const key = keyOf(id.length);
  key.set(id);
  key.writeUInt32BE(extent, id.length);
  const digest = sha256Text(key);
  return ((digest.charCodeAt(0) << 8) | digest.charCodeAt(1)) >>> PARTITION_SHIFT;
}

/** Memory for the bytes that are hashed, used again: ids have one of two lengths. */
const keys: Buffer[] = [];

function keyOf(idLength: number): Buffer {
  return (keys[idLength] ??= Buffer.alloc(idLength + 4));
}

/**
 * The members in the order in which they are to hold what is in a partition: weighted rendezvous hashing (Thaler and
 * Ravishankar 1998; weighted by logarithms, Schindelhauer and Schomaker 2005). Each member gets
 * the score weight ÷ −ln(u) with u in (0, 1) drawn from SHA-256(partition, peer id); the highest comes first. Depends on
 * nothing but the members and their capacities, not even their order; when a member comes or goes, the others keep their
 * order. Pinned by golden vectors: a change moves everybody's data.
 *
 * A partition is ranked when it is first asked for. A draw is made once, and outlives changes of members and capacities.
 */
export class Ranking {
  private members: readonly Candidate[] = [];
  private draws = new Map<string, Draws>();
  /** By partition. */
  private orders: (Uint16Array | undefined)[] = [];

  constructor(members: readonly Candidate[] = []) {
    this.setMembers(members);
  }

  /** An order of other members, or of other capacities, is made anew when it is asked for. */
  setMembers(members: readonly Candidate[]): void {
    const sorted = [...members].sort((a, b) => (a.peerId < b.peerId ? -1 : 1));
    if (areSame(sorted, this.members)) return;
    this.members = sorted;
    this.orders = [];
    this.draws = new Map(sorted.map(({ peerId }) => [peerId, this.draws.get(peerId) ?? new Draws(peerId)]));
  }

  /** The first members to hold what is in this partition that will take it, so many at most. */
  first(partition: number, most: number, takes: (peerId: string) => boolean): string[] {
    const order = (this.orders[partition] ??= this.rank(partition));
    const found: string[] = [];
    for (let place = 0; place < order.length && found.length < most; place++) {
      const { peerId } = this.members[order[place]!]!;
      if (takes(peerId)) found.push(peerId);
    }
    return found;
  }

  private rank(partition: number): Uint16Array {
    const scores = this.members.map(({ peerId, capacity }) => 2 ** capacity / this.draws.get(peerId)!.of(partition));
    // Members are in the order of their peer ids, which decides between equal scores.
    return Uint16Array.from(scores.keys()).sort((a, b) => scores[b]! - scores[a]! || a - b);
  }
}

/** The draws of a member, one for each partition. */
class Draws {
  /** −ln(u) by partition; 0 where it is not drawn yet. */
  private readonly drawn = new Float64Array(PARTITIONS);
  /** The bytes that are hashed: a partition, and the member. */
  private readonly key: Buffer;

  constructor(peerId: string) {
    this.key = Buffer.concat([Buffer.alloc(4), peerIdToBytes(peerId)]);
  }

  of(partition: number): number {
    return (this.drawn[partition] ||= this.draw(partition));
  }

  /** −ln(u), u of 53 bits of the hash, and half a step up: never 0, never 1. */
  private draw(partition: number): number {
    this.key.writeUInt32BE(partition, 0);
    const digest = sha256Text(this.key);
    const byte = (at: number): number => digest.charCodeAt(at);
    const high = ((byte(1) & 0x1f) << 16) | (byte(2) << 8) | byte(3);
    const low = ((byte(4) << 24) | (byte(5) << 16) | (byte(6) << 8) | byte(7)) >>> 0;
    return -ln((high * 2 ** 32 + low + 0.5) / TWO_53);
  }
}

function areSame(some: readonly Candidate[], others: readonly Candidate[]): boolean {
  return (
    some.length === others.length &&
    some.every(({ peerId, capacity }, at) => others[at]!.peerId === peerId && others[at]!.capacity === capacity)
  );
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
  for (let term = LN_TERMS; term >= 0; term--) sum = sum * square + LN_FACTORS[term]!;
  return exponent * LN2 + 2 * z * sum;
}
