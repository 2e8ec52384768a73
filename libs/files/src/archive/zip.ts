import { crc32 } from 'node:zlib';

/** One file of a zip. */
export interface ZipEntry {
  /** With `/` between folders. */
  name: string;
  /** Bytes. */
  size: number;
  /** Milliseconds since 1970. */
  time: number;
  executable: boolean;
}

const LOCAL = 0x04034b50;
const DESCRIPTOR = 0x08074b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const END64 = 0x06064b50;
const LOCATOR64 = 0x07064b50;
/** From here on a field holds this, and the real value stands in the extra field (APPNOTE 4.4.1.4). */
const MAX_32 = 0xffffffff;
const MAX_16 = 0xffff;
/** Names are UTF-8; the checksum follows the bytes. */
const FLAGS = 0x0808;
const VERSION = 20;
const VERSION_64 = 45;
/** Modes are those of Unix. */
const MADE_BY = (3 << 8) | VERSION_64;
const EXTRA_64 = 0x0001;
const EXTRA_TIME = 0x5455;
const TIME_EXTRA_BYTES = 9;
const LOCAL_BYTES = 30;
const CENTRAL_BYTES = 46;
const DESCRIPTOR_BYTES = 16;
const DESCRIPTOR_64_BYTES = 24;
const END_BYTES = 22;
const END_64_BYTES = 56 + 20;

interface Placed extends ZipEntry {
  raw: Buffer;
  offset: number;
  /** The sizes take eight bytes each. */
  large: boolean;
}

/**
 * A zip of stored files, whose length is known before a byte of them is read. Sizes, and the place of each entry, follow from
 * the list alone; checksums are computed as the bytes go by, and stand behind them.
 */
export class Zip {
  /** Bytes of all of it. */
  readonly bytes: number;
  private readonly placed: Placed[] = [];
  private readonly centralOffset: number;
  private readonly centralBytes: number;

  constructor(entries: readonly ZipEntry[]) {
    let offset = 0;
    let central = 0;
    for (const entry of entries) {
      const placed = { ...entry, raw: Buffer.from(entry.name), offset, large: entry.size >= MAX_32 };
      this.placed.push(placed);
      const extra = TIME_EXTRA_BYTES + (placed.large ? 20 : 0);
      offset += LOCAL_BYTES + placed.raw.length + extra + entry.size;
      offset += placed.large ? DESCRIPTOR_64_BYTES : DESCRIPTOR_BYTES;
      central += CENTRAL_BYTES + placed.raw.length + TIME_EXTRA_BYTES + extra64(placed).length;
    }
    this.centralOffset = offset;
    this.centralBytes = central;
    this.bytes = offset + central + (this.needs64 ? END_64_BYTES : 0) + END_BYTES;
  }

  /**
   * All of it. A piece stays as it is until the next one is asked for.
   * @param read the bytes of the entry with this number; as many as its size says
   * @param checksum CRC-32 of the pieces that went before and one more
   */
  async *stream(
    read: (index: number) => AsyncIterable<Uint8Array>,
    checksum: (bytes: Uint8Array, before: number) => number = crc32,
  ): AsyncGenerator<Uint8Array> {
    const sums: number[] = [];
    for (const [index, entry] of this.placed.entries()) {
      yield localHeader(entry);
      let sum = 0;
      let size = 0;
      for await (const piece of read(index)) {
        sum = checksum(piece, sum);
        size += piece.length;
        yield piece;
      }
      if (size !== entry.size) throw new Error(`${size} of ${entry.size} bytes came of an entry`);
      sums.push(sum);
      yield descriptor(entry, sum);
    }
    for (const [index, entry] of this.placed.entries()) yield centralHeader(entry, sums[index] as number);
    yield this.end();
  }

  private get needs64(): boolean {
    return this.placed.length >= MAX_16 || this.centralOffset >= MAX_32 || this.centralBytes >= MAX_32;
  }

  private end(): Buffer {
    const { centralOffset, centralBytes, placed } = this;
    const parts: Buffer[] = [];
    if (this.needs64) {
      const end = Buffer.alloc(END_64_BYTES);
      end.writeUInt32LE(END64, 0);
      end.writeBigUInt64LE(44n, 4);
      end.writeUInt16LE(MADE_BY, 12);
      end.writeUInt16LE(VERSION_64, 14);
      end.writeBigUInt64LE(BigInt(placed.length), 24);
      end.writeBigUInt64LE(BigInt(placed.length), 32);
      end.writeBigUInt64LE(BigInt(centralBytes), 40);
      end.writeBigUInt64LE(BigInt(centralOffset), 48);
      end.writeUInt32LE(LOCATOR64, 56);
      end.writeBigUInt64LE(BigInt(centralOffset + centralBytes), 64);
      end.writeUInt32LE(1, 72);
      parts.push(end);
    }
    const end = Buffer.alloc(END_BYTES);
    end.writeUInt32LE(END, 0);
    end.writeUInt16LE(Math.min(placed.length, MAX_16), 8);
    end.writeUInt16LE(Math.min(placed.length, MAX_16), 10);
    end.writeUInt32LE(Math.min(centralBytes, MAX_32), 12);
    end.writeUInt32LE(Math.min(centralOffset, MAX_32), 16);
    return Buffer.concat([...parts, end]);
  }
}

