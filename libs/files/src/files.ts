import type { Commit, Conditions, Entry, KeyPage, KeyQuery, Level, VersionQuery, VoidQuery } from '@dfs/catalogue';
import type { BlockBatch } from '@dfs/chunks';
import type {
  BatchOp,
  ChunkList,
  FileInfo,
  FileList,
  FoundContentList,
  HolderList,
  MovedFile,
  ReleasedVersions,
  VerifyResult,
  VersionList,
  VoidVersionList,
} from '@dfs/contracts';
import type { Tx } from '@dfs/database';
import { normalisePath, type Cid, type RecordAttributes } from '@dfs/protocol';
import { silentLog, systemClock, type WorkStatus } from '@dfs/runtime';
import { Archives } from './archive/archives.js';
import { ActRuns } from './acts/act-runs.js';
import { FolderActs } from './acts/folder-acts.js';
import { DeletionPace, type ChangeOptions } from './write/deletion-pace.js';
import { openContent, openShown, type OpenContent } from './read/download.js';
import { InlineTypes } from './read/inline.js';
import { getFile, idOf, listChunks, listFiles, listHolders, shownEntry, type ListQuery } from './read/listing.js';
import { verifyFile } from './read/verify.js';
import type { Preconditions } from './http/headers/preconditions.js';
import type { FilesComponents } from './ports.js';
import { FileStates } from './states/file-states.js';
import { Thumbnails } from './thumbnails/thumbnails.js';
import { changeMatching, type Filter, type MatchingDone, type MatchingOp } from './write/batch-matching.js';
import { changeMany, type BatchDone, type BatchItem } from './write/batch.js';
import { lookUp, type FoundPath } from './read/lookup.js';
import { findPath, readLevel, type PathFound } from './read/tree.js';
import { changeAttributes, copyOver, putOver, type CopyOver } from './write/overwrite.js';
import { removeFolderRecord } from './write/folder-record.js';
import { removeFile, type RemoveOptions } from './write/removal.js';
import {
  adoptVersion,
  chooseVersion,
  copyFile,
  moveFile,
  restoreFile,
  type ChooseOptions,
  type Revised,
} from './write/revise.js';
import { uploadMany, type PartResult, type UploadManyOptions, type UploadPart } from './write/upload-many.js';
import { describe } from './read/file-info.js';
import { admit, commitUploads, upload, type Upload, type UploadOutcome, type UploadRequest } from './write/upload.js';
import { UploadProgress } from './write/upload-progress.js';
import { adoptFoundContent, listFoundContents } from './versions/found-contents.js';
import { listVersions, releaseVersions } from './versions/versions.js';
import { listVoidVersions } from './versions/void-versions.js';

/** The files of the network, as one node sees and serves them: a verb each, a file for every verb. */
export class Files {
  /** Folders as a whole. */
  readonly folders: FolderActs;
  /** Many files as one zip. */
  readonly archives: Archives;
  /** Acts over many files that go on behind their answers. */
  readonly acts: ActRuns;
  /** How all current files are: summed up, and for lists. */
  readonly states: FileStates;
  /** Small pictures of images. */
  readonly thumbnails: Thumbnails;
  private readonly inline = new InlineTypes();
  private readonly deletions: DeletionPace;

  constructor(private readonly components: FilesComponents) {
    this.deletions = new DeletionPace(components.clock);
    this.archives = new Archives(components);
    this.acts = new ActRuns(components);
    this.states = new FileStates({ clock: systemClock, log: silentLog, ...components });
    this.thumbnails = new Thumbnails(
      { ...components, typeOf: (content, signal) => this.inline.of(content, signal) },
      { dir: components.thumbnailsDir },
    );
    this.folders = new FolderActs({ ...components, states: this.states }, this.deletions, this.acts);
  }

  /** Its recurring work in the background. */
  work(): WorkStatus[] {
    return [this.states.work(), this.thumbnails.work()];
  }

  upload(request: UploadRequest): Promise<UploadOutcome> {
    return upload(this.components, request);
  }

  uploadMany(parts: AsyncIterable<UploadPart>, options?: UploadManyOptions): Promise<PartResult[]> {
    return uploadMany(this.components, parts, options);
  }

