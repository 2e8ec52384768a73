import type { FormerPath, ShownPath } from '@dfs/catalogue';
import type { FolderAct, FolderInfo, SkippedPath } from '@dfs/contracts';
import type { Reader, Tx } from '@dfs/database';
import { normalisePath, type Cid } from '@dfs/protocol';
import { DfsError, invalidField, pages } from '@dfs/runtime';
import { NODE_ASKS, type Asker, type FilesComponents } from '../ports.js';
import type { FileStates } from '../states/file-states.js';
import { folderInfo } from '../read/listing.js';
import { admitDeletions, type DeletionPace } from '../write/deletion-pace.js';
import { goneContents, type ComingBack } from '../versions/gone-contents.js';
import { isPurged } from '../versions/versions.js';
import type { ActRuns } from './act-runs.js';
import type { ActDone, PlannedItem } from './items.js';
import { refuseOccupied } from './occupied.js';

/** Paths read at a time. */
const PAGE = 1000;
/** Paths of a preview, and of what is told as skipped. */
const TOLD_CHANGES = 1000;

/** How a folder is to be brought back: as it was before an act, or at a time (ms since 1970). */
export type RestoreTo = { act: Uint8Array } | { at: number };

/** How a folder is brought back. */
export interface RestoreOptions {
  /** Nothing is changed, only told. */
  preview: boolean;
  /** Go on although most of the files would be deleted. */
  confirm: boolean;
  /** The node's owner when left out. */
  by?: Asker;
}

/** An act that is done or goes on; `kept`: as of Revised. */
export interface FolderOutcome {
  answer: FolderAct;
  kept: boolean;
}

type Parts = Pick<FilesComponents, 'db' | 'catalogue' | 'placement' | 'purges'> & { states: Pick<FileStates, 'worst'> };

/** Everything under a path made, deleted, moved, copied or brought back as one act. */
export class FolderActs {
  constructor(
    private readonly parts: Parts,
    private readonly pace: DeletionPace,
    private readonly runs: ActRuns,
  ) {}

  /**
   * An empty folder. Where there is one with that name, with files or without, nothing changes.
   * @throws DfsError `invalid-path`, `path-taken`; as commit
   */
  async make(name: string): Promise<{ created: boolean; folder: FolderInfo }> {
    const { db, catalogue, states } = this.parts;
    const path = folderPath(name);
    await catalogue.writable();
    return db.write(async (tx) => {
      const there = await catalogue.folders.get(path, tx);
      if (there) return { created: false, folder: folderInfo(there, states.worst(there.path)) };
      await catalogue.commit(tx, [{ kind: 'folder', path }]);
      const made = await catalogue.folders.get(path, tx);
      if (!made) throw new Error('a folder that was made is not there');
      return { created: true, folder: folderInfo(made, null) };
    });
  }

  /** @throws DfsError `not-found`, `mass-deletion`; as commit */
  async remove(name: string, confirm: boolean, by = NODE_ASKS): Promise<FolderOutcome> {
    const path = folderPath(name);
    return this.act({ path, confirm, by }, async (tx) => {
      const found = await this.contentsOf(path, tx);
      return found.map(deletionOf);
    });
  }

  /** @throws DfsError `not-found`, `path-exists` and `conflict` with the first 100 paths, `path-taken`; as commit */
  move(name: string, to: string, by = NODE_ASKS): Promise<FolderOutcome> {
    return this.relocate('move', name, to, by);
  }

  /** @throws as `move` */
  copy(name: string, to: string, by = NODE_ASKS): Promise<FolderOutcome> {
    return this.relocate('copy', name, to, by);
  }

  /**
   * Copies or moves a file or folder to where another is, which is deleted in the same act. Neither may lie in the other.
   * @throws DfsError `not-found`, `mass-deletion` for what is deleted; as `move`
   */
  async replace(does: 'copy' | 'move', name: string, to: string, by = NODE_ASKS): Promise<FolderOutcome> {
    const [path, target] = [folderPath(name), folderPath(to)];
    refuseNested(path, target);
    refuseNested(target, path);
    return this.act({ path, confirm: false, by }, async (tx) => {
      const found = await this.whatIsAt(path, tx);
      const gone = await this.whatIsAt(target, tx);
      // First, since a job goes on in the order of its list.
      const items = [...gone.map(deletionOf), ...found.map((shown) => relocated(does, shown, path, target))];
      await refuseOccupied(this.parts.catalogue, found, items, tx);
      return items;
    });
  }

