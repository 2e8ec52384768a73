import type { FileHandle } from 'node:fs/promises';
import { writeError } from '../damage/errors.js';
import { ENTRY_HEAD_BYTES, PACK_HEAD, writeEntryHead } from './format.js';
import { COPY_BELOW_BYTES } from '../limits.js';
import type { PackFiles } from './pack-files.js';

/** A block on its way into a pack. */
export interface Entry {
  /** Binary CID. */
  cid: Uint8Array;
  bytes: Uint8Array;
}

/** Buffers in one system call; the kernel takes 1,024. */
const MAX_VECTORS = 512;

/** Bytes an entry takes in a pack. */
export function entryBytes(size: number): number {
  return ENTRY_HEAD_BYTES + size;
}

/**
 * Writes one pack from start to end: in `tmp`, then fsync, then the move to `packs`. After a failure nothing is tried
 * again: whether what was written is on disk is not known, and the file is only good for being removed.
 */
export class PackWriter {
  #position = 0;
  #failure: Error | undefined;

  private constructor(
    private readonly files: PackFiles,
    readonly name: string,
    private readonly handle: FileHandle,
  ) {}

  static async create(files: PackFiles): Promise<PackWriter> {
    try {
      const { name, handle } = await files.create();
      return new PackWriter(files, name, handle);
    } catch (error) {
      throw writeError(error);
    }
  }

  /** Bytes of the file so far. */
  get bytes(): number {
    return this.#position;
  }

  /** Writes the entries one after another; gives the offset of each one's bytes. One call at a time. */
  async append(entries: readonly Entry[]): Promise<number[]> {
    return this.#once(async () => {
      const offsets: number[] = [];
      let vectors: Uint8Array[] = [];
      let start = this.#position;
      if (start === 0) {
        vectors.push(PACK_HEAD);
        this.#position = PACK_HEAD.length;
      }
      for (const piece of inPieces(entries)) {
        for (const { bytes } of piece.entries) {
          offsets.push(this.#position + ENTRY_HEAD_BYTES);
          this.#position += entryBytes(bytes.length);
        }
        vectors.push(...piece.vectors);
        if (vectors.length < MAX_VECTORS) continue;
        await this.#writeAll(vectors, start);
        vectors = [];
        start = this.#position;
      }
      if (vectors.length > 0) await this.#writeAll(vectors, start);
      return offsets;
    });
  }

  /** Bytes that were appended before. @throws NoAnswer when the disk does not answer */
  async read(offset: number, size: number): Promise<Uint8Array> {
    const bytes = Buffer.allocUnsafeSlow(size);
    const { bytesRead } = await this.#call(() => this.handle.read(bytes, 0, size, offset));
    if (bytesRead !== size) throw new Error('a pack in the making is shorter than what was written to it');
    return bytes;
  }

  /** All of it on disk, then in its place. The folder is the caller's to sync. */
  async finish(): Promise<void> {
    await this.#once(async () => {
      await this.#call(() => this.handle.sync());
      await this.files.publish(this.name);
      await this.#call(() => this.handle.close());
    });
  }

  /** Takes it away, wherever it is. Never throws. */
  async discard(): Promise<void> {
    this.#failure ??= new Error('the pack was discarded');
    await this.files.discard(this.name, this.handle);
  }

  #call<T>(call: () => Promise<T>): Promise<T> {
    return this.files.write(this.name, call);
  }

  /** A short write is not an error of the system call: the next one then tells the reason. */
  async #writeAll(vectors: readonly Uint8Array[], position: number): Promise<void> {
    let rest = vectors;
    while (rest.length > 0) {
      const { bytesWritten } = await this.#call(() => this.handle.writev(rest, position));
      if (bytesWritten === 0) throw new Error('the file system takes no more bytes and does not say why');
      position += bytesWritten;
      rest = after(rest, bytesWritten);
    }
  }

  async #once<T>(work: () => Promise<T>): Promise<T> {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      return await work();
    } catch (error) {
      this.#failure = writeError(error);
      throw this.#failure;
    }
  }
}

interface Piece {
  entries: readonly Entry[];
  vectors: Uint8Array[];
}

/** Large entries as they are, each with its head; runs of small ones copied side by side, heads and all. */
function* inPieces(entries: readonly Entry[]): Generator<Piece> {
  let small: Entry[] = [];
  for (const entry of entries) {
    if (entry.bytes.length < COPY_BELOW_BYTES) {
      small.push(entry);
      continue;
    }
    if (small.length > 0) yield joined(small);
    small = [];
    const head = Buffer.allocUnsafe(ENTRY_HEAD_BYTES);
    writeEntryHead(head, 0, { cid: entry.cid, size: entry.bytes.length });
    yield { entries: [entry], vectors: [head, entry.bytes] };
  }
  if (small.length > 0) yield joined(small);
}

function joined(entries: readonly Entry[]): Piece {
  const total = entries.reduce((sum, { bytes }) => sum + entryBytes(bytes.length), 0);
  const target = Buffer.allocUnsafe(total);
  let at = 0;
  for (const { cid, bytes } of entries) {
    writeEntryHead(target, at, { cid, size: bytes.length });
    target.set(bytes, at + ENTRY_HEAD_BYTES);
    at += entryBytes(bytes.length);
  }
  return { entries, vectors: [target] };
}

function after(vectors: readonly Uint8Array[], written: number): Uint8Array[] {
  let left = written;
  const rest: Uint8Array[] = [];
  for (const vector of vectors) {
    if (left >= vector.length) left -= vector.length;
    else {
      rest.push(left > 0 ? vector.subarray(left) : vector);
      left = 0;
    }
  }
  return rest;
}