  /**
   * Before the bytes of an upload come over time: refuses what cannot become of it, whatever its bytes are.
   * @param size bytes that are to come
   * @returns the path as it will be, and what `commit` is to ask for again
   * @throws DfsError as `upload`
   */
  async admit(
    path: string,
    want: Preconditions & { size?: number },
  ): Promise<{ path: string; conditions: Conditions }> {
    const normal = normalisePath(path);
    return { path: normal, conditions: await admit(this.components, normal, want) };
  }

  /**
   * Records an upload whose bytes are in the store, or in a batch that is flushed: then all of it or nothing.
   * @param alongside what else belongs to the same unit of work
   * @throws DfsError as `upload`; the batch is then still to be committed, or aborted
   */
  async commit(
    batch: Pick<BlockBatch, 'commit'>,
    upload: Upload,
    alongside: (tx: Tx, commit: Commit) => Promise<void>,
  ): Promise<UploadOutcome> {
    const [done] = await commitUploads(this.components, [batch], [upload], (tx, [commit]) =>
      alongside(tx, commit as Commit),
    );
    return done as UploadOutcome;
  }

  /** An entry that was kept, as the API tells of it now. */
  async told(entry: Entry): Promise<FileInfo> {
    return (await describe(this.components.placement, [entry]))[0] as FileInfo;
  }

  /** Has an upload that comes over time among the transfers. @param size bytes, where they are announced */
  progress(path: string, size: number | undefined): UploadProgress {
    return new UploadProgress(this.components.placement, path, size);
  }

  open(fileId: string, version?: string): Promise<OpenContent> {
    return openContent(this.components, fileId, version);
  }

  /** The file that a path shows, with what is said of it. @throws DfsError `file-not-found`, `invalid-path` */
  openShown(path: string): Promise<{ entry: Entry; content: OpenContent }> {
    return openShown(this.components, path);
  }

  /**
   * The type under which a content may be shown in a page, by its bytes; null for what is not: it is saved.
   * @throws DfsError as `read` of the content
   */
  inlineType(content: OpenContent, signal: AbortSignal): Promise<string | null> {
    return this.inline.of(content, signal);
  }

  /** Of a path that is or was a file's. @throws DfsError `file-not-found`, `invalid-path` */
  idOf(path: string): Promise<string> {
    return idOf(this.components, path);
  }

  /** Of a file that is or was there. */
  async pathOf(fileId: string): Promise<string | undefined> {
    return (await this.components.catalogue.get(fileId))?.path;
  }

  /** The entry that a path shows; undefined where there is no file. @throws DfsError `invalid-path` */
  async shownAt(path: string): Promise<Entry | undefined> {
    const entry = await this.components.catalogue.byPath(path);
    return entry?.deleted === false ? entry : undefined;
  }

  /** Files and folder records as one sequence of keys, a page at a time. */
  keys(query: KeyQuery): Promise<KeyPage> {
    return this.components.catalogue.folders.keys(query);
  }

  list(query: ListQuery): Promise<FileList> {
    return listFiles({ ...this.components, states: this.states }, query);
  }

  /** The file or folder at a path. @param path normalised; empty for the top */
  find(path: string, as?: { isFolder?: boolean }): Promise<PathFound> {
    return findPath(this.components.catalogue, path, as);
  }

  /** A page of one level, as the catalogue has it. @param path of a folder, normalised; empty for the top */
  level(path: string, page: { limit: number; cursor?: string }): Promise<Level> {
    return readLevel(this.components.catalogue, path, page);
  }

  get(fileId: string): Promise<FileInfo> {
    return getFile(this.components, fileId);
  }

  remove(fileId: string, options?: RemoveOptions): Promise<void> {
    return removeFile(this.components, this.deletions, fileId, options);
  }

  /** Many files as one act. */
  changeMany(op: BatchOp, items: readonly BatchItem[], options?: ChangeOptions): Promise<BatchDone> {
    return changeMany(this.components, this.deletions, op, items, options);
  }

  /** The same of all files that match. */
  changeMatching(op: MatchingOp, filter: Filter, options?: ChangeOptions): Promise<MatchingDone> {
    const parts = { ...this.components, states: this.states, runs: this.acts, pace: this.deletions };
    return changeMatching(parts, op, filter, options);
  }

