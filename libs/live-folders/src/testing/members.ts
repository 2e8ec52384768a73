import { generateKeyPairSync } from 'node:crypto';
import { copyFile, rm } from 'node:fs/promises';
import { Catalogue, catalogueMigrations } from '@dfs/catalogue';
import { ChunkStore, chunksEntities, chunksFrom, chunksMigrations } from '@dfs/chunks';
import type { BindLiveFolder, LiveFolderInfo, MemberRole } from '@dfs/contracts';
import type { Database } from '@dfs/database';
import type { Placement } from '@dfs/placement';
import { EventLog, eventsEntities, eventsMigrations } from '@dfs/events';
import { EMPTY_CONTENT, signerFromRaw, type Cid, type SignedRecord, type Signer } from '@dfs/protocol';
import { DfsError, silentLog, type Log, type Timers } from '@dfs/runtime';
import { tempDatabase, testDatabase, type TempDatabase } from '@dfs/testing';
import { liveFoldersMigrations } from '../base/schema.js';
import { toDiskPath } from '../disk/names.js';
import type { Dirty, RootDisk } from '../disk/root-disk.js';
import { LiveFolders } from '../live-folders.js';
import type { Folder } from '../run/folder.js';
import type { LiveFoldersComponents } from '../pass/ports.js';
import { memoryRoot, MEMORY_ROOT, type MemoryRoot, type MemoryRootOptions } from './memory-root.js';

type ContentStanding = NonNullable<ReturnType<Awaited<ReturnType<Placement['standings']>>['get']>>;
const NETWORK = '11'.repeat(32);
const MIGRATIONS = [...eventsMigrations, ...chunksMigrations, ...catalogueMigrations, ...liveFoldersMigrations];
const ENTITIES = [...eventsEntities, ...chunksEntities];

/** Whether the long wait of a virtual clock is over. */
const SETTLED = new Set(['up-to-date', 'paused', 'held', 'error']);

/** Members of one network in this process: real databases, chunks and catalogues; records and chunks pass by calls. */
export class TestMembers implements AsyncDisposable {
  readonly all: TestMember[] = [];
  private readonly roles = new Map<string, MemberRole>();

  /** A further member, which knows all that the others know. */
  async add(options: MemoryRootOptions & { role?: MemberRole; log?: Log } = {}): Promise<TestMember> {
    const signer = signerFromRaw(
      generateKeyPairSync('ed25519').privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(16),
    );
    this.roles.set(signer.peerId, options.role ?? 'owner');
    const member = await TestMember.open(this, signer, options);
    this.all.push(member);
    await this.meet();
    return member;
  }

  /** Its database is as it was when it was copied; its disk, and the packs of its chunks, are as they are. */
  async putBack(member: TestMember, copy: string): Promise<TestMember> {
    const back = await member.withDatabase(copy);
    this.all[this.all.indexOf(member)] = back;
    return back;
  }

  role(peerId: string): { role: MemberRole; peerId: string } | undefined {
    const role = this.roles.get(peerId);
    return role && { role, peerId };
  }

  /** It may do another thing in the network from now on. */
  setRole({ signer }: TestMember, role: MemberRole): void {
    this.roles.set(signer.peerId, role);
  }

  /** Everybody gets what the others have. */
  async meet(): Promise<void> {
    for (const from of this.all) {
      if (!from.isOnline) continue;
      const records: SignedRecord[] = [];
      for await (const record of from.catalogue.records.inRanges([{ bits: 0, index: 0 }])) records.push(record);
      for (const to of this.all) {
        if (to !== from && to.isOnline && records.length > 0) await to.catalogue.receive(records, from.signer.peerId);
      }
    }
  }

  /** A chunk from whoever has it. */
  async chunk(id: Cid, first: TestMember): Promise<Uint8Array> {
    for (const member of [first, ...this.all.filter((one) => one !== first && one.isOnline)]) {
      try {
        return await member.chunks.get(id);
      } catch {
        continue;
      }
    }
    throw new DfsError('content-unavailable', 'nobody has it');
  }

