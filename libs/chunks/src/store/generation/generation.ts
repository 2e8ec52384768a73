import { randomBytes } from 'node:crypto';
import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Database, Reader } from '@dfs/database';
import { DfsError, silentLog, type Log } from '@dfs/runtime';
import { isFull } from '../damage/errors.js';
import { MARK_FILE, readMark, writeMark, type Mark } from './mark.js';
import { ChunkStoreEntity } from './generation.entity.js';
import { packNames } from '../packs/pack-files.js';

/** The database that is compared with the mark beside the packs. */
export interface GenerationComponents {
  db: Database;
  log?: Log;
}

/** Why a database is not proven to be the newest of its directory. */
export type Doubt =
  /** The folder of the chunks was in use before, and this database knows nothing of it. */
  | 'database-new'
  /** The folder was used with a later state of this database. */
  | 'database-older'
  /** The database file is a copy: restored, or moved with its directory. */
  | 'database-copied'
  /** The folder of the chunks is an earlier state, or its mark is missing. */
  | 'folder-older';

/**
 * Answers whether this database is the newest that its directory has had. The database and the mark in the folder of the
 * chunks carry the same generation, raised together: at every start and at every stop, and after every copy that is made
 * of the database. The database also knows inode and birth time of its own file, which a copy does not have.
 *
 * Where it is proven, what the database does not know is a leftover of a crash. Where it is not, the database may be a
 * restored copy or a blank one, and acts that it does not know of were acknowledged: then nothing unknown is removed,
 * numbers that were given before are not given again (event stream, nonce of the pin log), and the node syncs before it
 * writes. A part that renews something at such a start commits that before `raise`; a crash before it leaves the doubt.
 */
export class Generation {
  #tail: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly components: Required<GenerationComponents>,
    /** Folder of the chunk store. */
    readonly dir: string,
    private row: ChunkStoreEntity,
    private marked: Mark | undefined,
    /** Undefined where the database is proven the newest. Does not change while the node runs. */
    readonly doubt: Doubt | undefined,
  ) {}

  /**
   * Judges, and changes nothing but for making the folder.
   * @throws DfsError `not-ready` when the database knows chunks, and the folder is marked by another store, or bears no sign of them
   */
  static async open({ db, log = silentLog }: GenerationComponents, dir: string): Promise<Generation> {
    await requireFolder(db, dir);
    await mkdir(join(dir, 'tmp'), { recursive: true });
    const [row, mark] = [await rowOf(db), await readMark(dir)];
    const doubt = doubtOf(row, mark, await fileIdentity(db.file), (await packNames(dir)).length > 0);
    // The folder's id outlives a lost database: what is put back later finds its folder.
    const id = mark && /^[0-9a-f]{32}$/.test(mark.id) ? mark.id : (row?.id ?? randomBytes(16).toString('hex'));
    const generation = doubt ? Math.max(row?.generation ?? 0, mark?.generation ?? 0) : (row?.generation ?? 0);
    const known = { inode: null, birth: null, ...row, id, generation };
    if (doubt) log.warn({ doubt, generation }, DOUBTS[doubt]);
    return new Generation({ db, log }, dir, known, mark, doubt);
  }

  /** Whether this database is the newest of its directory: as it was found at the start. */
  get isProven(): boolean {
    return this.doubt === undefined;
  }

  /** The doubt in a sentence for people; undefined where there is none. */
  get detail(): string | undefined {
    return this.doubt && DOUBTS[this.doubt];
  }

  get number(): number {
    return this.row.generation;
  }

  /**
   * Raises the generation in the database and in the folder: copies of the database that were made before are older from
   * now on. Called once a start is done, after each snapshot, and at a stop. The database goes first and is never more
   * than one ahead, so that a crash between the two leaves no doubt. On a full disk the generation stays.
   */
  raise(): Promise<void> {
    const raised = this.#tail.then(() => this.#raise());
    this.#tail = raised.catch(() => undefined);
    return raised;
  }

  async #raise(): Promise<void> {
    const { db } = this.components;
    const behind = this.marked?.id === this.row.id && this.marked.generation === this.row.generation - 1;
    if (behind && !(await this.#mark())) return;
    const row: ChunkStoreEntity = {
      ...this.row,
      generation: this.row.generation + 1,
      ...(await fileIdentity(db.file)),
    };
    await db.write(async (tx) => {
      const stores = tx.repository(ChunkStoreEntity);
      await stores.clear();
      await stores.insert(row);
    });
    this.row = row;
    await this.#mark();
  }

  /** @returns whether the folder bears the generation of the database */
  async #mark(): Promise<boolean> {
    const { id, generation } = this.row;
    try {
      await writeMark(this.dir, { id, generation });
      this.marked = { id, generation };
      return true;
    } catch (error) {
      if (!isFull(error)) throw error;
      this.components.log.warn({ err: error }, 'the disk is full: the generation of the chunk folder stays as it is');
      return false;
    }
  }
}