  /**
   * @throws DfsError `not-found` for an act of which nothing is in this folder, `mass-deletion`; as commit
   */
  async restore(
    name: string,
    to: RestoreTo,
    { preview, confirm, by = NODE_ASKS }: RestoreOptions,
  ): Promise<FolderOutcome> {
    const path = name === '' ? '' : folderPath(name);
    await this.parts.catalogue.writable();
    // Read before the unit of work: what changes until then is skipped.
    const { folders } = this.parts.catalogue;
    // Of what an act has moved, both ends must be seen.
    const isSeen = (seen: string): boolean => seen.startsWith(by.prefix);
    const former = 'act' in to ? await folders.beforeAct(path, to.act, isSeen) : await this.at(path, to.at);
    if (former.length === 0)
      throw new DfsError('not-found', 'Nothing is known in this folder that could be brought back.');
    const { items, skipped } = await this.toBringBack(former);
    if (preview) return { answer: previewOf(items, skipped), kept: true };
    const outcome = await this.act({ path, confirm, by }, () => Promise.resolve(items), skipped);
    const isBack = items.some(({ does }) => does === 'back');
    return isBack ? outcome : { ...outcome, answer: withNoneBack(outcome.answer) };
  }

  private async relocate(does: 'move' | 'copy', name: string, to: string, by: Asker): Promise<FolderOutcome> {
    const path = folderPath(name);
    const target = folderPath(to);
    if (target === path) throw new DfsError('path-exists', 'The folder is there already: choose another path.');
    refuseNested(path, target);
    return this.act({ path, confirm: true, by }, async (tx) => {
      const found = await this.contentsOf(path, tx);
      const items = found.map((shown) => relocated(does, shown, path, target));
      await refuseOccupied(this.parts.catalogue, found, items, tx);
      return items;
    });
  }

  /** Plans within the unit of work that does it, or that writes down what is to be done. */
  private async act(
    { path, confirm, by }: { path: string; confirm: boolean; by: Asker },
    plan: (tx: Tx) => Promise<PlannedItem[]>,
    skipped: readonly SkippedPath[] = [],
  ): Promise<FolderOutcome> {
    const { catalogue } = this.parts;
    await catalogue.writable();
    const admit = async (tx: Tx, items: readonly PlannedItem[]): Promise<(() => void) | undefined> => {
      const count = items.filter(({ does, file }) => does === 'delete' && file).length;
      return count === 0 ? undefined : admitDeletions(this.pace, catalogue, tx, { count, confirm, by });
    };
    const run = await this.runs.run(path, plan, admit, by);
    if ('transfer' in run) {
      return { answer: { ...told(run.planned, skipped), act: run.act, transfer: run.transfer }, kept: false };
    }
    const { done, act } = run;
    return {
      answer: { ...told(done, [...skipped, ...done.skipped]), act },
      kept: await this.isKept(done.contents),
    };
  }

  /** Every content that came back is kept here, or by enough others. */
  private async isKept(contents: ReadonlyMap<Cid, number>): Promise<boolean> {
    const { placement } = this.parts;
    await placement.keepAgain([...contents.keys()]);
    for (const [content, size] of contents) if (!(await placement.isPromised(content, size))) return false;
    return true;
  }

  private async contentsOf(path: string, tx: Reader): Promise<ShownPath[]> {
    const { folders } = this.parts.catalogue;
    if (!(await folders.get(path, tx))) throw noSuchFolder(path);
    return whole(
      (after) => folders.beneath(path, { ...after, limit: PAGE }, tx),
      (shown) => shown.path,
    );
  }

  /** The file at a path, or the folder with all that is in it. */
  private async whatIsAt(path: string, tx: Tx): Promise<ShownPath[]> {
    const shown = (await this.parts.catalogue.folders.shown([path], tx)).get(path);
    return shown?.kind === 'file' ? [shown] : this.contentsOf(path, tx);
  }

  private at(path: string, time: number): Promise<FormerPath[]> {
    const { folders } = this.parts.catalogue;
    return whole(
      (after) => folders.at(path, time, { ...after, limit: PAGE }),
      ({ shown }) => shown.path,
    );
  }

