import { KiB } from '@dfs/runtime';
import { isDiskError, isDiskFailure } from '../disk-error.js';
import type { OpenFile } from '../fs/file-system.js';
import type { DiskPath } from '../names.js';
import type { Stat } from '../root-disk.js';
import { sameBytes, type RootFiles } from '../root/root-files.js';
import { fileOf, type Notes } from '../trash/notes.js';

const PIECE = 512 * KiB;
const MILLISECOND_NS = 1_000_000n;
/** Errnos by which file systems say that a file has one name: FAT, exFAT, some of networks. */
const NO_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EXDEV'];

/** A file has its place: `stat` has the size and mtime that were put there. `copied`: it has another inode. */
export type Put =
  { readonly outcome: 'put'; readonly stat: Stat; readonly copied: boolean } | { readonly outcome: 'taken' };

/**
 * Gives a file that stands under a name of ours its place, by nothing that can overwrite (rule 8 d): a link, and where there
 * are none, a copy into a file that was not there. A file that a program of others may have open (`theirs`) is never unlinked
 * as its last name: after a copy it goes to the trash, where it is looked at again.
 */
export class Puts {
  constructor(
    private readonly files: RootFiles,
    private readonly notes: Notes,
  ) {}

  async put(from: DiskPath, to: DiskPath, whose: 'ours' | 'theirs'): Promise<Put> {
    await this.files.within(to);
    const before = await this.files.lstat(from);
    try {
      await this.files.link(from, to);
    } catch (error) {
      if (isDiskError(error, 'EEXIST')) return { outcome: 'taken' };
      if (isDiskError(error, ...NO_LINKS)) return this.#copy(from, to, whose);
      throw error;
    }
    await this.files.unlink(from);
    const after = await this.files.look(to);
    // What was written into it since shows as a difference from what was put there.
    const stat = after && sameBytes(before, after) ? after : before;
    return { outcome: 'put', stat, copied: false };
  }

  async #copy(from: DiskPath, to: DiskPath, whose: 'ours' | 'theirs'): Promise<Put> {
    return this.files.with(from, 'read', async (source) => {
      const before = await source.stat();
      const note = { path: to, temporary: from, reason: 'interrupted', stat: before } as const;
      const copying = await this.notes.write({ ...note, act: 'copy' });
      let stat: Stat;
      try {
        stat = await this.files.with(to, 'create', (target) => this.#fill(source, before, target, to));
      } catch (error) {
        await this.notes.drop(copying);
        if (isDiskError(error, 'EEXIST')) return { outcome: 'taken' };
        throw error;
      }
      if (whose === 'ours') await this.files.unlink(from);
      else await this.notes.take(from, await this.notes.write({ ...note, act: 'trash' }));
      await this.notes.drop(copying);
      return { outcome: 'put', stat, copied: true };
    });
  }

  /** Takes what it wrote away again where it fails. */
  async #fill(source: OpenFile, before: Stat, target: OpenFile, to: DiskPath): Promise<Stat> {
    let written = 0;
    try {
      const piece = Buffer.allocUnsafe(PIECE);
      for (;;) {
        const length = await source.read(piece, written);
        if (length === 0) break;
        for (let at = 0; at < length;) at += await target.write(piece.subarray(at, length), written + at);
        written += length;
      }
      await target.setExecutable(before.executable);
      await target.setMtime(Number(before.mtimeNs / MILLISECOND_NS));
      await target.sync();
      return await target.stat();
    } catch (error) {
      if (isDiskFailure(error)) await this.#takeBack(target, to);
      throw error;
    }
  }

  /** The part of a copy. By way of the trash: what somebody else put there meanwhile stays in it, unseen. */
  async #takeBack(target: OpenFile, to: DiskPath): Promise<void> {
    const part = await target.stat();
    const note = await this.notes.write({ act: 'trash', path: to, reason: 'interrupted', stat: part, unseen: true });
    await this.notes.take(to, note);
    const moved = await this.files.lstat(fileOf(note.id));
    if (moved.inode !== part.inode || !sameBytes(moved, part)) return;
    await this.files.unlink(fileOf(note.id));
    await this.notes.drop(note);
  }
}
