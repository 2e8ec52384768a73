import { randomBytes } from 'node:crypto';
import { DiskError } from '../disk-error.js';
import { joinDiskPath, ROOT, TRASH_NAME, type DiskPath } from '../names.js';
import type { Stat, TrashReason } from '../root-disk.js';
import { absent, sameBytes, type RootFiles } from '../root/root-files.js';

/** `.dfs-trash` itself. */
export const TRASH = joinDiskPath(ROOT, TRASH_NAME);

const SUFFIX = '.json';
const ID = /^[0-9a-z]{10}-[0-9a-f]{10}$/;
/** Sorts as the time does, for longer than anybody needs. */
const TIME_DIGITS = 10;
/** Paths are at most a few kilobytes. */
const MAX_NOTE_BYTES = 64 * 1024;

/**
 * A file on its way to the trash, or in it: written before the file is touched, so that whatever is found afterwards has its path.
 * `move` and `copy` are of acts that end elsewhere; their notes go with them.
 */
export interface Note {
  readonly id: string;
  readonly act: 'trash' | 'move' | 'copy';
  readonly path: DiskPath;
  /** The name under which it stands meanwhile. */
  readonly temporary?: DiskPath;
  readonly reason: TrashReason;
  readonly contentId?: string;
  /** Milliseconds since 1970, by the wall clock. */
  readonly at: number;
  /** As it was when it was looked at last: what differs from it was written since. */
  readonly stat: Stat;
  /** Its bytes were not looked at: they may be in no version. */
  readonly unseen?: boolean;
}

/** The directory `.dfs-trash`: files by their id, and beside each of them its note. */
export class Notes {
  constructor(private readonly files: RootFiles) {}

  /** Makes it if need be. @throws DiskError `outside` where something else has its name */
  async make(): Promise<void> {
    const stat = await this.files.look(TRASH);
    if (!stat) {
      await this.files.mkdir(TRASH).catch((error: unknown) => {
        if (!(error instanceof DiskError && error.code === 'EEXIST')) throw error;
      });
    }
    const [made, root] = [stat ?? (await this.files.lstat(TRASH)), await this.files.lstat(ROOT)];
    if (made.kind !== 'directory' || made.device !== root.device) throw new DiskError('outside', { path: TRASH });
  }

  /** @param durable on disk for good when it resolves */
  async write(note: Omit<Note, 'id' | 'at'>, durable = false): Promise<Note> {
    await this.make();
    const at = this.files.clock.now();
    const time = Math.max(0, Math.floor(at)).toString(36).padStart(TIME_DIGITS, '0');
    const complete: Note = { ...note, id: `${time}-${randomBytes(5).toString('hex')}`, at };
    await this.#save(noteOf(complete.id), complete, durable);
    return complete;
  }

  /** In place of what the note says. */
  async rewrite(note: Note): Promise<void> {
    const next = joinDiskPath(TRASH, `${note.id}.next`);
    if (await this.files.look(next)) await this.files.unlink(next);
    await this.#save(next, note, false);
    await this.files.rename(next, noteOf(note.id));
  }

  /** Takes the file that stands under a temporary name. */
  async take(temporary: DiskPath, { id }: Note): Promise<void> {
    await this.files.rename(temporary, fileOf(id));
  }

  async drop({ id }: Pick<Note, 'id'>): Promise<void> {
    await absent(this.files.unlink(noteOf(id)));
  }

  /** Undefined where it is gone, or a crash left half of it. */
  async read(id: string): Promise<Note | undefined> {
    const text = await absent(
      this.files.with(noteOf(id), 'read', async (file) => {
        const { size } = await file.stat();
        const bytes = Buffer.alloc(Math.min(size, MAX_NOTE_BYTES));
        return bytes.subarray(0, await file.read(bytes, 0)).toString('utf8');
      }),
    );
    return text === undefined ? undefined : parse(id, text);
  }

  /** Ids of the files, the newest first, and of notes whose file is not there. */
  async ids(): Promise<{ files: string[]; pending: string[] }> {
    const names = (await absent(this.files.readdir(TRASH))) ?? [];
    const files = new Set<string>(names.filter((name) => ID.test(name)));
    const notes = names.filter((name) => name.endsWith(SUFFIX)).map((name) => name.slice(0, -SUFFIX.length));
    return {
      files: [...files].sort().reverse(),
      pending: notes.filter((id) => ID.test(id) && !files.has(id)),
    };
  }

  /** The notes of acts that did not end. */
  async pending(): Promise<(Note & { readonly temporary: DiskPath })[]> {
    const found = [];
    for (const id of (await this.ids()).pending) {
      const note = await this.read(id);
      if (note?.temporary !== undefined) found.push({ ...note, temporary: note.temporary });
    }
    return found;
  }

  async #save(path: DiskPath, { id: _, stat, ...note }: Note, durable: boolean): Promise<void> {
    const numbers = {
      inode: `${stat.inode}`,
      mtimeNs: `${stat.mtimeNs}`,
      ctimeNs: `${stat.ctimeNs}`,
      device: `${stat.device}`,
    };
    const bytes = Buffer.from(JSON.stringify({ format: 1, ...note, stat: { ...stat, ...numbers } }));
    await this.files.with(path, 'create', async (file) => {
      for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at), at);
      if (durable) await file.sync();
    });
  }
}

/** Where the bytes of a file of the trash are. */
export function fileOf(id: string): DiskPath {
  return joinDiskPath(TRASH, id);
}

/** An id as `Notes.write` makes them. */
export function isTrashId(id: string): boolean {
  return ID.test(id);
}

/** Whether a file of the trash was written on since its note was. */
export function isWrittenOn(note: Note, stat: Stat): boolean {
  return note.unseen === true || !sameBytes(note.stat, stat, false);
}

function noteOf(id: string): DiskPath {
  return joinDiskPath(TRASH, id + SUFFIX);
}

function parse(id: string, text: string): Note | undefined {
  try {
    const { format, stat, ...note } = JSON.parse(text) as Record<string, unknown> & { stat: Record<string, string> };
    if (format !== 1 || typeof note['path'] !== 'string') return undefined;
    const { inode, mtimeNs, ctimeNs, device } = stat;
    const numbers = {
      inode: BigInt(inode!),
      mtimeNs: BigInt(mtimeNs!),
      ctimeNs: BigInt(ctimeNs!),
      device: BigInt(device!),
    };
    return { ...note, id, stat: { ...stat, ...numbers } } as unknown as Note;
  } catch {
    return undefined;
  }
}
