import { randomBytes, randomUUID } from 'node:crypto';
import { basename } from 'node:path';
import type {
  AnswerHold,
  BindLiveFolder,
  EstimateLiveFolder,
  LiveFolderEstimate,
  LiveFolderHold,
  LiveFolderInfo,
  LiveFolderIssue,
  LiveFolderRoots,
  LiveFolderSettled,
  LiveFolderTrashEntry,
  PatchLiveFolder,
} from '@dfs/contracts';
import { normalisePath } from '@dfs/protocol';
import { DfsError, invalidField, second, type WorkStatus } from '@dfs/runtime';
import { FolderStore, wasBoundHere, type StoredFolder } from './base/folder-store.js';
import { showDiskPath, toDiskPath } from './disk/names.js';
import type { RootDisk, RootIdentity, TrashSelection } from './disk/root-disk.js';
import { Folder } from './run/folder.js';
import type { LiveFolderStanding } from './run/standing.js';
import type { LiveFoldersComponents } from './pass/ports.js';
import { Directories, prefixOf, told, type LiveFoldersOptions } from './directories.js';
import { refuseOverlap } from './roots.js';

/** Names told of a hold, and issues of a page. */
const TOLD = 1000;

/** The live folders of one node: each runs by itself, and a disk that hangs stops no other. */
export class LiveFolders {
  private readonly store: FolderStore;
  private readonly folders = new Map<string, Folder>();
  /** Bindings under way. */
  private readonly binding = new Set<{ readonly name: string; readonly root: string; readonly prefix: string }>();
  private readonly directories: Directories;
  private isOn = false;

  constructor(
    private readonly parts: LiveFoldersComponents,
    options: LiveFoldersOptions,
  ) {
    this.store = new FolderStore(parts.db);
    this.directories = new Directories(parts, options);
  }

  /** Folders go on where they were. */
  async start(): Promise<void> {
    this.isOn = true;
    await this.load();
  }

  /** Reads them; none of them runs before `start`. */
  async load(): Promise<void> {
    for (const stored of await this.store.all()) this.run(stored);
  }

  /** Waits for no disk that hangs. */
  async stop(): Promise<void> {
    this.isOn = false;
    await Promise.all([...this.folders.values()].map((folder) => folder.stop()));
    this.folders.clear();
  }

  /** Its recurring work in the background. */
  work(): WorkStatus[] {
    return [...this.folders.values()].map((folder) => folder.workStatus());
  }

  /** How all of them stand: cheap, for health. */
  standing(): Promise<LiveFolderStanding[]> {
    return Promise.all([...this.folders.values()].map((folder) => folder.standing()));
  }

  async list(): Promise<LiveFolderInfo[]> {
    return Promise.all([...this.folders.values()].map((folder) => folder.info()));
  }

  /** @throws DfsError `folder-not-found` */
  async get(id: string): Promise<LiveFolderInfo> {
    return this.folder(id).info();
  }

  /**
   * Binds a directory to a folder of the network. The files of both sides meet (rule 4); nothing is lost by that.
   * @param onMachine the command line on the machine itself asks
   * @throws DfsError `folder-root-refused`, `folder-overlap`, `folder-bound`, `invalid-path`, `read-only-member`, `disk-failed`
   */
  async bind(want: BindLiveFolder, onMachine = false): Promise<LiveFolderInfo> {
    const prefix = prefixOf(want.prefix);
    const mode = want.mode ?? 'both';
    if (mode !== 'receive' && this.parts.membership.self().role === 'storage') {
      throw new DfsError(
        'read-only-member',
        'This node may not write in its network: bind the folder to receive only.',
      );
    }
    const root = await this.directories.resolved(want.root, onMachine);
    refuseOverlap({ root, prefix }, [...[...this.folders.values()].map(({ stored }) => stored), ...this.binding]);
    const disk = this.parts.openDisk(root);
    const binding = { name: want.name ?? root, root, prefix };
    this.binding.add(binding);
    let stored: StoredFolder;
    try {
      stored = await told(async () => {
        const found = await disk.identity();
        if (await this.isOthers(found.marker)) throw bound();
        if (found.readOnly && mode !== 'send') {
          throw invalidField('mode', 'must be send: the directory is read-only');
        }
        const probe = await disk.probe();
        const id = randomUUID();
        const made: StoredFolder = {
          ...{ id, name: want.name ?? (basename(root) || root), root, prefix, mode, ignore: want.ignore ?? [], probe },
          ...{ network: this.parts.catalogue.networkId, ...freshMarker(found) },
          ...{
            raising: false,
            paused: false,
            pausedUntil: null,
            stopped: null,
            meeting: true,
            lately: { deleted: 0, paths: 0 },
          },
          bound: this.parts.clock.now(),
        };
        await this.parts.db.write((tx) => this.store.add(tx, made));
        try {
          await writeMarker(disk, made);
        } catch (error) {
          await this.parts.db.write((tx) => this.store.remove(tx, made));
          throw error;
        }
        return made;
      });
      this.run(stored);
    } finally {
      this.binding.delete(binding);
      await disk.close();
    }
    return this.folder(stored.id).info();
  }