  /**
   * The records to be said anew, or deleted, so that each path is as it was; content that nobody has any more stays
   * away.
   */
  private async toBringBack(former: readonly FormerPath[]): Promise<{ items: PlannedItem[]; skipped: SkippedPath[] }> {
    const { folders } = this.parts.catalogue;
    const skipped = former.filter((one) => one.changed).map(({ shown }) => skippedAs(shown, CHANGED_SINCE));
    const other = former.filter(({ shown, was, changed: isElse }) => {
      if (isElse || was === shown.record) return false;
      return was !== null || shown.kind !== 'deletion';
    });
    const said = await folders.said(
      other.flatMap(({ shown, was }) => (was === null ? [shown.record] : [shown.record, was])),
    );
    const wanted = other.flatMap(({ shown, was }): ComingBack[] => {
      const { contentId, size = 0 } = (was === null ? undefined : said.get(was)) ?? {};
      return contentId ? [{ contentId, size, shown: shown.record }] : [];
    });
    const gone = await goneContents(this.parts, wanted);
    const items: PlannedItem[] = [];
    for (const { shown, was } of other) {
      const now = said.get(shown.record);
      const then = was === null ? undefined : said.get(was);
      if (was === null) {
        items.push({ does: 'delete', path: shown.path, record: shown.record, ...kindOf(shown) });
      } else if (then?.contentId && gone.has(then.contentId)) skipped.push(skippedAs(shown, isPurged()));
      else if (now?.kind !== then?.kind || now?.contentId !== then?.contentId) {
        items.push({
          does: 'back',
          path: shown.path,
          record: shown.record,
          was,
          file: then?.kind === 'file',
          size: then?.size ?? 0,
        });
      }
    }
    return { items, skipped };
  }
}

const CHANGED_SINCE = new DfsError('precondition-failed', 'It was changed since, and stays as it is.');

function skippedAs({ path }: ShownPath, { code, message: detail }: DfsError): SkippedPath {
  return { path, code, detail };
}

function previewOf(items: readonly PlannedItem[], skipped: readonly SkippedPath[]): FolderAct {
  const back = items.filter(({ does }) => does === 'back');
  const files = back.filter(({ file }) => file);
  return {
    act: null,
    files: files.length,
    bytes: files.reduce((sum, { size }) => sum + size, 0),
    folders: items.filter(({ file }) => !file).length,
    deleted: items.filter(({ does, file }) => does === 'delete' && file).length,
    skipped: skipped.slice(0, TOLD_SKIPPED),
    skippedTotal: skipped.length,
    changes: items
      .slice(0, TOLD_CHANGES)
      .map(({ path, does }) => ({ path, change: does === 'delete' ? 'deleted' : 'restored' })),
  };
}

/** Of a restore that brings nothing back: its files went, as those of a deletion. */
function withNoneBack(answer: FolderAct): FolderAct {
  return { ...answer, files: 0, bytes: 0, deleted: answer.files };
}

/** Skipped paths that are named. */
const TOLD_SKIPPED = 100;

function told(
  { files, bytes, folders, deleted }: Pick<ActDone, 'files' | 'bytes' | 'folders' | 'deleted'>,
  skipped: readonly SkippedPath[],
): Omit<FolderAct, 'act'> {
  return { files, bytes, folders, deleted, skipped: skipped.slice(0, TOLD_SKIPPED), skippedTotal: skipped.length };
}

async function whole<T>(read: (page: { after?: string }) => Promise<T[]>, pathOf: (item: T) => string): Promise<T[]> {
  const readAfter = (after: string | null): Promise<T[]> => read(after === null ? {} : { after });
  const all: T[] = [];
  for await (const page of pages(PAGE, readAfter, pathOf)) for (const item of page) all.push(item);
  return all;
}

function kindOf({ kind, size }: ShownPath): Pick<PlannedItem, 'file' | 'size'> {
  return { file: kind === 'file', size };
}

function deletionOf(shown: ShownPath): PlannedItem {
  return { does: 'delete', path: shown.path, record: shown.record, ...kindOf(shown) };
}

/** @param shown lies at `path`, or in it */
function relocated(does: 'move' | 'copy', shown: ShownPath, path: string, target: string): PlannedItem {
  const to = normalisePath(target + shown.path.slice(path.length));
  return { does, path: shown.path, record: shown.record, target: to, ...kindOf(shown) };
}

/** @throws DfsError `validation-failed` */
function refuseNested(path: string, target: string): void {
  if (target.startsWith(`${path}/`)) throw invalidField('to', 'lies in the folder itself: choose a path outside of it');
}

/** With or without the slash at its end. @throws DfsError `invalid-path` */
function folderPath(name: string): string {
  return normalisePath(name.length > 1 && name.endsWith('/') ? name.slice(0, -1) : name);
}

function noSuchFolder(path: string): DfsError {
  return new DfsError('not-found', `There is no folder ${path} in the network: it may have been deleted or moved.`);
}