  /** As if everybody who has the bytes of a small content had promised them. */
  async standings(contents: readonly { contentId: Cid }[], self: TestMember): Promise<Map<Cid, ContentStanding>> {
    const found = new Map<Cid, ContentStanding>();
    for (const { contentId } of contents) {
      const have = async (member: TestMember): Promise<boolean> =>
        member.isOnline &&
        member.promises &&
        member.chunks.get(contentId).then(
          () => true,
          () => false,
        );
      const all = await Promise.all(this.all.map(have));
      const reachable = all.filter(Boolean).length;
      const local = all[this.all.indexOf(self)] === true ? 'whole' : 'none';
      found.set(contentId, { replication: { target: 2, copies: reachable, state: 'safe', reachable }, local });
    }
    return found;
  }

  /** Passes of all folders and exchanges of all records, until nothing is to be done. */
  async settle(rounds = 30): Promise<void> {
    for (let round = 0; round < rounds; round++) {
      await this.meet();
      const before = await this.print();
      for (const member of this.all) await member.settle();
      await this.meet();
      if ((await this.print()) === before) return;
    }
    throw new Error(`the folders never come to rest: ${await this.print()}`);
  }

  private async print(): Promise<string> {
    const parts = this.all.map(async (member) => {
      const [row] = await member.db.query<{ n: number }>('SELECT count(*) AS n FROM catalogue_record');
      const info = member.folder ? await member.folder.info() : undefined;
      return [row?.n, info?.state, info?.reason, info?.held, member.root.all()];
    });
    return JSON.stringify(await Promise.all(parts));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const member of this.all) await member.close();
  }
}

/** One member with one root on a scripted disk. */
export class TestMember {
  isOnline = true;
  /** It promises to keep the chunks that it has. */
  promises = true;
  isSynced = true;
  live!: LiveFolders;
  folder: Folder | undefined;
  private readonly synced = new Set<() => void>();
  private readonly compared = new Set<() => void>();
  private readonly watchers = new Set<(dirty: Dirty) => void>();

  private constructor(
    private readonly members: TestMembers,
    readonly signer: Signer,
    private readonly temp: TempDatabase,
    readonly chunks: ChunkStore,
    readonly catalogue: Catalogue,
    readonly events: EventLog,
    public root: MemoryRoot,
    private readonly log: Log,
  ) {
    this.live = this.make();
  }

  static async open(
    members: TestMembers,
    signer: Signer,
    { log = silentLog, ...options }: MemoryRootOptions & { log?: Log },
  ): Promise<TestMember> {
    return TestMember.over(members, signer, await tempDatabase(MIGRATIONS, ENTITIES), memoryRoot(options), log);
  }

  private static async over(
    members: TestMembers,
    signer: Signer,
    temp: TempDatabase,
    root: MemoryRoot,
    log: Log,
  ): Promise<TestMember> {
    const events = await EventLog.open(temp.db);
    const chunks = await ChunkStore.open({ dir: temp.dir.file('chunks'), db: temp.db, quotaBytes: 2 ** 30 });
    const membership = {
      networkId: NETWORK,
      self: () => ({ peerId: signer.peerId, role: members.role(signer.peerId)?.role ?? 'owner' }),
      member: (peerId: string) => members.role(peerId),
      removed: () => undefined,
      onChange: () => () => undefined,
    };
    const catalogue = await Catalogue.open({ db: temp.db, events, signer, membership, clock: root.time, log });
    return new TestMember(members, signer, temp, chunks, catalogue, events, root, log);
  }

  get db(): Database {
    return this.temp.db;
  }

  /** As another process over the same database and disk. */
  async restart(): Promise<void> {
    await this.folder?.stop();
    this.root = this.root.restarted();
    this.live = this.make();
    await this.live.load();
    const [info] = await this.live.list();
    this.folder = info && this.live.folder(info.id);
    this.folder?.listen();
  }

