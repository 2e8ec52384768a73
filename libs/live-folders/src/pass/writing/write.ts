import { CHUNK_MIN_BYTES, EMPTY_CONTENT } from '@dfs/protocol';
import { isDfsError, MiB } from '@dfs/runtime';
import type { BaseChange } from '../../base/base-tree.js';
import { isDiskError } from '../../disk/disk-error.js';
import { joinDiskPath, parentOf, ROOT, toDiskPath, type DiskPath, type TemporaryIds } from '../../disk/names.js';
import type { NotDone, Placed, Staged, Stat, TrashNote, WholeFile } from '../../disk/root-disk.js';
import { bitOf } from '../../plan/decide.js';
import type { Seen, Step, WhyTrashed } from '../../plan/model.js';
import { writes, type WritingStep } from '../../plan/plan.js';
import type { Head } from '@dfs/catalogue';
import type { PassContext } from '../context.js';
import type { DiskTree } from '../disk-tree.js';
import { folds } from '../assemble.js';
import { groupsOf, ONE_CALL, type GroupLimits } from '../groups.js';
import { isFull, lookAgain, tellFailure, tellFull, tellTwin, TRY_AGAIN } from './failures.js';
import { attributesOf, contentOf, decomposed, expectedOf, rowOf } from './rows.js';
import { Spellings } from './spellings.js';
import { bytesOf, deepestFirst, isSmall, PHASES, type WriteStep } from './steps.js';
import { TrashRoom } from './trash-room.js';

/** Steps whose base rows are written together. */
const BATCH: GroupLimits = { count: 512, bytes: 256 * MiB };
/** Files, or groups of small ones, that are fetched and written at a time. */
const TOGETHER = 4;
/** Milliseconds after which a file is looked at again that changed just now, and one that went to the trash (rules 6 and 9). */
const RACY = 2100;
/** Milliseconds until a file is looked at again whose move failed. */
const MOVED_NOT = 1000;

/**
 * Does to the disk what the plan says (rule 8). A file that is not as expected stays, and is looked at again. The base rows follow when the
 * directories are durable.
 */
export async function write(context: PassContext, tree: DiskTree, steps: readonly Step[]): Promise<void> {
  const all = steps.filter(writes);
  if (all.length === 0 || !(await raised(context))) return;
  const leaving = all.flatMap((step) => (step.do === 'remove' ? [step.path] : step.do === 'move' ? [step.from] : []));
  const writer = new Writer(context, tree, new Set(leaving));
  for (const phase of PHASES) {
    const some = all.filter((step) => phase.includes(step.do));
    const ordered = phase.includes('remove-directory') ? some.sort(deepestFirst) : some;
    for (const batch of groupsOf(ordered, bytesOf, BATCH)) await writer.batch(batch);
  }
}

/** A change of the base tree; `stat`: of what stands on the disk since. */
type Done = BaseChange & { readonly stat?: Stat };

class Writer {
  private changes: Done[] = [];
  private readonly touched = new Set<DiskPath>();
  /** Names of directories that were made. */
  private readonly made = new Map<string, DiskPath>();
  /** Directories that are being made. */
  private readonly making = new Map<string, Promise<DiskPath | undefined>>();
  /** Directories in which something is left. */
  private readonly kept = new Set<string>();
  private readonly spellings: Spellings;
  private readonly trash: TrashRoom;

  constructor(
    private readonly context: PassContext,
    private readonly tree: DiskTree,
    leaving: ReadonlySet<string>,
  ) {
    this.spellings = new Spellings(context, tree, leaving);
    this.trash = new TrashRoom(context);
  }

  async batch(steps: readonly WritingStep[]): Promise<void> {
    const isMany = steps.every((step) => step.do === 'write');
    const small = steps.filter(isSmall);
    const queue: (() => Promise<void>)[] = [];
    for (const group of groupsOf(small, bytesOf, ONE_CALL)) queue.push(() => this.group(group));
    for (const step of steps) if (!isSmall(step)) queue.push(() => this.one(step));
    const work = async (): Promise<void> => {
      for (let next = queue.shift(); next; next = queue.shift()) await next();
    };
    try {
      await Promise.all(Array.from({ length: isMany ? TOGETHER : 1 }, work));
    } finally {
      queue.length = 0;
      await this.settle();
    }
  }

