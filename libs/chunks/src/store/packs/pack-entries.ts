import type { FileHandle } from 'node:fs/promises';
import { CHUNK_MAX_BYTES, cidFromBytes } from '@dfs/protocol';
import { KiB } from '@dfs/runtime';
import { ENTRY_HEAD_BYTES, isBlock, PACK_HEAD, readEntryHead, type EntryHead } from './format.js';

/** An entry of a pack, as its head says. */
export interface FoundEntry extends EntryHead {
  /** Where its bytes begin. */
  offset: number;
}

/** Bytes read at once: the heads of many small entries, or that of a large one. */
const WINDOW_BYTES = 16 * KiB;
const ENTRY_MARK = Buffer.from('DFSE', 'latin1');

/**
 * The entries of a pack, by their own heads, from a position on. Entries that follow on one another are not hashed: every
 * reader does that. Behind a head that is damaged the next entry is looked for, and taken only if its bytes hash to its id.
 * @param from bytes; 0, or the end of an entry
 */
export async function* entriesOf(
  handle: FileHandle,
  bytes: number,
  from: number,
): AsyncGenerator<FoundEntry, void, undefined> {
  const window = new Window(handle, bytes);
  let at = Math.max(from, PACK_HEAD.length);
  let follows = from > 0 || (await window.at(0, PACK_HEAD.length)).equals(PACK_HEAD);
  while (at + ENTRY_HEAD_BYTES <= bytes) {
    const entry = entryAt(at, await window.at(at, ENTRY_HEAD_BYTES), bytes);
    if (entry && (follows || (await isWhole(handle, entry)))) {
      follows = true;
      yield entry;
      at = entry.offset + entry.size;
    } else {
      follows = false;
      at = await window.next(ENTRY_MARK, at + 1);
    }
  }
}

/** Whether the bytes of an entry hash to its id. */
export async function isWhole(handle: FileHandle, { cid, offset, size }: FoundEntry): Promise<boolean> {
  const bytes = Buffer.allocUnsafeSlow(size);
  const { bytesRead } = await handle.read(bytes, 0, size, offset);
  return bytesRead === size && isBlock(cid, bytes);
}

function entryAt(at: number, bytes: Buffer, packBytes: number): FoundEntry | undefined {
  const head = readEntryHead(bytes);
  if (!head || head.size < 1 || head.size > CHUNK_MAX_BYTES || !isId(head.cid)) return undefined;
  const offset = at + ENTRY_HEAD_BYTES;
  return offset + head.size > packBytes ? undefined : { cid: Buffer.from(head.cid), size: head.size, offset };
}

function isId(cid: Uint8Array): boolean {
  try {
    cidFromBytes(cid);
    return true;
  } catch {
    return false;
  }
}

/** Part of a file in memory, which moves along. */
class Window {
  readonly #buffer = Buffer.allocUnsafeSlow(WINDOW_BYTES);
  #start = 0;
  #length = 0;

  constructor(
    private readonly handle: FileHandle,
    private readonly bytes: number,
  ) {}

  /** So many bytes, or those up to the end of the file. Good until the next call. */
  async at(position: number, length: number): Promise<Buffer> {
    if (position < this.#start || position + length > this.#start + this.#length) await this.#load(position);
    const from = position - this.#start;
    return this.#buffer.subarray(from, Math.min(from + length, this.#length));
  }

  /** Where these bytes come next, from a position on; the length of the file when they do not. */
  async next(bytes: Buffer, position: number): Promise<number> {
    for (let from = position; from < this.bytes; from += WINDOW_BYTES - bytes.length) {
      await this.#load(from);
      const found = this.#buffer.subarray(0, this.#length).indexOf(bytes);
      if (found >= 0) return from + found;
    }
    return this.bytes;
  }

  async #load(position: number): Promise<void> {
    this.#start = position;
    this.#length = 0;
    const wanted = Math.min(WINDOW_BYTES, this.bytes - position);
    while (this.#length < wanted) {
      const { bytesRead } = await this.handle.read(
        this.#buffer,
        this.#length,
        wanted - this.#length,
        position + this.#length,
      );
      if (bytesRead === 0) return;
      this.#length += bytesRead;
    }
  }
}
