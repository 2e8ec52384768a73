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
 * as its last name: after a copy it goes to the trash, where it is looked at again. One thing a disk without links cannot give:
 * a program that opens the new file while it is being copied, and writes between our look at it and our write, loses that.
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
      if (isDiskError(error, 'EEXIST')) return TAKEN;
      if (isDiskError(error, ...NO_LINKS)) return this.#copy(from, to, whose);
      throw error;
    }
    await this.files.unlink(from);
    const after = await this.files.look(to);
    // A later write shows as a difference from the bytes that were put there.
    const stat = after && sameBytes(before, after) ? after : before;
    return { outcome: 'put', stat, copied: false };
  }

  async #copy(from: DiskPath, to: DiskPath, whose: 'ours' | 'theirs'): Promise<Put> {
    return this.files.with(from, 'read', async (source) => {
      const before = await source.stat();
      const note = { path: to, temporary: from, reason: 'interrupted', stat: before } as const;
      // After a power cut it is all that tells the part of a copy from a change of others.
      const copying = await this.notes.write({ ...note, act: 'copy' }, true);
      let stat: Stat | undefined;
      try {
        stat = await this.files.with(to, 'create', (target) => this.#fill(source, before, target, to));
      } catch (error) {
        await this.notes.drop(copying);
        if (isDiskError(error, 'EEXIST')) return TAKEN;
        throw error;
      }
      if (stat && whose === 'ours') await this.files.unlink(from);
      else if (stat) await this.notes.take(from, await this.notes.write({ ...note, act: 'trash' }));
      await this.notes.drop(copying);
      return stat ? { outcome: 'put', stat, copied: true } : TAKEN;
    });
  }

  /** Takes what it wrote away again where it fails. @returns undefined where somebody else writes into the new file */
  async #fill(source: OpenFile, before: Stat, target: OpenFile, to: DiskPath): Promise<Stat | undefined> {
    try {
      if (!(await copyBytes(source, before.size, target))) return undefined;
      await target.setExecutable(before.executable);
      await target.setMtime(Number(before.mtimeNs / MILLISECOND_NS));
      await target.sync();
      const copied = await target.stat();
      const isEqual = (await equalBytes(source, target, before.size)) && sameBytes(before, await source.stat());
      const isWhole = isEqual && copied.size === before.size && sameBytes(copied, await target.stat());
      // Equal to no stat that a disk gives: whatever was written into either file meanwhile will be looked at.
      return isWhole ? copied : { ...copied, ctimeNs: 0n };
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

const TAKEN = { outcome: 'taken' } as const;

/** @returns false where the target is not as long as what was written to it */
async function copyBytes(source: OpenFile, size: number, target: OpenFile): Promise<boolean> {
  const piece = Buffer.allocUnsafe(Math.min(PIECE, size));
  for (let written = 0; written < size;) {
    const length = await source.read(piece.subarray(0, Math.min(PIECE, size - written)), written);
    if (length === 0) break;
    if ((await target.stat()).size !== written) return false;
    for (let at = 0; at < length;) at += await target.write(piece.subarray(at, length), written + at);
    written += length;
  }
  return true;
}

/** Whether so many bytes of both, from the beginning on, are there and the same. */
export async function equalBytes(a: OpenFile, b: OpenFile, size: number): Promise<boolean> {
  const [one, other] = [Buffer.allocUnsafe(Math.min(PIECE, size)), Buffer.allocUnsafe(Math.min(PIECE, size))];
  for (let at = 0; at < size; at += PIECE) {
    const length = Math.min(PIECE, size - at);
    const counts = [await a.read(one.subarray(0, length), at), await b.read(other.subarray(0, length), at)];
    if (counts.some((count) => count < length) || one.compare(other, 0, length, 0, length) !== 0) return false;
  }
  return true;
}
