import { isDiskError } from '../disk-error.js';
import { nameOf, parentOf, readTemporaryName, type DiskPath } from '../names.js';
import type { Recovered, Stat } from '../root-disk.js';
import type { RootFiles } from '../root/root-files.js';
import { fileOf, TRASH, type Note, type Notes } from '../trash/notes.js';
import type { Asides } from './asides.js';
import { equalBytes } from './put.js';
import { discard } from './stage.js';

type Pending = Note & { readonly temporary: DiskPath };

/** Parts of recovery. */
export interface RecoveryComponents {
  files: RootFiles;
  notes: Notes;
  asides: Asides;
}

/**
 * Ends what was interrupted. A file that stands aside goes back where its path is free, else to the trash; a staged one, whose
 * bytes are those of a record, goes.
 */
export class Recovery {
  constructor(private readonly components: RecoveryComponents) {}

  async recover(temporaries: readonly { temporary: DiskPath; path?: DiskPath }[]): Promise<Recovered[]> {
    const pending = await this.components.notes.pending();
    for (const note of pending) if (note.act === 'copy' && isInTrash(note)) await this.#endCopyOut(note);
    const recovered: Recovered[] = [];
    for (const { temporary, path } of temporaries) recovered.push(await this.#one(temporary, path, pending));
    await this.#forget(pending);
    return recovered;
  }

  /** One name that is in the way of a new act: whatever was to become of it is over. */
  async clear(temporary: DiskPath): Promise<void> {
    await this.#one(temporary, undefined, await this.components.notes.pending());
  }

  async #one(temporary: DiskPath, known: DiskPath | undefined, pending: readonly Pending[]): Promise<Recovered> {
    const { files, asides } = this.components;
    await files.within(temporary);
    const stat = await files.look(temporary);
    const name = readTemporaryName(nameOf(temporary));
    if (!stat || !name) return { temporary, outcome: 'gone' };
    const notes = pending.filter((each) => each.temporary === temporary);
    const note = notes.find(({ act }) => act !== 'copy');
    for (const each of notes) if (each.act === 'copy') await this.#endCopy(each, stat);
    if (name.kind === 'staged' && stat.kind === 'file') {
      await discard(files, { temporary });
      return { temporary, outcome: 'removed' };
    }
    const path = note?.path ?? known;
    if (path !== undefined && (await this.#isThere(path, stat))) {
      await files.unlink(temporary);
      return { temporary, outcome: 'put-back', path };
    }
    const lost = { act: 'trash', reason: 'interrupted', temporary, stat, unseen: true } as const;
    const kept = note?.act === 'trash' ? note : await this.components.notes.write({ ...lost, path: path ?? temporary });
    if (path === undefined) {
      await this.components.notes.take(temporary, kept);
      return { temporary, outcome: 'trashed' };
    }
    try {
      return { temporary, outcome: await asides.putBack({ path, temporary, note: kept }, true), path };
    } catch (error) {
      // Another one has the place of this directory: it stays aside, and its path unknown, until that makes way.
      if (stat.kind === 'directory' && isDiskError(error, 'ENOTEMPTY', 'EEXIST', 'ENOTDIR'))
        return { temporary, outcome: 'gone' };
      throw error;
    }
  }

  /** The same file has its place already, by another name of the same inode. */
  async #isThere(path: DiskPath, stat: Stat): Promise<boolean> {
    const there = await this.components.files.look(path).catch(() => undefined);
    return there?.inode === stat.inode && there.device === stat.device && stat.kind === 'file' && stat.links > 1;
  }

  /** The part of a copy is no local change: it goes to the trash. Other bytes are somebody's, and stay. */
  async #endCopy({ path, temporary }: Pending, source: Stat): Promise<void> {
    const { files, notes } = this.components;
    const part = await files.look(path).catch(() => undefined);
    if (part?.kind !== 'file' || part.size >= source.size) return;
    const isPart = await files.with(path, 'read', (a) =>
      files.with(temporary, 'read', (b) => equalBytes(a, b, part.size)),
    );
    if (!isPart) return;
    const note = await notes.write({ act: 'trash', path, reason: 'interrupted', stat: part });
    await notes.take(path, note);
  }

  /** Of a file that was to come back from the trash: that stays there. */
  async #endCopyOut(note: Pending): Promise<void> {
    const source = await this.components.files.look(note.temporary);
    if (source) await this.#endCopy(note, source);
    await this.components.notes.drop(note);
  }

  /** Notes of acts whose file is neither aside nor in the trash: the act had ended. */
  async #forget(pending: readonly Pending[]): Promise<void> {
    const { files, notes } = this.components;
    for (const note of pending) {
      const places = [note.temporary, fileOf(note.id)];
      const found = await Promise.all(places.map((path) => files.look(path).catch(() => 'unknown' as const)));
      if (found.every((each) => each === undefined)) await notes.drop(note);
    }
  }
}

function isInTrash({ temporary }: Pending): boolean {
  return parentOf(temporary) === TRASH;
}
