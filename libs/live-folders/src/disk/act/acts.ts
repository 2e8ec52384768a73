import { DiskError, isDiskError } from '../disk-error.js';
import type { DiskPath, TemporaryIds } from '../names.js';
import type {
  Expected,
  FileAttributes,
  NotDone,
  Placed,
  RootDisk,
  Staged,
  Stat,
  TrashNote,
  WholeFile,
  WholeWritten,
} from '../root-disk.js';
import { contentIdOf } from '../root/content-id.js';
import type { FileSystemTime } from '../root/file-system-time.js';
import { bytesOfFile } from '../root/reader.js';
import { sameBytes, sameLook, type RootFiles } from '../root/root-files.js';
import type { Notes } from '../trash/notes.js';
import type { Aside, Asides } from './asides.js';
import type { Put, Puts } from './put.js';
import { discard } from './stage.js';

/** Parts of acts on files. */
export interface ActsComponents {
  files: RootFiles;
  notes: Notes;
  puts: Puts;
  asides: Asides;
  time: FileSystemTime;
  keepsInodes: () => boolean;
}

const CHANGED: NotDone = { outcome: 'changed' };
const TAKEN: NotDone = { outcome: 'taken' };

/** Files are replaced, removed and moved by the steps of rule 8, and by no other way. */
export class Acts {
  constructor(private readonly components: ActsComponents) {}

  /** Puts a staged file in its place. The file that stood there goes to the trash once the new one stands. */
  async place(staged: Staged, replaced?: { expected: Expected; note: TrashNote }): Promise<Placed | NotDone> {
    const { files } = this.components;
    if (!replaced) {
      const put = await this.#putStaged(staged);
      return put.outcome === 'taken' ? TAKEN : this.#placed(put);
    }
    const aside = await this.#asideOr(staged, replaced);
    if (!aside) return CHANGED;
    try {
      // Permissions to read a file are no attribute of a record: they stay as they were here.
      await files.with(staged.temporary, 'change', (file) => file.takeModeOf(aside.file)).catch(ignorePermission);
      const put = await this.#putStaged(staged, aside);
      // Somebody has made another file meanwhile: that stays, and what was aside is the version before it.
      await this.#toTrash(aside);
      return put.outcome === 'taken' ? TAKEN : { ...(await this.#placed(put)), trashed: aside.note.id };
    } finally {
      await aside.file.close().catch(() => undefined);
    }
  }

  /** Puts several staged files in their places, each for itself. In place of one that could not be staged there is why. */
  async placeAll(staged: readonly (Staged | DiskError)[], all: readonly WholeFile[]): Promise<WholeWritten[]> {
    const written: WholeWritten[] = [];
    for (const [at, one] of staged.entries()) {
      try {
        if (one instanceof DiskError) throw one;
        written.push(await this.place(one, all[at]!.replaced));
      } catch (error) {
        if (!(error instanceof DiskError)) throw error;
        written.push({ outcome: 'failed', code: error.code });
      }
    }
    return written;
  }

  async remove(
    path: DiskPath,
    expected: Expected,
    note: TrashNote,
  ): Promise<{ outcome: 'removed'; id: string } | NotDone> {
    const { asides } = this.components;
    const aside = await asides.take(path, expected, { act: 'trash', ...note });
    if (!aside) return CHANGED;
    try {
      await this.#toTrash(aside).catch(async (error: unknown) => {
        await asides.putBack(aside).catch(() => undefined);
        throw error;
      });
      return { outcome: 'removed', id: aside.note.id };
    } finally {
      await aside.file.close().catch(() => undefined);
    }
  }

  async move(
    from: DiskPath,
    to: DiskPath,
    expected: Expected,
    ids: TemporaryIds,
  ): Promise<{ outcome: 'moved'; stat: Stat; racy: boolean } | NotDone> {
    const { asides, puts, notes, files, time } = this.components;
    await files.within(to);
    const aside = await asides.take(from, expected, { act: 'move', reason: 'interrupted', ids });
    if (!aside) return CHANGED;
    try {
      const put = await puts.put(aside.temporary, to, 'theirs').catch(async (error: unknown) => {
        await asides.putBack(aside).catch(() => undefined);
        throw error;
      });
      if (put.outcome === 'taken') {
        await asides.putBack(aside);
        return TAKEN;
      }
      await notes.drop(aside.note);
      const stat = this.#asLookedAt(put, aside.stat);
      return { outcome: 'moved', stat, racy: expected.racy || (await time.isRacy(stat)) };
    } finally {
      await aside.file.close().catch(() => undefined);
    }
  }

  /** The bytes are hashed behind the change: whatever was written before it shows, although mtime does not tell. */
  async setAttributes(
    path: DiskPath,
    expected: Expected,
    { mtime, executable }: FileAttributes,
  ): ReturnType<RootDisk['setAttributes']> {
    const { files, keepsInodes, time } = this.components;
    await files.within(path);
    try {
      return await files.with(path, 'change', async (file) => {
        if (!sameLook(expected.stat, await file.stat(), keepsInodes())) return CHANGED;
        if (executable !== undefined) await file.setExecutable(executable);
        if (mtime !== undefined) await file.setMtime(mtime);
        const set = await file.stat();
        if ((await contentIdOf(bytesOfFile(file))) !== expected.contentId) return CHANGED;
        const after = await file.stat();
        const stat = sameBytes(set, after) ? after : set;
        return { outcome: 'set', stat, racy: await time.isRacy(stat) } as const;
      });
    } catch (error) {
      if (isDiskError(error, 'ENOENT', 'ELOOP', 'EMLINK', 'EISDIR', 'ENXIO', 'ETXTBSY')) return CHANGED;
      throw error;
    }
  }

  async #asideOr(
    staged: Staged,
    { expected, note }: { expected: Expected; note: TrashNote },
  ): Promise<Aside | undefined> {
    const { files, asides } = this.components;
    let aside: Aside | undefined;
    try {
      aside = await asides.take(staged.path, expected, { act: 'trash', ...note });
      return aside;
    } finally {
      if (!aside) await discard(files, staged).catch(() => undefined);
    }
  }

  /** The staged file is gone afterwards, whatever happens; what stood aside is back where that failed. */
  async #putStaged(staged: Staged, aside?: Aside): Promise<Put> {
    const { files, puts, asides } = this.components;
    try {
      const put = await puts.put(staged.temporary, staged.path, 'ours');
      if (put.outcome === 'taken') await discard(files, staged);
      return put.outcome === 'taken' ? put : { ...put, stat: this.#asLookedAt(put, staged.stat) };
    } catch (error) {
      if (aside) await asides.putBack(aside).catch(() => undefined);
      await discard(files, staged).catch(() => undefined);
      throw error;
    }
  }

  /** Size and mtime as we know the bytes: what was written since then differs from them. */
  #asLookedAt({ stat, copied }: Extract<Put, { outcome: 'put' }>, known: Stat): Stat {
    return copied || sameBytes(stat, known) ? stat : known;
  }

  async #toTrash({ temporary, note }: Aside): Promise<void> {
    await this.components.notes.take(temporary, note);
  }

  async #placed({ stat }: Extract<Put, { outcome: 'put' }>): Promise<Placed> {
    return { outcome: 'placed', stat, racy: await this.components.time.isRacy(stat) };
  }
}

function ignorePermission(error: unknown): void {
  if (!isDiskError(error, 'EPERM', 'EACCES', 'ENOTSUP', 'EOPNOTSUPP')) throw error;
}