  /**
   * Changes its name, mode or rules, pauses it or lets it go on. Files that other rules leave out are touched on neither side (rule 7).
   * @throws DfsError `folder-not-found`, `validation-failed`
   */
  async patch(id: string, want: PatchLiveFolder): Promise<LiveFolderInfo> {
    const folder = this.folder(id);
    const { name, mode, ignore, paused, prefixGone } = want;
    if (prefixGone !== undefined && folder.stored.stopped !== 'prefix-gone') {
      throw invalidField('prefixGone', 'is the answer to a folder whose prefix is gone, and this one has its');
    }
    if (mode !== undefined && mode !== 'send' && folder.stored.nonce === null) {
      throw invalidField('mode', 'must be send: the directory is read-only');
    }
    const to = prefixGone === 'follow' ? await folder.movedTo() : undefined;
    if (to === null) throw invalidField('prefixGone', 'cannot be follow: no record says where the files went');
    if (to !== undefined) {
      const others = [...this.folders.values()].filter((one) => one !== folder).map(({ stored }) => stored);
      refuseOverlap({ root: folder.stored.root, prefix: to }, others);
      await folder.follow(to);
    }
    await folder.change((stored) => {
      stored.name = name ?? stored.name;
      stored.mode = mode ?? stored.mode;
      stored.ignore = ignore ?? stored.ignore;
      if (paused !== undefined) Object.assign(stored, { paused, pausedUntil: null });
    });
    if (prefixGone === 'empty') await folder.empty();
    return folder.info();
  }

  /**
   * All pause for so many seconds, but for those that a person paused without an end; with 0 those go on that pause for a time.
   * @returns all of them
   */
  async pause(seconds: number): Promise<LiveFolderInfo[]> {
    const paused = seconds > 0;
    const pausedUntil = paused ? this.parts.clock.now() + seconds * second : null;
    const all = [...this.folders.values()];
    const meant = all.filter(({ stored }) => (stored.paused ? stored.pausedUntil !== null : paused));
    await Promise.all(meant.map((folder) => folder.change((stored) => Object.assign(stored, { paused, pausedUntil }))));
    return this.list();
  }

  /** Removes the binding; no file on either side is touched. @throws DfsError `folder-not-found` */
  async remove(id: string): Promise<void> {
    const folder = this.folder(id);
    this.folders.delete(id);
    await folder.stop();
    await this.parts.db.write((tx) => this.store.remove(tx, folder.stored));
  }

  /** A full pass, soon. @throws DfsError `folder-not-found` */
  scan(id: string): void {
    this.folder(id).scan();
  }

  /**
   * The root as it is found now is the folder: both sides meet anew (rule 1).
   * @throws DfsError `folder-not-found`, `folder-bound` where it has the marker of another folder, `disk-failed`
   */
  async relink(id: string): Promise<LiveFolderInfo> {
    const folder = this.folder(id);
    await told(async () => {
      const found = await folder.disk.identity();
      if (found.marker === 'unreadable' || (found.marker !== undefined && found.marker.folderId !== id)) throw bound();
      const probe = await folder.disk.probe();
      const marker = freshMarker(found);
      await writeMarker(folder.disk, { ...folder.stored, ...marker });
      await folder.meetAnew({ ...marker, probe });
    });
    return folder.info();
  }

  /** These paths as the network shows them; what stands on the disk goes to the trash (rule 13). @throws DfsError `folder-not-found` */
  revert(id: string, paths: readonly string[]): LiveFolderSettled {
    this.folder(id).settlePaths('revert', paths.map(below));
    return { count: paths.length };
  }

  /** These paths as the disk has them, in place of what others have written (rule 13). @throws DfsError `folder-not-found`, `forbidden` */
  override(id: string, paths: readonly string[]): LiveFolderSettled {
    const folder = this.folder(id);
    if (folder.stored.mode === 'receive') {
      throw new DfsError('forbidden', 'This folder only receives: change its mode, or revert the paths.');
    }
    folder.settlePaths('override', paths.map(below));
    return { count: paths.length };
  }

  /** Deletions that wait for an answer. @throws DfsError `folder-not-found` */
  async held(id: string): Promise<LiveFolderHold[]> {
    const folder = this.folder(id);
    return (await folder.held.waiting()).map(({ id: hold, heldAt, paths }) => ({
      ...{ id: hold, heldAt: new Date(heldAt).toISOString(), count: paths.length },
      paths: paths.slice(0, TOLD).map((path) => folder.full(path)),
    }));
  }