  /** Makes durable what was done, and then says so. */
  private async settle(): Promise<void> {
    const { disk, base, parts, root } = this.context;
    const changes = this.changes.splice(0);
    if (changes.length === 0) return;
    await disk.settle([...this.touched]);
    this.touched.clear();
    // A file that went into the mount point of a disk that is gone was never on that disk.
    const { device } = await root.check();
    const there = await this.there(changes, device);
    await parts.db.write((tx) => base.change(tx, there));
  }

  /** Those that are on the disk: seen by the device, and where a file system gives files others than directories, by another look. */
  private async there(changes: readonly Done[], device: bigint): Promise<readonly Done[]> {
    const inDoubt = changes.filter(({ stat }) => stat !== undefined && stat.device !== device);
    if (inDoubt.length === 0) return changes;
    const directories = new Set(inDoubt.flatMap(({ row }) => (row ? [parentOf(row.name)] : [])));
    const inodes = new Map<string, bigint>();
    for (const listing of await this.context.disk.list([...directories])) {
      if (listing.outcome !== 'whole') continue;
      for (const { name, stat } of listing.entries) inodes.set(joinDiskPath(listing.directory, name), stat.inode);
    }
    return changes.filter((one) => {
      if (!inDoubt.includes(one) || (one.row && inodes.get(one.row.name) === one.stat?.inode)) return true;
      lookAgain(this.context.notes, one.path);
      return false;
    });
  }

  private async one(step: WritingStep): Promise<void> {
    this.context.signal.throwIfAborted();
    if (this.context.isOver()) return;
    try {
      await this.act(step);
    } catch (error) {
      tellFailure(this.context.notes, step.do === 'move' ? step.to : step.path, error);
      // The file that was to leave stands where it was.
      if (step.do === 'move') this.context.notes.lookAgain(step.from, MOVED_NOT);
    }
  }

  private act(step: WritingStep): Promise<void> {
    switch (step.do) {
      case 'write':
        return this.write(step);
      case 'remove':
        return this.remove(step.path, step.record, step.seen, step.why);
      case 'move':
        return this.move(step.from, step.to, step.head, step.seen);
      case 'attributes':
        return this.attributes(step.path, step.head, step.seen);
      case 'make-directory':
        return this.makeDirectory(step.path, step.record);
      case 'remove-directory':
        return this.removeDirectory(step.path, step.name);
    }
  }

  /** Small files of which the bytes are here, by one call; of others, and those that fail, each by itself. */
  private async group(steps: readonly WriteStep[]): Promise<void> {
    const { disk, parts, signal } = this.context;
    signal.throwIfAborted();
    if (this.context.isOver()) return;
    const contents = await parts.placement.here.small(
      steps.map(({ head }) => contentOf(head)),
      signal,
    );
    const single: WriteStep[] = [];
    const whole: { step: WriteStep; file: WholeFile }[] = [];
    for (const step of steps) {
      const bytes = contents.get(contentOf(step.head));
      const name = bytes?.length === step.head.size ? await this.nameOf(step).catch(() => undefined) : undefined;
      if (bytes && name !== undefined) whole.push({ step, file: { ...this.newFile(step, name), bytes } });
      else single.push(step);
    }
    const written = whole.length === 0 ? [] : await disk.writeAll(whole.map(({ file }) => file));
    for (const [at, { step, file }] of whole.entries()) {
      const done = written[at];
      if (done === undefined || done.outcome === 'failed') single.push(step);
      else this.wrote(step, file.path, done);
    }
    for (const step of single) await this.one(step);
  }

  private async write(step: WriteStep): Promise<void> {
    const { disk } = this.context;
    const { path, head } = step;
    const name = await this.nameOf(step);
    if (name === undefined) return;
    const { ids, attributes, replaced } = this.newFile(step, name);
    const stage = async (): Promise<Staged> =>
      (await this.copied(name, ids, step)) ?? (await disk.stage(name, ids, this.bodyOf(path, head), attributes));
    const staged = await stage().catch(async (error: unknown) => {
      if (!isFull(error) || !(await this.trash.free(head.size))) throw error;
      return stage();
    });
    this.wrote(step, name, await disk.place(staged, replaced));
  }

