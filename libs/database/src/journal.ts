import { constants } from 'node:fs';
import { mkdir, open, readdir, rm, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { KiB, MiB, silentLog, syncFolder, type Log } from '@dfs/runtime';

/*
 * A segment of the journal: a head, then entries to its end. Integers are big-endian.
 *
 *   head    0  8  magic "DFSJRNL" and the version, 1
 *   entry   0  4  magic "DFSJ"
 *           4  1  kind, the caller's
 *           5  3  zero
 *           8  4  bytes of the body, n
 *          12  4  CRC-32 of bytes 4 to 12 and of the body
 *          16  n  the body
 */
const SEGMENT_HEAD: Uint8Array = Buffer.from('DFSJRNL\x01', 'latin1');
const ENTRY_MAGIC = Buffer.from('DFSJ', 'latin1');
const ENTRY_HEAD_BYTES = 16;
/** Of one body. Nothing that is signed is as long. */
const MAX_BODY_BYTES = 512 * KiB;
/** A segment that is longer is followed by another: a start reads the last one whole. */
const SEGMENT_BYTES = 16 * MiB;
/** `00000007.log` */
const NAME = /^(\d{8,})\.log$/;

/** Something that was stored. */
export interface JournalEntry {
  /** 1 to 255, the caller's. */
  kind: number;
  body: Uint8Array;
}

/** Where the journal is written. `segmentBytes` is the length at which a file is closed and the next one begun. */
export interface JournalOptions {
  /** Folder of the segments; made if it is not there. */
  dir: string;
  /** The entries at the begin of every segment, so that it can be understood without those before it. */
  preamble: () => readonly JournalEntry[];
  log?: Log;
  segmentBytes?: number;
}

/**
 * The stored records once more, in plain files beside the database. Entries are written at once and without an fsync: a
 * crash
 * of the process loses none that were written, a power cut may tear off the last ones. A torn or damaged entry costs itself
 * alone. One process at a time.
 */
export class Journal {
  private readonly log: Log;
  private tail: Promise<unknown> = Promise.resolve();
  private waiting: Waiting[] = [];
  private failed = false;

  private constructor(
    private readonly options: JournalOptions,
    private newest: number,
    private segment: FileHandle,
    /** Bytes of the segment that is written. */
    private length: number,
    /** Bytes of those before it. */
    private earlier: number,
  ) {
    this.log = options.log ?? silentLog;
  }

  /**
   * Goes on behind the last whole entry.
   * @param visit is shown the entries of the newest segment, in their order
   */
  static async open(options: JournalOptions, visit: (entry: JournalEntry) => void = () => undefined): Promise<Journal> {
    const { dir } = options;
    await mkdir(dir, { recursive: true, mode: 0o700 });
    const segments = await segmentsIn(dir);
    const last = segments.at(-1);
    if (!last) return Journal.begin(options, 1, 0);
    const earlier = segments.slice(0, -1).reduce((sum, { bytes }) => sum + bytes, 0);
    let whole = 0;
    for await (const { end, ...entry } of entriesIn(last.file)) {
      whole = end;
      visit(entry);
    }
    if (whole === 0) return Journal.begin(options, last.number + 1, earlier + last.bytes);
    const segment = await open(last.file, constants.O_WRONLY);
    await segment.truncate(whole);
    return new Journal(options, last.number, segment, whole, earlier);
  }

  /** Of the segment that is written. */
  get number(): number {
    return this.newest;
  }

  /** Bytes of all segments. */
  get bytes(): number {
    return this.earlier + this.length;
  }

  /** Whether a write has failed: nothing more is written, until it is opened anew. */
  get isBroken(): boolean {
    return this.failed;
  }

  /**
   * Writes these entries soon, in the order of the calls. A failure to write is told by `isBroken`, not thrown.
   * @param written called once they are written, before anything that comes after them is
   */
  append(entries: readonly JournalEntry[], written?: () => void): void {
    if (entries.length === 0) return;
    const isFirst = this.waiting.length === 0;
    this.waiting.push({ bytes: Buffer.concat(entries.map(encode)), written });
    if (isFirst) void this.enqueue(() => this.write());
  }

  /**
   * Begins a new segment, and gives its number: what is stored from now on is in it, or in later ones.
   * @param number of the segment at least
   * @throws Error of the file system, or because an earlier write failed
   */
  cut(number = 0): Promise<number> {
    return this.enqueue(async () => {
      await this.write();
      if (this.failed) throw new Error('the journal cannot be written');
      await this.next(number);
      return this.newest;
    });
  }

  /**
   * Removes segments before this one, the oldest first, as long as those before it take more than `keepBytes`.
   * @throws Error of the file system
   */
  dropBefore(number: number, keepBytes: number): Promise<void> {
    return this.enqueue(async () => {
      const old = (await segmentsIn(this.options.dir)).filter(
        (segment) => segment.number < Math.min(number, this.newest),
      );
      let bytes = old.reduce((sum, segment) => sum + segment.bytes, 0);
      for (const segment of old) {
        if (bytes <= keepBytes) break;
        await rm(segment.file);
        bytes -= segment.bytes;
        this.earlier -= segment.bytes;
      }
    });
  }

  /** Waits for what was appended. */
  async close(): Promise<void> {
    await this.enqueue(() => this.segment.close());
  }

  private static async begin(options: JournalOptions, number: number, earlier: number): Promise<Journal> {
    const { segment, length } = await beginSegment(options, number);
    return new Journal(options, number, segment, length, earlier);
  }

  private async next(least = 0): Promise<void> {
    const number = Math.max(least, this.newest + 1);
    // The next one may say where this one ends: it must not outlive that in a power cut.
    await this.segment.datasync();
    const { segment, length } = await beginSegment(this.options, number);
    await this.segment.close();
    this.segment = segment;
    this.newest = number;
    this.earlier += this.length;
    this.length = length;
  }

  private async write(): Promise<void> {
    const waiting = this.waiting;
    this.waiting = [];
    const bytes = Buffer.concat(waiting.map((one) => one.bytes));
    if (bytes.length === 0 || this.failed) return;
    try {
      if (this.length + bytes.length > (this.options.segmentBytes ?? SEGMENT_BYTES)) await this.next();
      await writeAt(this.segment, bytes, this.length);
      this.length += bytes.length;
      for (const { written } of waiting) written?.();
    } catch (error) {
      this.failed = true;
      this.log.warn({ err: error }, 'the journal cannot be written: a restore would lack what is stored now');
    }
  }

  private enqueue<T>(work: () => Promise<T>): Promise<T> {
    const run = this.tail.then(work);
    this.tail = run.catch(() => undefined);
    return run;
  }
}

/** Entries of all segments of a folder, the oldest first; what is torn or damaged is left out. None where there is no folder. */
export async function* readJournal(dir: string): AsyncGenerator<JournalEntry, void, undefined> {
  for (const { file } of await segmentsIn(dir)) {
    for await (const { kind, body } of entriesIn(file)) yield { kind, body };
  }
}

interface Waiting {
  bytes: Buffer;
  written: (() => void) | undefined;
}

interface Segment {
  number: number;
  file: string;
  bytes: number;
}

/** The oldest first. */
async function segmentsIn(dir: string): Promise<Segment[]> {
  const names = await readdir(dir).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const numbered = names.flatMap((name) => {
    const match = NAME.exec(name);
    return match ? [{ number: Number(match[1]), file: join(dir, name) }] : [];
  });
  const segments = await Promise.all(numbered.map(async (one) => ({ ...one, bytes: (await stat(one.file)).size })));
  return segments.sort((a, b) => a.number - b.number);
}

async function beginSegment(
  { dir, preamble }: JournalOptions,
  number: number,
): Promise<{ segment: FileHandle; length: number }> {
  const file = join(dir, `${String(number).padStart(8, '0')}.log`);
  const bytes = Buffer.concat([SEGMENT_HEAD, ...preamble().map(encode)]);
  const segment = await open(file, 'wx', 0o600);
  try {
    await writeAt(segment, bytes, 0);
    await syncFolder(dir);
    return { segment, length: bytes.length };
  } catch (error) {
    await segment.close();
    await rm(file, { force: true });
    throw error;
  }
}

/** At a place: what a failed write left behind it is written over. */
async function writeAt(file: FileHandle, bytes: Buffer, at: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    done += (await file.write(bytes, done, bytes.length - done, at + done)).bytesWritten;
  }
}