function localHeader({ raw, size, time, large }: Placed): Buffer {
  const head = Buffer.alloc(LOCAL_BYTES);
  head.writeUInt32LE(LOCAL, 0);
  head.writeUInt16LE(large ? VERSION_64 : VERSION, 4);
  head.writeUInt16LE(FLAGS, 6);
  writeTime(head, 10, time);
  head.writeUInt32LE(large ? MAX_32 : size, 18);
  head.writeUInt32LE(large ? MAX_32 : size, 22);
  head.writeUInt16LE(raw.length, 26);
  const extra = [timeExtra(time), ...(large ? [longs(size, size)] : [])];
  head.writeUInt16LE(lengthOf(extra), 28);
  return Buffer.concat([head, raw, ...extra]);
}

function descriptor({ size, large }: Placed, sum: number): Buffer {
  const bytes = Buffer.alloc(large ? DESCRIPTOR_64_BYTES : DESCRIPTOR_BYTES);
  bytes.writeUInt32LE(DESCRIPTOR, 0);
  bytes.writeUInt32LE(sum, 4);
  if (large) {
    bytes.writeBigUInt64LE(BigInt(size), 8);
    bytes.writeBigUInt64LE(BigInt(size), 16);
  } else {
    bytes.writeUInt32LE(size, 8);
    bytes.writeUInt32LE(size, 12);
  }
  return bytes;
}

function centralHeader(entry: Placed, sum: number): Buffer {
  const { raw, size, time, large, offset, executable } = entry;
  const extra = [timeExtra(time), extra64(entry)];
  const head = Buffer.alloc(CENTRAL_BYTES);
  head.writeUInt32LE(CENTRAL, 0);
  head.writeUInt16LE(MADE_BY, 4);
  head.writeUInt16LE(large || offset >= MAX_32 ? VERSION_64 : VERSION, 6);
  head.writeUInt16LE(FLAGS, 8);
  writeTime(head, 12, time);
  head.writeUInt32LE(sum, 16);
  head.writeUInt32LE(large ? MAX_32 : size, 20);
  head.writeUInt32LE(large ? MAX_32 : size, 24);
  head.writeUInt16LE(raw.length, 28);
  head.writeUInt16LE(lengthOf(extra), 30);
  // A regular file with its mode, in the upper half.
  head.writeUInt32LE(((executable ? 0o100755 : 0o100644) << 16) >>> 0, 38);
  head.writeUInt32LE(Math.min(offset, MAX_32), 42);
  return Buffer.concat([head, raw, ...extra]);
}

/** Of the central directory: what has no room in its field. */
function extra64({ size, large, offset }: Pick<Placed, 'size' | 'large' | 'offset'>): Buffer {
  const values = [...(large ? [size, size] : []), ...(offset >= MAX_32 ? [offset] : [])];
  return values.length === 0 ? Buffer.alloc(0) : longs(...values);
}

function longs(...values: number[]): Buffer {
  const bytes = Buffer.alloc(4 + 8 * values.length);
  bytes.writeUInt16LE(EXTRA_64, 0);
  bytes.writeUInt16LE(8 * values.length, 2);
  values.forEach((value, at) => bytes.writeBigUInt64LE(BigInt(value), 4 + 8 * at));
  return bytes;
}

/** Seconds since 1970, as far as 32 bits go. */
function timeExtra(time: number): Buffer {
  const bytes = Buffer.alloc(TIME_EXTRA_BYTES);
  bytes.writeUInt16LE(EXTRA_TIME, 0);
  bytes.writeUInt16LE(5, 2);
  bytes.writeUInt8(1, 4);
  bytes.writeInt32LE(Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, Math.floor(time / 1000))), 5);
  return bytes;
}

/** As MS-DOS had it: from 1980 to 2107, even seconds; in UTC. */
function writeTime(head: Buffer, at: number, time: number): void {
  const date = new Date(Math.max(Date.UTC(1980, 0, 1), Math.min(Date.UTC(2107, 11, 31), time)));
  const clock = (date.getUTCHours() << 11) | (date.getUTCMinutes() << 5) | (date.getUTCSeconds() >> 1);
  const day = ((date.getUTCFullYear() - 1980) << 9) | ((date.getUTCMonth() + 1) << 5) | date.getUTCDate();
  head.writeUInt16LE(clock, at);
  head.writeUInt16LE(day, at + 2);
}

function lengthOf(parts: readonly Buffer[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0);
}
