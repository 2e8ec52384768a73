/** Tables of a reflected CRC, by which eight bytes are taken at once: 8 × 256 entries. */
type Table = Uint32Array;

const BYTES = 8;
const CRC32C = 0x82f63b78;
/** The polynomial of NVMe, reflected, in two halves. */
const CRC64_HIGH = 0x9a6c9329;
const CRC64_LOW = 0xac4bc9b5;

let crc32cTable: Table | undefined;
let crc64Tables: { high: Table; low: Table } | undefined;

/** CRC-32C (Castagnoli) of bytes behind those of which `before` is the sum. */
export function crc32c(bytes: Uint8Array, before = 0): number {
  const table = (crc32cTable ??= makeCrc32c());
  let crc = ~before;
  let at = 0;
  for (const end = bytes.length - BYTES; at <= end; at += BYTES) {
    const low = crc ^ (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24));
    crc =
      table[0x700 | (low & 0xff)]! ^
      table[0x600 | ((low >>> 8) & 0xff)]! ^
      table[0x500 | ((low >>> 16) & 0xff)]! ^
      table[0x400 | (low >>> 24)]! ^
      table[0x300 | bytes[at + 4]!]! ^
      table[0x200 | bytes[at + 5]!]! ^
      table[0x100 | bytes[at + 6]!]! ^
      table[bytes[at + 7]!]!;
  }
  for (; at < bytes.length; at++) crc = table[(crc ^ bytes[at]!) & 0xff]! ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** A sum of 64 bits, in two halves. */
export interface Crc64 {
  high: number;
  low: number;
}

/** CRC-64/NVME of bytes behind those of which `sum` is the sum: it is changed. */
export function crc64nvme(bytes: Uint8Array, sum: Crc64): void {
  const { high: highs, low: lows } = (crc64Tables ??= makeCrc64());
  let high = ~sum.high;
  let low = ~sum.low;
  let at = 0;
  for (const end = bytes.length - BYTES; at <= end; at += BYTES) {
    low ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    high ^= bytes[at + 4]! | (bytes[at + 5]! << 8) | (bytes[at + 6]! << 16) | (bytes[at + 7]! << 24);
    const a = 0x700 | (low & 0xff);
    const b = 0x600 | ((low >>> 8) & 0xff);
    const c = 0x500 | ((low >>> 16) & 0xff);
    const d = 0x400 | (low >>> 24);
    const e = 0x300 | (high & 0xff);
    const f = 0x200 | ((high >>> 8) & 0xff);
    const g = 0x100 | ((high >>> 16) & 0xff);
    const h = high >>> 24;
    low = lows[a]! ^ lows[b]! ^ lows[c]! ^ lows[d]! ^ lows[e]! ^ lows[f]! ^ lows[g]! ^ lows[h]!;
    high = highs[a]! ^ highs[b]! ^ highs[c]! ^ highs[d]! ^ highs[e]! ^ highs[f]! ^ highs[g]! ^ highs[h]!;
  }
  for (; at < bytes.length; at++) {
    const index = (low ^ bytes[at]!) & 0xff;
    low = ((low >>> 8) | (high << 24)) ^ lows[index]!;
    high = (high >>> 8) ^ highs[index]!;
  }
  sum.high = ~high >>> 0;
  sum.low = ~low >>> 0;
}

function makeCrc32c(): Table {
  const table = new Uint32Array(BYTES * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ CRC32C : crc >>> 1;
    table[byte] = crc;
  }
  for (let index = 256; index < table.length; index++) {
    const before = table[index - 256]!;
    table[index] = table[before & 0xff]! ^ (before >>> 8);
  }
  return table;
}

function makeCrc64(): { high: Table; low: Table } {
  const high = new Uint32Array(BYTES * 256);
  const low = new Uint32Array(BYTES * 256);
  for (let byte = 0; byte < 256; byte++) {
    let [h, l] = [0, byte];
    for (let bit = 0; bit < 8; bit++) {
      const carry = l & 1;
      l = (l >>> 1) | ((h & 1) << 31);
      h >>>= 1;
      if (carry) [h, l] = [h ^ CRC64_HIGH, l ^ CRC64_LOW];
    }
    high[byte] = h;
    low[byte] = l;
  }
  for (let index = 256; index < low.length; index++) {
    const [h, l] = [high[index - 256]!, low[index - 256]!];
    const byte = l & 0xff;
    low[index] = ((l >>> 8) | (h << 24)) ^ low[byte]!;
    high[index] = (h >>> 8) ^ high[byte]!;
  }
  return { high, low };
}
