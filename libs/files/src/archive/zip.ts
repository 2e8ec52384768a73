import { once } from 'node:events';
import { Readable, type PassThrough } from 'node:stream';
import { ZipFile } from 'yazl';

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

/** Most bytes of an entry in the directory at the end, beside its name. */
const DIRECTORY_BYTES = 46 + 9 + 28;
const MAX_16 = 0xffff;
/** Times that the fields of a zip, and yazl, have room for. */
const [FIRST_TIME, LAST_TIME] = [0, Date.UTC(2107, 11, 31)];

/** Hands over the bytes of an entry when their turn has come. */
type Open = Parameters<ZipFile['addReadStreamLazy']>[2];

/**
 * A zip of stored files, whose length is known before a byte of them is read. Sizes, and the place of each entry, follow from
 * the list alone; checksums are computed as the bytes go by, and stand behind them.
 */
export class Zip {
  /** Bytes of all of it. */
  readonly bytes: number;

  constructor(private readonly entries: readonly ZipEntry[]) {
    this.bytes = this.fill(new ZipFile(), () => () => undefined);
  }

  /**
   * All of it.
   * @param read the bytes of the entry with this number; as many as its size says. A piece need stay as it is only until the
   * next one is asked for
   * @throws what reading does; Error where another number of bytes came
   */
  async *stream(read: (index: number) => AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    const zip = new ZipFile();
    const output = zip.outputStream as PassThrough;
    const cut = (error: Error): unknown => output.destroy(error);
    let source: Readable | undefined;
    zip.on('error', cut);
    this.fill(zip, (index) => (take) => {
      source = Readable.from(copied(read(index)), { objectMode: false }).on('error', cut);
      take(null, source);
    });
    try {
      for await (const bytes of output) yield bytes as Buffer;
    } finally {
      // The reader may have gone away in the middle of an entry.
      if (source && !source.destroy().closed) await once(source, 'close');
    }
  }

  /** @returns bytes of the whole */
  private fill(zip: ZipFile, open: (index: number) => Open): number {
    let directory = 0;
    for (const [index, { name, size, time, executable }] of this.entries.entries()) {
      directory += DIRECTORY_BYTES + Buffer.byteLength(name);
      const mtime = new Date(Math.max(FIRST_TIME, Math.min(LAST_TIME, time)));
      const mode = executable ? 0o100755 : 0o100644;
      zip.addReadStreamLazy(name, { size, mtime, mode, compress: false }, open(index));
    }
    let bytes = -1;
    // When yazl 3.3.1 computes the length it counts the zip64 end from a directory of 64 KiB on, but writes it from 4 GiB on:
    // where it is told to write it, both agree.
    zip.end({ forceZip64Format: directory >= MAX_16, comment: '' }, (...[length]: number[]) => (bytes = length ?? -1));
    if (bytes < 0) throw new Error('the length of a zip of stored files is not known');
    return bytes;
  }
}

/** Pieces that stay as they are, as long as streams hold them. */
async function* copied(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  for await (const piece of pieces) yield Buffer.from(piece);
}
