import { systemClock, systemTimers, type Clock, type Timers, type Unsubscribe } from '@dfs/runtime';
import { Acts } from './act/acts.js';
import { Asides } from './act/asides.js';
import { copiedBlocks } from './act/copied-blocks.js';
import { makeDirectory, removeDirectory, respell, settle } from './act/directories.js';
import { Puts } from './act/put.js';
import { Recovery } from './act/recovery.js';
import { discard, roomOf, stage, stageAll } from './act/stage.js';
import { asDiskError, DiskError } from './disk-error.js';
import type { AbsolutePath, FileSystem } from './fs/file-system.js';
import { estimate, localRules } from './ignore/estimate.js';
import type { DiskPath } from './names.js';
import type { Dirty, DiskTraits, Listing, RootDisk, RootTrash } from './root-disk.js';
import { FileSystemTime } from './root/file-system-time.js';
import { identify, writeMarker } from './root/identity.js';
import { listDirectories } from './root/listing.js';
import { ORDINARY_TRAITS, probe } from './root/probe.js';
import { Reader } from './root/reader.js';
import { RootFiles } from './root/root-files.js';
import { Steadiness } from './root/steadiness.js';
import { Notes } from './trash/notes.js';
import { Trash } from './trash/trash.js';
import type { TreeWatcher } from './watch/tree-watcher.js';

/** Calls of a `TreeWatcher` that a disk makes. */
export type DiskWatcher = Pick<TreeWatcher, 'subscribe' | 'beforeListing' | 'afterListing' | 'close'>;

/** A root and what is known of its file system. */
export interface LocalRootDiskOptions {
  files: FileSystem;
  root: AbsolutePath;
  /** As `probe` has found them: until it is asked again. */
  traits?: DiskTraits;
  /** Free bytes of the file system that are left alone (rule 14). */
  reserveBytes?: number;
  timers?: Timers;
  clock?: Clock;
  /** Tells of changes below the root; without one only full passes see them. */
  watcher?: DiskWatcher;
}

/** Types of file systems that other machines write on, as `statfs` has them: NFS, SMB, CIFS, AFS, 9P, Ceph. */
const REMOTE = new Set(['6969', 'fe534d42', 'ff534d42', '517b', '5346414f', '1021997', 'c36400']);

/** A root by the system calls of this process. Rules and what they hold off are in the parts that it consists of. */
export class LocalRootDisk implements RootDisk {
  readonly trash: RootTrash;
  readonly #files: RootFiles;
  readonly #machine: FileSystem;
  readonly #reserveBytes: number;
  readonly #watcher: DiskWatcher | undefined;
  readonly #notes: Notes;
  readonly #reader: Reader;
  readonly #acts: Acts;
  readonly #recovery: Recovery;
  #traits: DiskTraits;
  #isClosed = false;

  constructor(options: LocalRootDiskOptions) {
    const { timers = systemTimers, clock = systemClock, reserveBytes = 0 } = options;
    const files = new RootFiles({ ...options, timers, clock });
    this.#files = files;
    this.#machine = options.files;
    this.#traits = options.traits ?? ORDINARY_TRAITS;
    this.#reserveBytes = reserveBytes;
    this.#watcher = options.watcher;
    const keepsInodes = (): boolean => this.#traits.keepsInodes;
    const notes = new Notes(files);
    this.#notes = notes;
    const time = new FileSystemTime(
      files,
      () => notes.make(),
      () => this.#traits.mtimeStepNs,
    );
    const reader = new Reader({ files, steadiness: new Steadiness(timers), time, keepsInodes });
    this.#reader = reader;
    const puts = new Puts(files, notes);
    const clear = (temporary: DiskPath): Promise<void> => this.#recovery.clear(temporary);
    const asides = new Asides({ files, notes, puts, keepsInodes, clear });
    this.#acts = new Acts({ files, notes, puts, asides, time, keepsInodes });
    this.#recovery = new Recovery({ files, notes, asides });
    this.trash = this.#toldAll(new Trash({ files, notes, puts, reader, time }));
  }