  /** A copy of its database, while nothing is written. @returns the file */
  async copyDatabase(): Promise<string> {
    const { dir } = this.temp;
    for (const part of ['', '-wal'])
      await copyFile(dir.file(`dfs.sqlite${part}`), dir.file(`copy.sqlite${part}`)).catch(() => undefined);
    return dir.file('copy.sqlite');
  }

  /** The same node, started anew over a copy of its database; this one is over. */
  async withDatabase(copy: string): Promise<TestMember> {
    const { dir } = this.temp;
    await this.end();
    const file = dir.file('dfs.sqlite');
    for (const part of ['', '-wal', '-shm']) {
      await rm(`${file}${part}`, { force: true });
      await copyFile(`${copy}${part}`, `${file}${part}`).catch(() => undefined);
    }
    const db = await testDatabase({ file, migrations: MIGRATIONS, entities: ENTITIES });
    const remove = async (): Promise<void> => {
      await db.close();
      await dir.remove();
    };
    const temp = { db, dir, remove, [Symbol.asyncDispose]: remove };
    const back = await TestMember.over(this.members, this.signer, temp, this.root, this.log);
    await back.restart();
    return back;
  }

  /** Binds the root. No pass runs by itself. */
  async bind(want: Partial<BindLiveFolder> = {}): Promise<LiveFolderInfo> {
    const info = await this.live.bind({ root: MEMORY_ROOT, prefix: 'p', ...want });
    this.folder = this.live.folder(info.id);
    this.folder.listen();
    return info;
  }

  /** Passes until the folder has nothing to do, or cannot go on. */
  async settle(): Promise<LiveFolderInfo | undefined> {
    if (!this.folder) return undefined;
    let info = await this.folder.info();
    for (let turn = 0; turn < 12; turn++) {
      if (turn === 0) await this.folder.pass();
      else await this.folder.passOverDirty();
      info = await this.folder.info();
      if (SETTLED.has(info.state)) return info;
      this.root.time.advance(2200);
    }
    return info;
  }

  /** The watcher says that these directories may have changed. */
  tell(directories: readonly string[]): void {
    for (const onDirty of this.watchers) onDirty({ directories: directories.map(toDiskPath) });
  }

  /** Passes over what is dirty alone, until nothing is. */
  async passOverDirty(): Promise<void> {
    for (let turn = 0; turn < 8; turn++) {
      await this.folder?.passOverDirty();
      this.root.time.advance(1100);
    }
  }

  async info(): Promise<LiveFolderInfo> {
    return (this.folder as Folder).info();
  }

  /** Files of people, without what is ours. */
  files(): Record<string, string> {
    return Object.fromEntries(Object.entries(this.root.all()).filter(([path]) => !path.startsWith('.dfs-')));
  }

  /** All that is in the trash. */
  trash(): string[] {
    return Object.entries(this.root.all())
      .filter(([path]) => path.startsWith('.dfs-trash/'))
      .map(([, text]) => text);
  }

  write(path: string, text: string): void {
    this.root.user.write(this.root.at(path), text);
  }

  remove(path: string): void {
    this.root.user.remove(this.root.at(path));
  }

  rename(from: string, to: string): void {
    this.root.user.rename(this.root.at(from), this.root.at(to));
  }

  /** It has synced, or has not since its start. */
  sync(isSynced: boolean): void {
    this.isSynced = isSynced;
    if (isSynced) for (const fn of this.synced) fn();
  }

  /** It has compared its records with those of a member. */
  compare(): void {
    for (const fn of this.compared) fn();
  }

  /** The chunks of all versions of a path but the one that is shown: as after the retention. */
  async forget(path: string): Promise<void> {
    const entry = await this.catalogue.byPath(path);
    const { items } = await this.catalogue.versions(entry?.fileId ?? '', { limit: 1000 });
    const shown = entry?.deleted === false ? entry.contentId : null;
    const gone = items.flatMap(({ contentId }) => (contentId === null || contentId === shown ? [] : [contentId]));
    await this.chunks.drop(gone, () => Promise.resolve(new Set<Cid>()));
  }

