import { copyFile, link, mkdir, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Catalogue } from '@dfs/catalogue';
import { ChunkStore, Generation } from '@dfs/chunks';
import { Database, readJournal, ReadOnlyDatabase, Snapshots, type Snapshot } from '@dfs/database';
import { EventLog } from '@dfs/events';
import { Membership, restoreMembership } from '@dfs/peers';
import { pinRestored, type PinsRestored } from '@dfs/placement';
import { DfsError, moveFile, syncFolder, systemClock, type Log } from '@dfs/runtime';
import { parseRecord, type SignedRecord, type Signer } from '@dfs/protocol';
import { loadIdentity } from '@dfs/transport';
import { type Config, DEFAULT_QUOTA } from '../config.js';
import { openDataDir, type DataDir } from '../start/data-dir.js';
import { entities, migrations } from '../start/migrations.js';
import { fromEntry } from './journal-entries.js';
import { makeAside } from './set-aside.js';

/** Records, or envelopes, that are taken in together. */
const BATCH = 1000;

/** Options of the commands `restore` and `rebuild`. */
export interface RestoreOptions {
  /** `rebuild`: without a snapshot. */
  command: 'restore' | 'rebuild';
  /** Folder with `snapshots` and `journal`, by its path within the data directory: that itself when left out. */
  from?: string | undefined;
  /** Even where the database is sound. */
  force: boolean;
  log: Log;
}

/** The result of a restore. */
export interface Restored {
  /** The snapshot that was taken; undefined for none. */
  snapshot: Snapshot | undefined;
  /** Newer ones that are not sound, with the reason. */
  damaged: { snapshot: Snapshot; why: string }[];
  /** Records of the journal that the snapshot did not have, and those that were refused. */
  records: number;
  refused: number;
  files: { count: number; bytes: number };
  pins: PinsRestored;
  /** Where the database is that was there before; undefined where there was none. */
  setAside: string | undefined;
}

/**
 * Makes the database of a node anew that does not run: from the newest sound snapshot, or from none, then the journal by the
 * way that records of others come in, then the packs. The old database is set aside, not removed. Until all of it is done
 * nothing is changed.
 * @throws DfsError `not-ready` when it cannot be done, or need not be
 */
export async function restore(config: Config, options: RestoreOptions): Promise<Restored> {
  await requireNode(config.dataDir);
  const dataDir = await openDataDir(config.dataDir);
  try {
    if (!options.force) await refuseSound(dataDir, options.command);
    return await new Restore(config, dataDir, options).run();
  } finally {
    await dataDir.release();
  }
}

class Restore {
  private readonly work: string;
  private readonly source: { snapshots: string; journal: string };

  constructor(
    private readonly config: Config,
    private readonly dataDir: DataDir,
    private readonly options: RestoreOptions,
  ) {
    const from = resolve(dataDir.path, options.from ?? '.');
    this.work = join(dataDir.path, 'restore.tmp');
    this.source = { snapshots: join(from, 'snapshots'), journal: join(from, 'journal') };
  }

  async run(): Promise<Restored> {
    const { signer } = await loadIdentity(this.dataDir.identityFile);
    await rm(this.work, { recursive: true, force: true });
    await mkdir(this.work, { mode: 0o700 });
    try {
      const file = join(this.work, 'dfs.sqlite');
      const { snapshot, damaged } = await this.begin(file);
      const db = await Database.open({ file, migrations, entities, log: this.options.log });
      const filled = await this.fill(db, signer).finally(() => db.close());
      const setAside = await this.putInPlace(file);
      return { snapshot, damaged, ...filled, setAside };
    } finally {
      await rm(this.work, { recursive: true, force: true });
    }
  }

  /** The database to go on from: that of a snapshot, or a new one with the membership of the journal. */
  private async begin(file: string): Promise<Pick<Restored, 'snapshot' | 'damaged'>> {
    const { command, log } = this.options;
    const membership = await this.journaledMembership();
    if (command === 'restore') {
      const { database, path } = { database: this.dataDir.databaseFile, path: this.dataDir.path };
      const snapshots = new Snapshots({ database, dir: this.source.snapshots, room: () => Promise.resolve(0), log });
      const { snapshot, damaged } = await snapshots.newestSound();
      if (!snapshot) throw noSnapshot(path, damaged.length);
      await copyFile(snapshot.file, file);
      const db = await Database.open({ file, migrations, entities, log });
      const known = await networkOf(db).finally(() => db.close());
      const wanted = await this.networkAmong(membership);
      if (wanted === undefined || wanted === known) return { snapshot, damaged };
      // It is of a network that this node has left since: all that was stored in the next one is in the journal.
      for (const suffix of ['', '-wal', '-shm']) await rm(file + suffix, { force: true });
    }
    const db = await Database.open({ file, migrations, entities, log });
    const network = await restoreMembership(db, membership).finally(() => db.close());
    if (network === undefined) throw noNetwork();
    return { snapshot: undefined, damaged: [] };
  }

  private async journaledMembership(): Promise<Uint8Array[]> {
    const found: Uint8Array[] = [];
    for await (const entry of readJournal(this.source.journal)) {
      const one = fromEntry(entry);
      if (one?.kind === 'membership') found.push(Uint8Array.from(one.bytes));
    }
    return found;
  }

  /** The network that was joined last, by the journal. */
  private async networkAmong(membership: readonly Uint8Array[]): Promise<string | undefined> {
    const file = join(this.work, 'membership.sqlite');
    const db = await Database.open({ file, migrations, entities });
    return restoreMembership(db, membership).finally(() => db.close());
  }