  lookUp(paths: readonly string[]): Promise<FoundPath[]> {
    return lookUp(this.components, paths);
  }

  versions(fileId: string, query: VersionQuery): Promise<VersionList> {
    return listVersions(this.components, fileId, query);
  }

  releaseVersions(fileId: string, before?: number): Promise<ReleasedVersions> {
    return releaseVersions(this.components, fileId, before);
  }

  restore(fileId: string, version?: string, want?: Preconditions): Promise<Revised> {
    return restoreFile(this.components, fileId, version, want);
  }

  choose(fileId: string, version: string, want?: ChooseOptions): Promise<Revised> {
    return chooseVersion(this.components, this.deletions, fileId, version, want);
  }

  copy(fileId: string, path: string, want?: Preconditions & { version?: string }): Promise<Revised> {
    return copyFile(this.components, fileId, path, want);
  }

  /** A copy in place of what there is at the path. */
  copyOver(fileId: string, path: string, how: CopyOver, want?: Conditions): Promise<Entry> {
    return copyOver(this.components, fileId, path, how, want);
  }

  /** Deletes the record of a folder, and nothing in the folder. @param path normalised */
  removeFolderRecord(path: string): Promise<boolean> {
    return removeFolderRecord(this.components, path);
  }

  move(fileId: string, path: string, want?: Preconditions): Promise<Revised<MovedFile>> {
    return moveFile(this.components, fileId, path, want);
  }

  /** A file over another one, which gets a new version. */
  putOver(does: 'copy' | 'move', fileId: string, path: string, want?: Preconditions): Promise<FileInfo> {
    return putOver(this.components, does, fileId, path, want);
  }

  /** Says something else of a file, whose bytes stay. */
  changeAttributes(
    fileId: string,
    change: (attributes: RecordAttributes) => RecordAttributes,
    want?: Preconditions,
  ): Promise<Entry> {
    return changeAttributes(this.components, fileId, change, want);
  }

  voidVersions(query: VoidQuery): Promise<VoidVersionList> {
    return listVoidVersions(this.components, query);
  }

  adopt(version: string, want?: Preconditions): Promise<Revised> {
    return adoptVersion(this.components, version, want);
  }

  foundContents(query: { limit: number; cursor?: string }): Promise<FoundContentList> {
    return listFoundContents(this.components, query);
  }

  adoptFound(contentId: Cid, path: string): Promise<FileInfo> {
    return adoptFoundContent(this.components, contentId, path);
  }

  dropFound(contentId: Cid): Promise<void> {
    return this.components.placement.found.drop(contentId);
  }

  chunks(fileId: string, query: { limit: number; cursor?: string }): Promise<ChunkList> {
    return listChunks(this.components, fileId, query);
  }

  /** Reads all of a file that is here, and holds it against its ids. */
  verify(fileId: string, signal: AbortSignal): Promise<VerifyResult> {
    return verifyFile(this.components, fileId, signal);
  }

  /** Has this node do now what it can do for the copies of a file. @throws DfsError `file-not-found` */
  async repair(fileId: string): Promise<FileInfo> {
    const { contentId, size, author } = await shownEntry(this.components.catalogue, fileId);
    await this.components.placement.repair({ contentId, size, author });
    return this.get(fileId);
  }

  /** Keeps a file on this node from now on, and gets it where it is not here. @throws DfsError `file-not-found` */
  async keep(fileId: string): Promise<FileInfo> {
    const { path, contentId, size, author } = await shownEntry(this.components.catalogue, fileId);
    await this.components.placement.keep(path, { contentId, size, author });
    return this.get(fileId);
  }

  /** Frees what this node has of a file beyond its share. @throws DfsError `file-not-found`, `placed-here` */
  async free(fileId: string): Promise<FileInfo> {
    const { path, contentId, size, author } = await shownEntry(this.components.catalogue, fileId);
    await this.components.placement.free(path, { contentId, size, author });
    return this.get(fileId);
  }

  holders(fileId: string): Promise<HolderList> {
    return listHolders(this.components, fileId);
  }
}