  /** Every content of every version of a path. */
  async versions(path: string): Promise<string[]> {
    const entry = await this.catalogue.byPath(path);
    if (!entry) return [];
    const { items } = await this.catalogue.versions(entry.fileId, { limit: 1000 });
    const found: string[] = [];
    for (const { contentId, size } of items) if (contentId !== null) found.push(await this.content(contentId, size));
    return found;
  }

  async content(contentId: Cid, size: number): Promise<string> {
    const pieces: Uint8Array[] = [];
    for await (const piece of this.fetch(contentId, size)) pieces.push(piece);
    return Buffer.concat(pieces).toString();
  }

  async close(): Promise<void> {
    await this.end(false);
    await this.temp.remove();
  }

  private async end(closesDatabase = true): Promise<void> {
    await this.folder?.stop();
    await this.catalogue.close();
    await this.chunks.close();
    if (closesDatabase) await this.db.close();
  }

  private make(): LiveFolders {
    const { root, signer, members } = this;
    const timers: Timers = {
      ticks: () => this.root.time.ticks(),
      after: (milliseconds, callback) => this.root.time.after(milliseconds, callback),
      every: (milliseconds, callback) => this.root.time.every(milliseconds, callback),
      sleep: (milliseconds) => Promise.resolve(this.root.time.advance(milliseconds)),
    };
    const parts: LiveFoldersComponents = {
      ...{ db: this.db, catalogue: this.catalogue, chunks: this.chunks, events: this.events, clock: root.time, timers },
      placement: {
        pinLocal: async () => undefined,
        fetch: (id, size) => this.fetch(id, size),
        here: { small: (ids, signal) => this.small(ids, signal), blocks: lacking },
        standings: (contents) => members.standings(contents, this),
      },
      membership: {
        self: () => ({ role: members.role(signer.peerId)?.role ?? 'owner' }),
        onChange: () => () => undefined,
      },
      sync: {
        isSynced: () => this.isSynced,
        onSynced: (fn) => {
          this.synced.add(fn);
          return () => this.synced.delete(fn);
        },
        onCompared: (fn) => {
          this.compared.add(fn);
          return () => this.compared.delete(fn);
        },
      },
      // One disk for all, and open after one of its users has closed it.
      openDisk: () => keptOpen(this.root.disk, this.watchers),
      log: this.log,
    };
    return new LiveFolders(parts, {
      roots: { allowed: ['/mnt'], home: '/home/u', dataDir: '/home/u/data' },
      resolve: (path) => Promise.resolve(path),
    });
  }

  /** Those that it has itself. */
  private async small(contents: Iterable<Cid>, signal: AbortSignal): Promise<Map<Cid, Uint8Array>> {
    const found = new Map<Cid, Uint8Array>([[EMPTY_CONTENT, new Uint8Array(0)]]);
    for await (const { id, bytes } of this.chunks.getMany([...(await this.chunks.has([...contents]))], { signal }))
      found.set(id, bytes);
    return found;
  }

  private async *fetch(contentId: Cid, size: number): AsyncGenerator<Uint8Array, void, undefined> {
    const get = (id: Cid): Promise<Uint8Array> => this.members.chunk(id, this);
    for await (const chunk of chunksFrom(contentId, size, get)) yield await get(chunk.id);
  }
}

/** No block lies on a disk that another process could read from. */
async function* lacking(): AsyncGenerator<never, void, undefined> {
  yield await Promise.reject<never>(new DfsError('content-unavailable', 'It is not here.'));
}

function keptOpen(disk: RootDisk, watchers: Set<(dirty: Dirty) => void>): RootDisk {
  const watch: RootDisk['watch'] = (onDirty) => {
    watchers.add(onDirty);
    return () => watchers.delete(onDirty);
  };
  const own: Partial<RootDisk> = { watch, close: () => Promise.resolve() };
  return new Proxy(disk, { get: (target, name: keyof RootDisk) => own[name] ?? target[name] });
}