  private async fill(db: Database, signer: Signer): Promise<Pick<Restored, 'records' | 'refused' | 'files' | 'pins'>> {
    const { log } = this.options;
    const clock = systemClock;
    const events = await EventLog.open(db, { clock, log });
    const { name: nodeName = '', founding } = this.config;
    const membership = await Membership.open({ db, events, signer, clock, log }, { nodeName, founding });
    const envelopes = await this.journaledMembership();
    for (let at = 0; at < envelopes.length; at += BATCH) await membership.receive(envelopes.slice(at, at + BATCH));
    const catalogue = await Catalogue.open({ db, events, signer, membership, clock, log });
    try {
      const { records, refused } = await this.replay(catalogue, membership.networkId, signer.peerId);
      const pins = await this.takePacksIn(db, catalogue);
      return { records, refused, files: await catalogue.totals(), pins };
    } finally {
      await catalogue.close();
    }
  }

  private async replay(
    catalogue: Catalogue,
    networkId: string,
    peerId: string,
  ): Promise<{ records: number; refused: number }> {
    const sum = { records: 0, refused: 0 };
    let batch: SignedRecord[] = [];
    const receive = async (): Promise<void> => {
      const { added, waiting, refused } = await catalogue.receive(batch, peerId);
      sum.records += added + waiting;
      sum.refused += refused;
      batch = [];
    };
    for await (const entry of readJournal(this.source.journal)) {
      const one = fromEntry(entry);
      if (one?.kind !== 'record' || isOfAnother(networkId, one.record)) continue;
      batch.push(one.record);
      if (batch.length >= BATCH) await receive();
    }
    await receive();
    // Records it signed anew once, while its clock had been ahead, do not count twice.
    await catalogue.judgeNow();
    return sum;
  }

  /** The generation is not raised: the next start finds that this database is another, and renews what is to be renewed. */
  private async takePacksIn(db: Database, catalogue: Catalogue): Promise<PinsRestored> {
    const { log } = this.options;
    const dir = this.dataDir.chunksDir;
    const generation = await Generation.open({ db, log }, dir);
    const quotaBytes = this.config.quota ?? DEFAULT_QUOTA;
    const chunks = await ChunkStore.open({ dir, db, quotaBytes, log, generation });
    try {
      await chunks.settled();
      return await pinRestored({ db, chunks, catalogue }, new AbortController().signal);
    } finally {
      await chunks.close();
    }
  }

  /** By one rename, with the database that was there linked to another name before. */
  private async putInPlace(file: string): Promise<string | undefined> {
    const { path, databaseFile } = this.dataDir;
    const aside = join(path, await makeAside(path, Date.now()));
    let hadOne = false;
    // Its log first: it must not be taken for that of the new one.
    for (const suffix of ['-wal', '-shm'])
      await renameIfThere(databaseFile + suffix, join(aside, `dfs.sqlite${suffix}`));
    if (await isThere(databaseFile)) {
      await link(databaseFile, join(aside, 'dfs.sqlite'));
      hadOne = true;
    }
    if (this.options.from !== undefined) await this.bringBack(aside);
    await moveFile(file, databaseFile);
    await syncFolder(path);
    if (!hadOne && this.options.from === undefined) await rm(aside, { recursive: true, force: true });
    return hadOne ? aside : undefined;
  }

  /** Snapshots and journal become those of this node again. */
  private async bringBack(aside: string): Promise<void> {
    const { snapshotsDir, journalDir } = this.dataDir;
    for (const [from, to, name] of [
      [this.source.snapshots, snapshotsDir, 'snapshots'],
      [this.source.journal, journalDir, 'journal'],
    ] as const) {
      await renameIfThere(to, join(aside, `replaced-${name}`));
      await renameIfThere(from, to);
    }
  }
}

async function requireNode(path: string): Promise<void> {
  if (await isThere(join(path, 'identity.key'))) return;
  throw new DfsError(
    'not-ready',
    `There is no identity.key in ${path}: check DFS_DATA_DIR, or --data-dir. A node whose key is lost cannot be restored.`,
  );
}

async function refuseSound({ databaseFile, path }: DataDir, command: RestoreOptions['command']): Promise<void> {
  if (!(await isThere(databaseFile))) return;
  const db = await ReadOnlyDatabase.open(databaseFile, migrations).catch(() => undefined);
  if (!db) return;
  const damage = await db.damage().catch((error: unknown) => [String(error)]);
  await db.close();
  if (damage.length > 0) return;
  throw new DfsError(
    'not-ready',
    `The database in ${path} is sound: there is nothing to restore. To ${command === 'restore' ? 'go back to a snapshot' : 'rebuild it'} all the same, give --force.`,
  );
}

async function networkOf(db: Database): Promise<string | undefined> {
  const [row] = await db.query<{ network: Uint8Array }>('SELECT network FROM membership_state');
  return row && Buffer.from(row.network).toString('hex');
}

function isOfAnother(networkId: string, record: SignedRecord): boolean {
  try {
    return parseRecord(record.body).envelope.network !== networkId;
  } catch {
    return true;
  }
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function renameIfThere(from: string, to: string): Promise<void> {
  if (await isThere(from)) await moveFile(from, to);
}

function noSnapshot(path: string, damaged: number): DfsError {
  const what =
    damaged === 0 ? `There is no snapshot in ${path}` : `None of the ${damaged} snapshots in ${path} is sound`;
  return new DfsError(
    'not-ready',
    `${what}. Rebuild the database from the journal and the packs: npm run engine -- rebuild --data-dir=${path}`,
  );
}

function noNetwork(): DfsError {
  return new DfsError(
    'not-ready',
    'Nothing in the journal says which network this node belongs to. Start it with the database moved away: where its ' +
      'network has other members it comes back to them by itself, and its packs are taken in.',
  );
}