  /**
   * A large content that is here, or comes here, goes to the disk without a way through this process, each block once it is in the store;
   * undefined where that cannot be.
   */
  private async copied(name: DiskPath, ids: TemporaryIds, { head }: WriteStep): Promise<Staged | undefined> {
    const { disk, parts, folder, signal } = this.context;
    const { contentId, size } = head;
    if (contentId === null || size <= CHUNK_MIN_BYTES) return undefined;
    const blocks = parts.placement.here.blocks(contentId, size, signal);
    return disk.stageCopy(name, ids, blocks, attributesOf(head, folder.probe.executableBit)).catch((error: unknown) => {
      // A block has another place by now, or is damaged there, or does not come: reading in the usual way finds out.
      if (isDiskError(error, 'source') || isDfsError(error, 'content-unavailable')) return undefined;
      throw error;
    });
  }

  /** The name under which a file is to be written; undefined where it cannot be. */
  private async nameOf({ path, over }: WriteStep): Promise<DiskPath | undefined> {
    const { notes } = this.context;
    if (notes.isFull) return undefined;
    if (this.kept.has(path)) {
      notes.tell('hidden', path, 'In the network a file has this name.');
      return undefined;
    }
    return over?.name ?? (await this.place(path));
  }

  private newFile({ path, head, over, why }: WriteStep, name: DiskPath): Omit<WholeFile, 'bytes'> {
    const { network, folder } = this.context;
    const ids = { fileId: network.fileId(path), recordId: head.record };
    return {
      ...{ path: name, ids, attributes: attributesOf(head, folder.probe.executableBit) },
      ...(over && { replaced: { expected: expectedOf(over), note: { reason: why, ids, contentId: over.contentId } } }),
    };
  }

  private wrote({ path, head }: WriteStep, name: DiskPath, done: Placed | NotDone): void {
    const { notes } = this.context;
    this.touched.add(parentOf(name));
    if (done.outcome === 'taken' && this.folds && !this.spellings.any) return tellTwin(this.context.notes, path);
    if (done.outcome !== 'placed') return lookAgain(this.context.notes, path);
    this.changes.push({ path, row: rowOf(path, name, head, done.stat, done.racy), stat: done.stat });
    if (done.racy) notes.lookAgain(path, RACY);
    if (done.trashed !== undefined) notes.lookAgain('', RACY);
    notes.in.files += 1;
    notes.in.bytes += head.size;
  }

  private bodyOf(path: string, { contentId, size }: Head): AsyncIterable<Uint8Array> {
    if (contentId === null || contentId === EMPTY_CONTENT || size === 0) return nothing();
    const { parts, signal, network } = this.context;
    return parts.placement.fetch(contentId, size, { signal, path: network.full(path) });
  }

  private async remove(path: string, recordId: string, seen: Seen, why: WhyTrashed): Promise<void> {
    const { disk, network } = this.context;
    const ids = { fileId: network.fileId(path), recordId };
    const note: TrashNote = { reason: why, ids, contentId: seen.contentId };
    const done = await disk.remove(seen.name, expectedOf(seen), note);
    this.touched.add(parentOf(seen.name));
    if (done.outcome !== 'removed') return lookAgain(this.context.notes, path);
    this.changes.push({ path, row: undefined });
    this.context.notes.lookAgain('', RACY);
    this.context.notes.in.files += 1;
  }

  private async move(from: string, to: string, head: Head, seen: Seen): Promise<void> {
    const { disk, network } = this.context;
    const name = await this.place(to);
    if (name === undefined) {
      const { notes } = this.context;
      notes.tell('hidden', from, 'Others have moved it to a name that something else has on this disk.');
      return notes.lookAgain(from, TRY_AGAIN);
    }
    const done = await disk.move(seen.name, name, expectedOf(seen), {
      fileId: network.fileId(from),
      recordId: head.record,
    });
    this.touched.add(parentOf(seen.name)).add(parentOf(name));
    if (done.outcome !== 'moved') {
      for (const path of [from, to]) lookAgain(this.context.notes, path);
      return;
    }
    this.changes.push(
      { path: from, row: undefined },
      { path: to, row: rowOf(to, name, head, done.stat, done.racy), stat: done.stat },
    );
    this.context.notes.in.files += 1;
  }