function encode({ kind, body }: JournalEntry): Buffer {
  if (body.length > MAX_BODY_BYTES)
    throw new RangeError(`an entry of ${body.length} bytes is too long for the journal`);
  const head = Buffer.alloc(ENTRY_HEAD_BYTES);
  ENTRY_MAGIC.copy(head);
  head.writeUInt8(kind, 4);
  head.writeUInt32BE(body.length, 8);
  head.writeUInt32BE(crc32(body, crc32(head.subarray(4, 12))), 12);
  return Buffer.concat([head, body]);
}

/** Whole entries of a segment, with where each ends. A segment without its head has none. */
async function* entriesIn(file: string): AsyncGenerator<JournalEntry & { end: number }, void, undefined> {
  const handle = await open(file, 'r');
  try {
    // Of bounded size: a segment ends soon after SEGMENT_BYTES.
    const bytes = await handle.readFile();
    if (!bytes.subarray(0, SEGMENT_HEAD.length).equals(SEGMENT_HEAD)) return;
    for (let at = SEGMENT_HEAD.length; at >= 0 && at < bytes.length;) {
      const entry = entryAt(bytes, at);
      // Damaged: go on with what looks like the next one.
      if (!entry) at = bytes.indexOf(ENTRY_MAGIC, at + 1);
      else yield { ...entry, end: (at = entry.end) };
    }
  } finally {
    await handle.close();
  }
}

function entryAt(bytes: Buffer, at: number): (JournalEntry & { end: number }) | undefined {
  if (bytes.length - at < ENTRY_HEAD_BYTES || !bytes.subarray(at, at + ENTRY_MAGIC.length).equals(ENTRY_MAGIC))
    return undefined;
  const length = bytes.readUInt32BE(at + 8);
  const end = at + ENTRY_HEAD_BYTES + length;
  if (length > MAX_BODY_BYTES || end > bytes.length) return undefined;
  const body = bytes.subarray(at + ENTRY_HEAD_BYTES, end);
  if (crc32(body, crc32(bytes.subarray(at + 4, at + 12))) !== bytes.readUInt32BE(at + 12)) return undefined;
  return { kind: bytes.readUInt8(at + 4), body, end };
}