  identity: RootDisk['identity'] = () => this.#told(() => identify(this.#files));
  writeMarker: RootDisk['writeMarker'] = (marker) => this.#told(() => writeMarker(this.#files, marker));
  probe: RootDisk['probe'] = () => this.#told(async () => (this.#traits = await probe(this.#files)));
  list: RootDisk['list'] = (directories) => this.#told(() => this.#list(directories));
  read: RootDisk['read'] = (path, options) => this.#told(() => this.#reader.read(path, options));
  contentOf: RootDisk['contentOf'] = (requests) => this.#told(() => this.#reader.contentOf(requests));
  readAll: RootDisk['readAll'] = (requests, mostBytes) => this.#told(() => this.#reader.readAll(requests, mostBytes));
  stage: RootDisk['stage'] = (path, ids, body, attributes) =>
    this.#told(() => stage(this.#parts, { path, ids, body, attributes }));
  stageCopy: RootDisk['stageCopy'] = (path, ids, blocks, attributes) =>
    this.#told(() => stage(this.#parts, { path, ids, body: copiedBlocks(this.#machine, blocks), attributes }));
  discard: RootDisk['discard'] = (staged) => this.#told(() => discard(this.#files, staged));
  place: RootDisk['place'] = (staged, replaced) => this.#told(() => this.#acts.place(staged, replaced));
  writeAll: RootDisk['writeAll'] = (files) =>
    this.#told(async () => this.#acts.placeAll(await stageAll(this.#parts, files), files));
  remove: RootDisk['remove'] = (path, expected, note) => this.#told(() => this.#acts.remove(path, expected, note));
  move: RootDisk['move'] = (from, to, expected, ids) => this.#told(() => this.#acts.move(from, to, expected, ids));
  makeDirectory: RootDisk['makeDirectory'] = (path) => this.#told(() => makeDirectory(this.#parts, path));
  removeDirectory: RootDisk['removeDirectory'] = (path, note) =>
    this.#told(() => removeDirectory(this.#parts, path, note));
  respell: RootDisk['respell'] = (from, to, ids) => this.#told(() => respell(this.#parts, from, to, ids));
  setAttributes: RootDisk['setAttributes'] = (path, expected, attributes) =>
    this.#told(() => this.#acts.setAttributes(path, expected, attributes));
  settle: RootDisk['settle'] = (directories) => this.#told(() => settle(this.#parts, directories));
  recover: RootDisk['recover'] = (temporaries) => this.#told(() => this.#recovery.recover(temporaries));
  room: RootDisk['room'] = () => this.#told(() => roomOf(this.#files, this.#reserveBytes));
  localRules: RootDisk['localRules'] = () => this.#told(() => localRules(this.#files));
  estimate: RootDisk['estimate'] = (rules) => this.#told(() => estimate(this.#files, rules, this.#traits.foldsCase));

  watch(onDirty: (dirty: Dirty) => void): Unsubscribe {
    const unsubscribe = this.#watcher?.subscribe(onDirty);
    if (unsubscribe) void this.#sayIfRemote(onDirty);
    return unsubscribe ?? (() => undefined);
  }

  close(): Promise<void> {
    this.#isClosed = true;
    this.#watcher?.close();
    return Promise.resolve();
  }

  /** Tells of a root on a file system of the network: writes of other machines there cause no event here. */
  async #sayIfRemote(onDirty: (dirty: Dirty) => void): Promise<void> {
    const facts = await this.#files.statfs().catch(() => undefined);
    if (facts && REMOTE.has(facts.type)) onDirty({ all: true, reason: 'unwatched' });
  }

  async #list(directories: readonly DiskPath[]): Promise<Listing[]> {
    this.#watcher?.beforeListing(directories);
    const listings = await listDirectories(this.#files, directories);
    this.#watcher?.afterListing(listings);
    return listings;
  }

  get #parts(): { files: RootFiles; notes: Notes; reserveBytes: number } {
    return { files: this.#files, notes: this.#notes, reserveBytes: this.#reserveBytes };
  }

  /** Makes every failure a `DiskError`, and does nothing once the disk is closed. */
  async #told<T>(act: () => Promise<T>): Promise<T> {
    if (this.#isClosed) throw new DiskError('gone');
    try {
      return await act();
    } catch (error) {
      throw asDiskError(error);
    }
  }

  #toldAll(trash: RootTrash): RootTrash {
    return {
      list: (options) => this.#told(() => trash.list(options)),
      restore: (id, to) => this.#told(() => trash.restore(id, to)),
      empty: (selection) => this.#told(() => trash.empty(selection)),
      changed: () => this.#told(() => trash.changed()),
      read: (id) => this.#told(() => trash.read(id)),
      known: (id, end, contentId) => this.#told(() => trash.known(id, end, contentId)),
    };
  }
}
