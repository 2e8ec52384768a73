import { chmod, mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { DfsError, moveFile, silentLog, syncFolder, systemClock, type Clock, type Log } from '@dfs/runtime';
import { closeRaw, execute, openRaw, rowsOf } from './raw.js';
import { DatabaseError } from './sql/sql.js';

/** Snapshots that are kept: should the newest turn out to be damaged, there is the one before. */
const GENERATIONS = 2;
/** Milliseconds that a snapshot waits for a lock of the node’s own connections. */
const BUSY_TIMEOUT = 10_000;
/** Number and time: `000012-20261129T180706Z.sqlite`. */
const NAME = /^(\d{6,})-(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z\.sqlite$/;

/** A consistent copy of the database, as of one moment. */
export interface Snapshot {
  readonly file: string;
  /** Grows with every snapshot. */
  readonly number: number;
  /** Milliseconds since 1970, to the second. */
  readonly takenAt: number;
  readonly bytes: number;
}

/** Where snapshots come from and go to. A snapshot is taken only if `room` has space for it. */
export interface SnapshotsComponents {
  /** The database file. */
  database: string;
  /** Folder of the snapshots; made when the first is taken. */
  dir: string;
  /** Bytes that may be written on the file system of `dir`. */
  room: () => Promise<number>;
  clock?: Clock;
  log?: Log;
}

/**
 * Copies of the database in a folder, the newest two. Each is whole and was checked before it counts; an older one goes
 * only after the newer ones were found sound.
 */
export class Snapshots {
  private readonly clock: Clock;
  private readonly log: Log;
  private tail: Promise<unknown> = Promise.resolve();

  constructor(private readonly components: SnapshotsComponents) {
    this.clock = components.clock ?? systemClock;
    this.log = components.log ?? silentLog;
  }

  /** Newest first. */
  async list(): Promise<Snapshot[]> {
    const { dir } = this.components;
    const names = await readdir(dir).catch(nothingThere);
    const found = await Promise.all(
      names
        .flatMap((name) => parse(name) ?? [])
        .map(async ({ name, ...snapshot }) => {
          const file = join(dir, name);
          const { size } = await stat(file);
          return { ...snapshot, file, bytes: size };
        }),
    );
    return found.sort((a, b) => b.number - a.number);
  }

  /**
   * Takes one, while the node goes on: a connection of its own reads the state of one moment, and neither writers nor
   * readers wait for it.
   * @param number at least; by itself the one after the last
   * @throws DfsError `no-space` when it would not fit in the room there is; DatabaseError when the database cannot be read, or
   * the copy is not sound
   */
  take(number = 0): Promise<Snapshot> {
    const run = this.tail.then(() => this.takeNow(number));
    this.tail = run.catch(() => undefined);
    return run;
  }

  /** The newest that is sound, and what was wrong with those that are newer. */
  async newestSound(): Promise<{ snapshot: Snapshot | undefined; damaged: { snapshot: Snapshot; why: string }[] }> {
    const damaged: { snapshot: Snapshot; why: string }[] = [];
    for (const snapshot of await this.list()) {
      const why = await damageOf(snapshot.file);
      if (why === undefined) return { snapshot, damaged };
      damaged.push({ snapshot, why });
    }
    return { snapshot: undefined, damaged };
  }

  private async takeNow(least: number): Promise<Snapshot> {
    const { dir, database } = this.components;
    const temporary = join(dir, 'tmp');
    await mkdir(temporary, { recursive: true, mode: 0o700 });
    for (const name of await readdir(temporary)) await rm(join(temporary, name), { force: true });
    const before = await this.list();
    const number = Math.max(least, (before[0]?.number ?? 0) + 1);
    const takenAt = this.clock.now();
    const name = nameOf(number, takenAt);
    const unfinished = join(temporary, name);
    try {
      await this.copyTo(unfinished, database);
      const why = await damageOf(unfinished);
      if (why !== undefined) throw new DatabaseError('SQLITE_CORRUPT', `the snapshot is not sound: ${why}`);
      await moveFile(unfinished, join(dir, name));
      await syncFolder(dir);
    } catch (error) {
      await rm(unfinished, { force: true });
      throw error;
    }
    await this.dropOld();
    const { size } = await stat(join(dir, name));
    return { file: join(dir, name), number, takenAt: wholeSeconds(takenAt), bytes: size };
  }

  private async copyTo(target: string, source: string): Promise<void> {
    const connection = await openRaw(source);
    try {
      connection.configure('busyTimeout', BUSY_TIMEOUT);
      await this.refuseWithoutRoom(await bytesInUse(connection));
      // Its owner’s alone from the first byte on.
      const made = await open(target, 'wx', 0o600);
      await made.close();
      await execute(connection, `VACUUM INTO '${target.replaceAll("'", "''")}'`);
    } catch (error) {
      if (error instanceof DatabaseError && error.sqliteCode === 'SQLITE_FULL') throw noRoom(error);
      throw error;
    } finally {
      await closeRaw(connection);
    }
    await chmod(target, 0o600);
    const file = await open(target, 'r+');
    await file.sync().finally(() => file.close());
  }

  private async refuseWithoutRoom(bytes: number): Promise<void> {
    if (bytes > (await this.components.room())) throw noRoom();
  }

  /** The newest was checked just now. One before it that is not sound any more is no reason for an older one to go. */
  private async dropOld(): Promise<void> {
    let kept = 0;
    for (const snapshot of await this.list()) {
      const why = kept === 0 || kept >= GENERATIONS ? undefined : await damageOf(snapshot.file);
      if (why === undefined && kept++ < GENERATIONS) continue;
      if (why !== undefined)
        this.log.warn({ file: basename(snapshot.file), why }, 'a snapshot was damaged, and is removed');
      await rm(snapshot.file, { force: true });
    }
    await syncFolder(this.components.dir);
  }
}

/** The faults that SQLite finds in a database file that nobody has open; undefined when it is sound. */
async function damageOf(file: string): Promise<string | undefined> {
  try {
    const connection = await openRaw(file, 'immutable');
    try {
      const rows = await rowsOf<{ quick_check: string }>(connection, 'PRAGMA quick_check(5)');
      const found = rows.map((row) => row.quick_check).join('; ');
      return found === 'ok' ? undefined : found;
    } finally {
      await closeRaw(connection);
    }
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Of the pages that are not free: VACUUM leaves those out. */
async function bytesInUse(connection: Parameters<typeof rowsOf>[0]): Promise<number> {
  const [row] = await rowsOf<{ bytes: number }>(
    connection,
    `SELECT (page_count - freelist_count) * page_size AS bytes
     FROM pragma_page_count, pragma_freelist_count, pragma_page_size`,
  );
  return row?.bytes ?? 0;
}

function nameOf(number: number, takenAt: number): string {
  const time = new Date(takenAt).toISOString().replace(/[-:]|\.\d+/g, '');
  return `${String(number).padStart(6, '0')}-${time}.sqlite`;
}

function parse(name: string): { name: string; number: number; takenAt: number } | undefined {
  const match = NAME.exec(name);
  if (!match) return undefined;
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = match.slice(2).map(Number);
  return { name, number: Number(match[1]), takenAt: Date.UTC(year, month - 1, day, hour, minute, second) };
}

function wholeSeconds(time: number): number {
  return Math.floor(time / 1000) * 1000;
}

function noRoom(cause?: Error): DfsError {
  return new DfsError('no-space', 'There is no room for a snapshot of the database: make room on this disk.', {
    cause,
  });
}

function nothingThere(error: NodeJS.ErrnoException): string[] {
  if (error.code === 'ENOENT') return [];
  throw error;
}
