import type { Tx } from '@dfs/database';
import type { Admission } from '../admission/admission.js';
import { insertPack, type PackRow } from '../index/chunk-index.js';
import { PACK_HEAD } from './format.js';
import type { Grouped } from '../index/grouped.js';
import type { PackFiles } from './pack-files.js';
import { PackWriter, type Entry } from './pack-writer.js';

/** Numbers and ownership of the packs that are on disk but not, or not by everybody, committed. */
export class PackRegistry {
  readonly #claimed = new Map<number, PackFile>();

  constructor(
    readonly files: PackFiles,
    readonly admission: Admission,
    private lastId: number,
  ) {}

  /** A pack that was just finished, on behalf of `owners` batches. */
  enter(name: string, bytes: number, owners: number): PackFile {
    const pack = new PackFile(this, { id: ++this.lastId, name, bytes }, owners);
    this.#claimed.set(pack.row.id, pack);
    return pack;
  }

  /** Whether a batch may still add rows that name this pack. */
  isClaimed(id: number): boolean {
    return this.#claimed.has(id);
  }

  forget(id: number): void {
    this.#claimed.delete(id);
  }
}

/** A whole pack in its place, shared by the batches whose blocks are in it. It goes when all of them give up. */
export class PackFile {
  #committed = false;

  constructor(
    private readonly registry: PackRegistry,
    readonly row: PackRow,
    private owners: number,
  ) {}

  /** In an owner's unit of work. */
  insert(tx: Tx): Promise<void> {
    return insertPack(tx, this.row);
  }

  /** An owner has committed. */
  committed(): void {
    if (!this.#committed) {
      this.#committed = true;
      this.registry.admission.keep(promisedBytes(this.row.bytes), this.row.bytes);
    }
    this.#drop();
  }

  /** An owner has given up. */
  async abandoned(): Promise<void> {
    this.#drop();
    if (this.owners > 0 || this.#committed) return;
    const { files, admission } = this.registry;
    await files.remove(this.row.name, () => admission.release(promisedBytes(this.row.bytes), 0));
  }

  #drop(): void {
    this.owners--;
    if (this.owners === 0) this.registry.forget(this.row.id);
  }
}

/** The bytes admitted for a pack: all but its head. */
export function promisedBytes(packBytes: number): number {
  return packBytes - PACK_HEAD.length;
}

/** Where a batch's entries went. */
export interface SharedWrite {
  pack: PackFile;
  offsets: number[];
}
/** Writes the small batches that flush at the same moment into one pack: one file and two fsyncs for all of them. */
export type SharedWrites = Grouped<readonly Entry[], SharedWrite>;

/**
 * Writes what several batches have submitted into one pack. It is durable when this resolves.
 * @throws when anything fails: then none of it was written
 */
export async function writeShared(
  registry: PackRegistry,
  submissions: readonly (readonly Entry[])[],
): Promise<SharedWrite[]> {
  const writer = await PackWriter.create(registry.files);
  try {
    const offsets = await writer.append(submissions.flat());
    await writer.finish();
    await registry.files.syncFolder();
    registry.admission.written(promisedBytes(writer.bytes));
    const pack = registry.enter(writer.name, writer.bytes, submissions.length);
    let at = 0;
    return submissions.map((entries) => ({ pack, offsets: offsets.slice(at, (at += entries.length)) }));
  } catch (error) {
    await writer.discard();
    throw error;
  }
}