  private async attributes(path: string, head: Head, seen: Seen): Promise<void> {
    const { executableBit } = this.context.folder.probe;
    const done = await this.context.disk.setAttributes(seen.name, expectedOf(seen), {
      ...(executableBit && { executable: bitOf(head) }),
    });
    if (done.outcome !== 'set') return lookAgain(this.context.notes, path);
    this.touched.add(parentOf(seen.name));
    this.changes.push({ path, row: rowOf(path, seen.name, head, done.stat, done.racy) });
  }

  private async makeDirectory(path: string, record: string): Promise<void> {
    const there = this.made.get(path) ?? this.tree.directoryName(path);
    const name = there ?? (await this.place(path));
    if (name === undefined) return;
    const done = await this.context.disk.makeDirectory(name);
    if (done.outcome === 'taken') return lookAgain(this.context.notes, path);
    if (there === undefined && done.outcome === 'there' && this.folds && !(await this.respelled(path, name)))
      return tellTwin(this.context.notes, path);
    this.isMade(path, name, record, done.stat);
  }

  private async removeDirectory(path: string, name: DiskPath): Promise<void> {
    if (this.spellings.isGone(path)) return;
    const { disk, network } = this.context;
    const ids = { fileId: network.fileId(path), recordId: '0'.repeat(64) };
    const outcome = await disk.removeDirectory(name, { reason: 'directory-removed', ids });
    this.touched.add(parentOf(name));
    if (outcome === 'kept') this.kept.add(path);
    this.changes.push({ path, row: outcome === 'kept' ? { kind: 'directory', path, name, record: null } : undefined });
  }

  /** The name under which a path is to stand, its directory made where it is not there; undefined where something is in the way. */
  private async place(path: string): Promise<DiskPath | undefined> {
    const slash = path.lastIndexOf('/');
    const above = await this.directory(path.slice(0, Math.max(0, slash)));
    if (above === undefined) return undefined;
    return joinDiskPath(
      above,
      this.context.folder.probe.decomposes ? decomposed(path.slice(slash + 1)) : toDiskPath(path.slice(slash + 1)),
    );
  }

  /** Once for all that ask for it together: to the second it would seem to be there by another spelling. */
  private directory(path: string): Promise<DiskPath | undefined> {
    if (path === '') return Promise.resolve(ROOT);
    const there = this.made.get(path) ?? this.tree.directoryName(path);
    if (there !== undefined) return Promise.resolve(there);
    const known = this.making.get(path);
    if (known) return known;
    const making = this.newDirectory(path).finally(() => this.making.delete(path));
    this.making.set(path, making);
    return making;
  }

  private async newDirectory(path: string): Promise<DiskPath | undefined> {
    const name = await this.place(path);
    if (name === undefined) return undefined;
    const done = await this.context.disk.makeDirectory(name);
    // There by another name than the listing had: by one that is the same for this disk alone.
    const isOther = done.outcome === 'there' && this.folds && !(await this.respelled(path, name));
    if (done.outcome === 'taken' || isOther) {
      this.context.notes.tell(
        'hidden',
        path,
        'In the network there is a folder of this name; on the disk something else has it.',
      );
      return undefined;
    }
    this.isMade(path, name, null, done.stat);
    return name;
  }

  private isMade(path: string, name: DiskPath, record: string | null, stat: Stat): void {
    this.touched.add(parentOf(name));
    this.made.set(path, name);
    this.changes.push({ path, row: { kind: 'directory', path, name, record }, stat });
  }

  /** 11: whether the directory that has the name by another spelling has this one now. */
  private async respelled(path: string, name: DiskPath): Promise<boolean> {
    const done = await this.spellings.take(path, name);
    if (done === undefined) return false;
    this.touched.add(parentOf(name));
    this.changes.push({ path: done.from, row: undefined });
    return true;
  }

  /** The disk takes different names for the same. */
  private get folds(): boolean {
    return folds(this.context.folder.probe);
  }
}

/** A copy of the folder, or of the database, that is older than what is written now is known by its number (rule 1). */
async function raised({ root, notes }: PassContext): Promise<boolean> {
  try {
    await root.raise();
    return true;
  } catch (error) {
    if (!isFull(error)) throw error;
    tellFull(notes, '/');
    return false;
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
