import { firstOf, type Log } from '@dfs/runtime';
import { NoAnswer } from '../packs/disk-calls.js';
import type { PackFiles } from '../packs/pack-files.js';
import { codeOf } from './errors.js';

/** The calls that the disk refuses at the moment. */
export interface DiskTrouble {
  /** Packs that cannot be read, and why: the code of the error, `ETIMEDOUT` where the disk does not answer. */
  unreadable: { packs: number; code: string } | null;
  /** Why nothing can be written; null while it can. */
  unwritable: { code: string } | null;
}

/** Packs that are tried again each time somebody asks. */
const TRIED_AT_ONCE = 4;

/**
 * Packs that cannot be read though nothing says that their bytes are lost, and writes that fail. Told while it lasts: what
 * failed is tried again whenever somebody asks, and forgotten once it works.
 */
export class Trouble {
  readonly #packs = new Map<string, string>();
  #write: string | undefined;
  #isTrying = false;

  constructor(
    private readonly files: PackFiles,
    private readonly log: Log,
  ) {}

  cannotRead(pack: string, error: unknown): void {
    if (!this.#packs.has(pack)) this.log.error({ pack, err: error }, 'a pack cannot be read');
    this.#packs.set(pack, reasonOf(error));
  }

  canRead(pack: string): void {
    if (this.#packs.delete(pack)) this.log.info({ pack }, 'a pack can be read again');
  }

  cannotWrite(error: unknown): void {
    if (this.#write === undefined) this.log.error({ err: error }, 'chunks cannot be written');
    this.#write = reasonOf(error);
  }

  canWrite(): void {
    if (this.#write === undefined) return;
    this.#write = undefined;
    this.log.info({}, 'chunks can be written again');
  }

  /** As far as is known. A failed call is tried again meanwhile: nobody waits for a disk that may not answer. */
  now(): DiskTrouble {
    if (!this.#isTrying && (this.#packs.size > 0 || this.#write !== undefined)) void this.#tryAgain();
    const [code] = this.#packs.values();
    return {
      unreadable: code === undefined ? null : { packs: this.#packs.size, code },
      unwritable: this.#write === undefined ? null : { code: this.#write },
    };
  }

  /** Never rejects. */
  async #tryAgain(): Promise<void> {
    this.#isTrying = true;
    const some = firstOf(this.#packs.keys(), TRIED_AT_ONCE);
    await Promise.all([...some.map((pack) => this.#tryToRead(pack)), this.#tryToWrite()]);
    this.#isTrying = false;
  }

  async #tryToRead(pack: string): Promise<void> {
    try {
      await this.files.tryReading(pack);
      this.canRead(pack);
    } catch (error) {
      // The next ones have their turn before it.
      const known = this.#packs.delete(pack);
      if (known) this.#packs.set(pack, reasonOf(error));
    }
  }

  async #tryToWrite(): Promise<void> {
    if (this.#write === undefined) return;
    try {
      await this.files.tryWriting();
      this.canWrite();
    } catch (error) {
      this.#write = reasonOf(error);
    }
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof NoAnswer) return error.code;
  return codeOf(error instanceof Error && error.cause !== undefined ? error.cause : error) ?? codeOf(error) ?? 'EIO';
}
