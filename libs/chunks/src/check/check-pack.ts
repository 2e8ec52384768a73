import type { FileHandle } from 'node:fs/promises';
import { CHUNK_MAX_BYTES, cidFromBytes } from '@dfs/protocol';
import type { Reader } from '@dfs/database';
import { hashShared } from '../hashing.js';
import { placesOf, type PackRow, type Place } from '../store/index/chunk-index.js';
import { digestOf, ENTRY_HEAD_BYTES, keyOf, PACK_HEAD, readEntryHead } from '../store/packs/format.js';
import type { Unusable } from './read-only-blocks.js';

/** Problems that a store can have. */
export type StoreProblem =
  /** A pack that the database names is not there. */
  | 'missing-pack'
  /** A pack is not as long as it was, or does not begin as a pack. */
  | 'wrong-pack'
  /** A file that the database does not know. */
  | 'orphan-file'
  /** A row that names bytes that cannot be a block's: outside of the pack, or part of another block. */
  | 'orphan-row'
  /** The bytes are not those of the block. */
  | 'damaged-chunk'
  /** A node has found it damaged before, and it has not been healed. */
  | 'known-damage';

/** One thing that is wrong in a store. */
export interface StoreFinding {
  problem: StoreProblem;
  /** Id of a chunk, or a file below the folder of the store. */
  subject: string;
  /** The meaning, and the remedy. */
  detail: string;
}

/** How thorough a check is, and who hears of it while it runs. */
export interface CheckStoreOptions {
  /** Reads and hashes all bytes; otherwise only places and sizes are compared. */
  rehash: boolean;
  onFinding: (finding: StoreFinding) => void;
  /** Told how many bytes of packs have been looked at, of how many. */
  onProgress?: (bytes: number, total: number) => void;
  signal?: AbortSignal;
}

/** Chunks in a pack, as its rows say. */
export interface PackTotals {
  chunks: number;
  /** Bytes of the chunks. */
  bytes: number;
  /** Chunks of which the bytes were read and hashed. */
  hashed: number;
}

interface OpenPack {
  handle: FileHandle;
  /** Bytes that are there. */
  size: number;
  /** Gets what is found to be of no use. */
  unusable: Unusable;
}

/** Holds the rows of one pack against its bytes. */
export async function checkPack(
  db: Reader,
  pack: PackRow,
  file: OpenPack,
  { rehash, onFinding }: CheckStoreOptions,
): Promise<PackTotals> {
  const totals: PackTotals = { chunks: 0, bytes: 0, hashed: 0 };
  const reader = new EntryReader(file);
  let end = PACK_HEAD.length;
  for await (const place of placesOf(db, pack.id)) {
    totals.chunks++;
    totals.bytes += place.size;
    const subject = cidFromBytes(place.cid);
    const tell = (problem: 'orphan-row' | 'damaged-chunk', detail: string): void => {
      file.unusable.chunks.add(keyOf(place.cid));
      onFinding({ problem, subject, detail: `${detail} (pack ${pack.name}, offset ${place.offset})` });
    };
    if (place.offset - ENTRY_HEAD_BYTES < end || place.size <= 0 || place.size > CHUNK_MAX_BYTES) {
      tell('orphan-row', 'The database gives it bytes that belong to another chunk.');
      continue;
    }
    end = place.offset + place.size;
    if (end > file.size) {
      tell('orphan-row', 'The database places it beyond the end of its pack.');
      continue;
    }
    if (!rehash) continue;
    totals.hashed++;
    const wrong = await reader.wrong(place);
    if (wrong) tell('damaged-chunk', `${wrong} The node fetches it anew from other members.`);
  }
  return totals;
}

/** Reads a pack from start to end, many entries at once. */
class EntryReader {
  /** Shared memory, so that large chunks can be hashed in another thread. */
  private readonly window = new Uint8Array(new SharedArrayBuffer(2 * (CHUNK_MAX_BYTES + ENTRY_HEAD_BYTES)));
  private start = 0;
  private length = 0;

  constructor(private readonly file: OpenPack) {}

  /** The fault of an entry; undefined for a right one. */
  async wrong(place: Place): Promise<string | undefined> {
    const at = place.offset - ENTRY_HEAD_BYTES;
    try {
      await this.load(at, ENTRY_HEAD_BYTES + place.size);
    } catch (error) {
      return `Its bytes cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)}).`;
    }
    const bytes = this.window.subarray(place.offset - this.start, place.offset - this.start + place.size);
    const digest = await hashShared(bytes);
    if (Buffer.compare(digest, digestOf(place.cid)) !== 0) return 'Its bytes do not hash to its id.';
    const head = readEntryHead(Buffer.from(this.window.buffer, at - this.start, ENTRY_HEAD_BYTES));
    if (head && head.size === place.size && Buffer.compare(head.cid, place.cid) === 0) return undefined;
    return 'Its bytes are right, but what the pack says of them is not.';
  }

  private async load(at: number, length: number): Promise<void> {
    if (at >= this.start && at + length <= this.start + this.length) return;
    this.start = at;
    this.length = 0;
    const wanted = Math.min(this.window.length, this.file.size - at);
    while (this.length < wanted) {
      const { bytesRead } = await this.file.handle.read(
        this.window,
        this.length,
        wanted - this.length,
        at + this.length,
      );
      if (bytesRead === 0) throw new Error('the file ends early');
      this.length += bytesRead;
    }
  }
}