  /** Deletes exactly these in the network, or puts them back on the disk (rule 5). @throws DfsError `folder-not-found`, `not-found` */
  async answerHold(id: string, hold: string, { action }: AnswerHold): Promise<LiveFolderSettled> {
    const folder = this.folder(id);
    const one = (await folder.held.waiting()).find((each) => each.id === hold);
    if (one === undefined)
      throw new DfsError('not-found', 'There are no deletions with this id that wait: read the list again.');
    await this.parts.db.write(async (tx) => {
      if (action === 'delete') return folder.held.approve(tx, hold);
      await folder.held.end(tx, one.paths);
      // With nothing agreed on, what the network shows comes to the disk.
      await folder.base.change(
        tx,
        one.paths.map((path) => ({ path, row: undefined })),
      );
    });
    folder.scan();
    return { count: one.paths.length };
  }

  /** @param after the path of the last one of the page before @throws DfsError `folder-not-found` */
  async issues(id: string, page: { after?: string; limit?: number } = {}): Promise<LiveFolderIssue[]> {
    const { after, limit = TOLD } = page;
    const issues = await this.folder(id).issues.list({ ...(after !== undefined && { after }), limit });
    return issues.map(({ since, ...issue }) => ({ ...issue, since: new Date(since).toISOString() }));
  }

  /** @throws DfsError `folder-not-found`, `disk-failed` */
  async trash(
    id: string,
    page: { cursor?: string; limit?: number } = {},
  ): Promise<{ items: LiveFolderTrashEntry[]; nextCursor: string | null }> {
    const { cursor, limit = TOLD } = page;
    const { entries, next } = await told(() =>
      this.folder(id).disk.trash.list({ ...(cursor !== undefined && { cursor }), limit }),
    );
    const items = entries.map(({ path, contentId, stat, at, ...entry }) => ({
      ...{ id: entry.id, reason: entry.reason, path: path === undefined ? null : showDiskPath(path) },
      ...{ contentId: contentId ?? null, size: stat.size, at: new Date(at).toISOString() },
    }));
    return { items, nextCursor: next ?? null };
  }

  /** Back to its path, or to another one below the root. @throws DfsError `folder-not-found`, `not-found`, `path-exists`, `disk-failed` */
  async restoreTrash(id: string, entry: string, to?: string): Promise<{ path: string }> {
    const folder = this.folder(id);
    const path = to === undefined ? undefined : toDiskPath(below(to));
    const done = await told(() => folder.disk.trash.restore(entry, path));
    if (done.outcome === 'gone') throw new DfsError('not-found', 'It is no longer in the trash: read the list again.');
    if (done.outcome !== 'restored')
      throw new DfsError('path-exists', 'Something stands at its path: name another one.');
    folder.scan();
    return { path: showDiskPath(done.path) };
  }

  /** Removes files from the trash for good. @throws DfsError `folder-not-found`, `disk-failed` */
  emptyTrash(id: string, selection: TrashSelection): Promise<{ files: number; bytes: number }> {
    return told(() => this.folder(id).disk.trash.empty(selection));
  }

  /** Directories in which a folder may be bound: the allowed roots, or those in one of them. @throws DfsError as `bind` */
  roots(path?: string, onMachine = false): Promise<LiveFolderRoots> {
    return this.directories.list(path, onMachine);
  }

  /** Estimates a binding; nothing is changed. @throws DfsError as `bind` */
  estimate(want: EstimateLiveFolder, onMachine = false): Promise<LiveFolderEstimate> {
    return this.directories.estimate(want, onMachine);
  }

  private run(stored: StoredFolder): Folder {
    const folder = new Folder(this.parts, this.store, stored);
    this.folders.set(stored.id, folder);
    if (this.isOn) folder.start();
    return folder;
  }

  /** A marker in a root that is to be bound: only that of a folder which this node has removed may be replaced. */
  private async isOthers(marker: RootIdentity['marker']): Promise<boolean> {
    if (marker === undefined) return false;
    return marker === 'unreadable' || !(await wasBoundHere(this.parts.db, marker));
  }

  /** A folder as it runs. @throws DfsError `folder-not-found` */
  folder(id: string): Folder {
    const folder = this.folders.get(id);
    if (folder === undefined)
      throw new DfsError('folder-not-found', 'There is no live folder with this id on this node.');
    return folder;
  }
}

/** A marker that no copy of the folder has. */
function freshMarker(found: RootIdentity): Pick<StoredFolder, 'nonce' | 'epoch' | 'identity'> {
  const { inode, fsType, fsId, readOnly } = found;
  return { nonce: readOnly ? null : randomBytes(16).toString('hex'), epoch: 1, identity: { inode, fsType, fsId } };
}

async function writeMarker(disk: Pick<RootDisk, 'writeMarker'>, { id, nonce, epoch }: StoredFolder): Promise<void> {
  if (nonce !== null) await disk.writeMarker({ folderId: id, nonce, epoch });
}

function bound(): DfsError {
  return new DfsError('folder-bound', 'The directory has the marker of another live folder: choose another directory.');
}

/** @throws DfsError `invalid-path` */
function below(path: string): string {
  return normalisePath(path);
}
