import { isDiskError, isDiskFailure } from '../disk-error.js';
import type { OpenFile } from '../fs/file-system.js';
import { joinDiskPath, parentOf, temporaryName, type DiskPath, type TemporaryIds } from '../names.js';
import type { Expected, Stat } from '../root-disk.js';
import { contentIdOf } from '../root/content-id.js';
import { sameBytes, sameLook, type RootFiles } from '../root/root-files.js';
import { bytesOfFile } from '../root/reader.js';
import type { Note, Notes } from '../trash/notes.js';
import type { Puts } from './put.js';

/** Errnos by which a name turns out to be none of a file. */
const NO_FILE = ['ENOENT', 'ENOTDIR', 'ELOOP', 'EMLINK', 'EISDIR', 'ENXIO'];

/** A file of the folder that stands aside, held open, seen to be the expected one. */
export interface Aside {
  readonly path: DiskPath;
  readonly temporary: DiskPath;
  readonly file: OpenFile;
  readonly stat: Stat;
  readonly note: Note;
}

/** Why a file is set aside. */
export type AsideNote = Pick<Note, 'act' | 'reason' | 'contentId'> & { readonly ids: TemporaryIds };

/** Parts of asides. */
export interface AsidesComponents {
  files: RootFiles;
  notes: Notes;
  puts: Puts;
  keepsInodes: () => boolean;
  /** Clears a temporary name that an earlier act left. */
  clear: (temporary: DiskPath) => Promise<void>;
}

/**
 * Steps b and c of rule 8: a local file is renamed aside and looked at by the same handle, before and after. A file that turns
 * out to be another one, or changed, goes back to its place.
 */
export class Asides {
  constructor(private readonly components: AsidesComponents) {}

  /** Undefined: it is not the expected file, and stands where it was. The caller closes `file`. */
  async take(path: DiskPath, expected: Expected, { ids, ...reason }: AsideNote): Promise<Aside | undefined> {
    const { files, notes, keepsInodes, clear } = this.components;
    await files.within(path);
    const file = await opened(files, path);
    if (!file) return undefined;
    try {
      const stat = await file.stat();
      if (!sameLook(expected.stat, stat, keepsInodes())) return await closed(file);
      const temporary = joinDiskPath(parentOf(path), temporaryName('aside', ids));
      if (await files.look(temporary)) await clear(temporary);
      const note = await notes.write({ ...reason, path, temporary, stat });
      const aside = { path, temporary, file, stat, note };
      try {
        await files.rename(path, temporary);
      } catch (error) {
        await notes.drop(note);
        if (isDiskError(error, 'ENOENT')) return await closed(file);
        throw error;
      }
      if (await this.#isStill(aside, expected)) return aside;
      await this.putBack(aside, true);
      return await closed(file);
    } catch (error) {
      await file.close().catch(() => undefined);
      throw error;
    }
  }

  /**
   * To its place, or into the trash if that has been taken.
   * @param unseen its bytes are not those that were expected
   */
  async putBack(
    { path, temporary, note }: Pick<Aside, 'path' | 'temporary' | 'note'>,
    unseen = false,
  ): Promise<'put-back' | 'trashed'> {
    const { files, notes, puts } = this.components;
    const stat = await files.lstat(temporary);
    if (stat.kind === 'directory') {
      // It came to the place of the file in the last moment. In the place of what is in it no rename can be.
      await files.rename(temporary, path);
    } else if ((await puts.put(temporary, path, 'theirs')).outcome === 'taken') {
      await notes.rewrite({ ...note, act: 'trash', ...(unseen && { unseen, reason: 'interrupted' }) });
      await notes.take(temporary, note);
      return 'trashed';
    }
    await notes.drop(note);
    return 'put-back';
  }

  async #isStill({ temporary, file, stat, note, path }: Aside, expected: Expected): Promise<boolean> {
    const { files } = this.components;
    try {
      const moved = await files.lstat(temporary);
      if (moved.inode !== stat.inode || moved.device !== stat.device || moved.kind !== 'file') return false;
      if (expected.racy && (await contentIdOf(bytesOfFile(file))) !== expected.contentId) return false;
      return sameBytes(stat, await file.stat());
    } catch (error) {
      if (isDiskFailure(error)) {
        await this.putBack({ temporary, note, path }, true).catch(() => undefined);
      }
      throw error;
    }
  }
}

async function opened(files: RootFiles, path: DiskPath): Promise<OpenFile | undefined> {
  try {
    return await files.open(path, 'read');
  } catch (error) {
    if (isDiskError(error, ...NO_FILE)) return undefined;
    throw error;
  }
}

async function closed(file: OpenFile): Promise<undefined> {
  await file.close().catch(() => undefined);
}
