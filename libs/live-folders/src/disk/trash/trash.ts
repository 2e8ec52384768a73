import { day, second } from '@dfs/runtime';
import type { Puts } from '../act/put.js';
import { makeDirectory } from '../act/directories.js';
import { DiskError } from '../disk-error.js';
import { parentOf, ROOT, type DiskPath } from '../names.js';
import type {
  ReadEnd,
  Reading,
  RootTrash,
  TrashEntry,
  TrashListOptions,
  TrashPage,
  TrashSelection,
} from '../root-disk.js';
import type { FileSystemTime } from '../root/file-system-time.js';
import type { Reader } from '../root/reader.js';
import { absent, type RootFiles } from '../root/root-files.js';
import { fileOf, isTrashId, isWrittenOn, TRASH, type Note, type Notes } from './notes.js';

/** A file is looked at again for so long after it went to the trash. */
const LOOKED_AT_FOR = day;
const STILL_FOR_NS = BigInt(2 * second) * 1_000_000n;

/** Parts of the trash. */
export interface TrashComponents {
  files: RootFiles;
  notes: Notes;
  puts: Puts;
  reader: Reader;
  time: FileSystemTime;
}

/** Keeps replaced and removed files (rule 6): a directory of ours in the root, on the same file system. */
export class Trash implements RootTrash {
  /** Notes that were read before: they change through us alone. */
  readonly #known = new Map<string, Note>();

  constructor(private readonly components: TrashComponents) {}

  async list({ cursor, limit, oldestFirst = false }: TrashListOptions): Promise<TrashPage> {
    const { files } = await this.components.notes.ids();
    const all = oldestFirst ? files.reverse() : files;
    const ids = all.filter((id) => cursor === undefined || (oldestFirst ? id > cursor : id < cursor));
    const page = ids.slice(0, limit);
    const entries = [];
    for (const id of page) entries.push(await this.#entry(id));
    return {
      entries: entries.filter((entry) => entry !== undefined),
      next: ids.length > limit ? page.at(-1) : undefined,
    };
  }

  async restore(id: string, to?: DiskPath): ReturnType<RootTrash['restore']> {
    const { files, notes, puts } = this.components;
    const entry = isTrashId(id) ? await this.#entry(id) : undefined;
    const path = to ?? entry?.path;
    if (!entry || path === undefined) return { outcome: 'gone' };
    const parent = parentOf(path);
    if (parent !== ROOT && (await makeDirectory(this.components, parent)).outcome === 'taken')
      return { outcome: 'taken' };
    const put = await puts.put(fileOf(id), path, 'theirs');
    if (put.outcome === 'taken') return put;
    await notes.drop({ id });
    this.#known.delete(id);
    for (const directory of [parent, TRASH]) await files.with(directory, 'directory', (each) => each.sync());
    return { outcome: 'restored', path, stat: put.stat };
  }

  async empty(selection: TrashSelection): Promise<{ files: number; bytes: number }> {
    const { files, notes } = this.components;
    const emptied = { files: 0, bytes: 0 };
    for (const id of await this.#selected(selection)) {
      const stat = await files.look(fileOf(id));
      if (!stat) continue;
      if (stat.kind === 'directory') continue;
      await files.unlink(fileOf(id));
      await notes.drop({ id });
      this.#known.delete(id);
      emptied.files++;
      emptied.bytes += stat.size;
    }
    return emptied;
  }

  async changed(): Promise<readonly TrashEntry[]> {
    const { files, notes, time } = this.components;
    const since = files.clock.now() - LOOKED_AT_FOR;
    const changed: TrashEntry[] = [];
    for (const id of (await notes.ids()).files) {
      const note = await this.#note(id);
      const stat = note && (await files.look(fileOf(id)));
      if (!stat || (!note.unseen && note.at < since) || !isWrittenOn(note, stat)) continue;
      // It is taken when the program has ended with it.
      if ((await time.now()) - stat.mtimeNs < STILL_FOR_NS && !(await this.#isOfTheFuture(stat.mtimeNs))) continue;
      changed.push(entryOf(note, stat));
    }
    return changed;
  }

  async read(id: string): Promise<Reading> {
    return this.components.reader.read(fileOf(checked(id)));
  }

  async known(id: string, { stat }: ReadEnd, contentId: string): Promise<void> {
    const note = await this.#note(checked(id));
    if (!note) return;
    const { unseen: _, ...rest } = note;
    const next = { ...rest, stat, contentId };
    await this.components.notes.rewrite(next);
    this.#known.set(id, next);
  }

  async #isOfTheFuture(mtimeNs: bigint): Promise<boolean> {
    return mtimeNs - (await this.components.time.now()) > STILL_FOR_NS;
  }

  async #selected(selection: TrashSelection): Promise<readonly string[]> {
    if (selection !== 'all' && 'ids' in selection) return selection.ids.map(checked);
    if (selection !== 'all' && 'asNoted' in selection) return this.#asNoted(selection.asNoted.map(checked));
    const { files } = await this.components.notes.ids();
    if (selection === 'all') return files;
    const old = [];
    for (const id of files) {
      const note = await this.#note(id);
      // One without a note counts from when it is first met.
      if (note && note.at < selection.olderThan) old.push(id);
    }
    return old;
  }

  /** Those that nobody has written on into since. */
  async #asNoted(ids: readonly string[]): Promise<string[]> {
    const same = [];
    for (const id of ids) {
      const [note, stat] = [await this.#note(id), await this.components.files.look(fileOf(id))];
      if (note?.contentId !== undefined && stat && !isWrittenOn(note, stat)) same.push(id);
    }
    return same;
  }

  async #entry(id: string): Promise<TrashEntry | undefined> {
    const [note, stat] = [await this.#note(id), await this.components.files.look(fileOf(id))];
    return stat && note && entryOf(note, stat);
  }

  /** The note of a file, made anew where a crash left none. */
  async #note(id: string): Promise<Note | undefined> {
    const { files, notes } = this.components;
    const note = this.#known.get(id) ?? (await notes.read(id)) ?? (await this.#remake(id));
    if (note && (await absent(files.lstat(fileOf(id))))) this.#known.set(id, note);
    return note;
  }

  async #remake(id: string): Promise<Note | undefined> {
    const { files, notes } = this.components;
    const stat = await files.look(fileOf(id));
    if (!stat) return undefined;
    const note: Note = {
      id,
      act: 'trash',
      path: fileOf(id),
      reason: 'interrupted',
      at: files.clock.now(),
      stat,
      unseen: true,
    };
    await notes.rewrite(note);
    return note;
  }
}

function entryOf({ id, path, reason, contentId, at, unseen }: Note, stat: TrashEntry['stat']): TrashEntry {
  const isLost = path.startsWith(`${TRASH}/`);
  return { id, path: isLost ? undefined : path, reason, contentId: unseen ? undefined : contentId, at, stat };
}

/** An id is a name in a directory: nothing else may become one. */
function checked(id: string): string {
  if (!isTrashId(id)) throw new DiskError('ENOENT');
  return id;
}
