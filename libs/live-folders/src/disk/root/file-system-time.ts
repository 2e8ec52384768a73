import { DiskError } from '../disk-error.js';
import { joinDiskPath, ROOT, TRASH_NAME } from '../names.js';
import type { Stat } from '../root-disk.js';
import type { RootFiles } from './root-files.js';

/** A file whose mtime is this near to when it was hashed may change further without a trace: nanoseconds (rule 9). */
const RACY_NS = 2_000_000_000n;
/** How long one reading of the file system's clock is good for, in milliseconds. */
const GOOD_FOR = 500;
const MILLISECOND_NS = 1_000_000n;
const PROBE = joinDiskPath(ROOT, `${TRASH_NAME}/clock`);

/**
 * The time by which a file system stamps its files, which on a network is another machine's: read off a file of ours. No file is
 * held open, so that a disk can be taken out at any time.
 */
export class FileSystemTime {
  #read: { ns: bigint; at: number } | undefined;
  #reading: Promise<void> | undefined;

  /** @param stepNs nanoseconds between two stamps that differ */
  constructor(
    private readonly files: RootFiles,
    private readonly makeTrash: () => Promise<void>,
    private readonly stepNs: () => bigint,
  ) {}

  /** Whether a file, hashed just now, could change without a trace. A doubt is a yes. */
  async isRacy({ mtimeNs }: Stat): Promise<boolean> {
    const now = await this.now();
    const limit = RACY_NS + this.stepNs();
    return (now > mtimeNs ? now - mtimeNs : mtimeNs - now) < limit;
  }

  /** Nanoseconds since 1970. By the wall clock where nothing can be written. */
  async now(): Promise<bigint> {
    const { timers } = this.files;
    if (!this.#read || timers.ticks() - this.#read.at >= GOOD_FOR) {
      // One for all that ask: they share the file.
      await (this.#reading ??= this.#readOff().finally(() => (this.#reading = undefined)));
    }
    const { ns, at } = this.#read!;
    return ns + BigInt(Math.round((timers.ticks() - at) * 1_000_000));
  }

  /** Taken as if the file had been stamped when its answer came: what is near counts as near for a little longer. */
  async #readOff(): Promise<void> {
    const ns = await this.#measure();
    this.#read = { ns, at: this.files.timers.ticks() };
  }

  async #measure(): Promise<bigint> {
    try {
      await this.makeTrash();
      if (await this.files.look(PROBE)) await this.files.unlink(PROBE);
      return await this.files.with(PROBE, 'create', async (file) => (await file.stat()).mtimeNs);
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      return BigInt(Math.round(this.files.clock.now())) * MILLISECOND_NS;
    }
  }
}