/**
 * Sees that the folder is the one this database knows: where the disk with the chunks is not mounted, the mount point is
 * an empty folder, and what were stored there would vanish from sight with the next mount.
 * @throws DfsError `not-ready` when the database knows packs, and the folder has the mark of another store, or no mark and
 * none of these packs
 */
export async function requireFolder(db: Reader, dir: string): Promise<void> {
  const id = (await rowOf(db))?.id;
  const known = await knownPacks(db);
  if (id === undefined || known.size === 0) return;
  const found = (await readMark(dir))?.id;
  if (found === id) return;
  if (found === undefined && (await packNames(dir)).some((name) => known.has(name))) return;
  const file = join(dir, MARK_FILE);
  const what = found === undefined ? `the file ${MARK_FILE} in it is missing` : `its ${MARK_FILE} is that of another`;
  throw new DfsError(
    'not-ready',
    `The folder ${dir} is not the one with this node’s chunks: ${what}. Mount the disk with the chunks there, and start ` +
      `again. Only if they are really gone, run: echo ${id} > "${file}" – the node then starts, and gets what other ` +
      'members hold from them.',
  );
}

const DOUBTS: Record<Doubt, string> = {
  'database-new': 'The database is new, and the folder of the chunks was in use before.',
  'database-older': 'The database is older than the folder of the chunks: it was restored from a copy.',
  'database-copied': 'The database file is a copy: it was restored, or moved with its directory.',
  'folder-older': 'The folder of the chunks is older than the database, or its mark is missing.',
};

function doubtOf(
  row: ChunkStoreEntity | undefined,
  mark: Mark | undefined,
  file: FileIdentity,
  hasPacks: boolean,
): Doubt | undefined {
  if (!row) return mark || hasPacks ? 'database-new' : undefined;
  // The very first start was cut short between the two.
  if (!mark && !hasPacks && row.generation <= 1) return undefined;
  if (mark?.id !== row.id || mark.generation === undefined) return 'folder-older';
  if (mark.generation > row.generation) return 'database-older';
  if (row.inode !== file.inode || isOther(row.birth, file.birth)) return 'database-copied';
  return mark.generation < row.generation - 1 ? 'folder-older' : undefined;
}

interface FileIdentity {
  inode: string;
  /** Nanoseconds since 1970; null where the file system does not tell. */
  birth: string | null;
}

async function fileIdentity(file: string): Promise<FileIdentity> {
  const { ino, birthtimeNs, ctimeNs } = await stat(file, { bigint: true });
  // Where there is none, Node gives the time of the last change or nothing.
  const birth = birthtimeNs === 0n || birthtimeNs === ctimeNs ? null : birthtimeNs.toString();
  return { inode: ino.toString(), birth };
}

function isOther(known: string | null, now: string | null): boolean {
  return known !== null && now !== null && known !== now;
}

/** By SQL: it is read too where a database is only looked at, without TypeORM. */
async function rowOf(db: Reader): Promise<ChunkStoreEntity | undefined> {
  const [row] = await db.query<ChunkStoreEntity>('SELECT id, generation, inode, birth FROM chunk_store');
  return row;
}

/** Those that were gone at the last start too. */
async function knownPacks(db: Reader): Promise<Set<string>> {
  const rows = await db.query<{ name: string }>('SELECT name FROM pack UNION ALL SELECT name FROM missing_pack');
  return new Set(rows.map(({ name }) => name));
}
