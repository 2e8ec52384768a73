import { DfsError, MiB, silentLog, type Log } from '@dfs/runtime';
import { bulkInsert, type Conflict } from './sql/bulk-insert.js';
import { inlined } from './sql/literal.js';
import { Connection, type Schema } from './connection.js';
import { damagedDatabase, refusalOf, startRefusal } from './refusals.js';
import { isOutOfRoom } from './disk-quota.js';
import { giveBackRoom, makeRoom, roomLeft } from './room.js';
import { TableRepository } from './tables/repository.js';
import type { EntityClass, ReadRepository, WriteRepository } from './tables/rows.js';
import { DatabaseError, type MigrationClass, type Reader, type SqlValue, type Tx } from './sql/sql.js';

/** Codes of SQLite where the disk does not do as it is told. A full one is `no-space`. */
const REFUSED_BY_DISK = new Set(['SQLITE_IOERR', 'SQLITE_READONLY', 'SQLITE_CANTOPEN']);
/** Units of work between two looks at the room that is left. */
const ROOM_CHECK = 128;
/** It is made anew once less than this share of it is left. */
const ROOM_AGAIN = 0.25;
/** Free pages are given back in parts that keep nobody waiting; so much is used again soon and stays. */
const GIVE_BACK_BYTES = 4 * MiB;
const SPARE_BYTES = 8 * MiB;

/** How a database file is opened. Migrations run before `open` resolves, in the order of their time stamps. */
export interface DatabaseOptions {
  /** Path of the database file; its folder must exist. */
  file: string;
  migrations: MigrationClass[];
  /** Tables that are read and written through repositories. The tables are made by the migrations alone. */
  entities?: EntityClass[];
  /**
   * Bytes that the files have to spare, so that small changes go on while the disk is full: more than the log grows to
   * between two checkpoints, 4 MiB. None when left out.
   */
  roomBytes?: number;
  /** Called before a database that has been used is migrated: the time to save it. An error of it ends the opening. */
  beforeMigrating?: () => Promise<void>;
  log?: Log;
}

/** The node's SQLite file: one connection that writes, one unit of work after another, and one that reads. */
export class Database implements Reader {
  private tail: Promise<unknown> = Promise.resolve();
  private closed = false;
  private units = 0;
  private failure: string | null = null;

  private constructor(
    private readonly options: DatabaseOptions,
    /** Undefined after a failure, until it could be opened anew. */
    private writer: Connection | undefined,
    private readonly reader: Connection,
    private readonly log: Log,
  ) {}

  /**
   * Opens, checks and migrates.
   * @throws DfsError `not-ready` with the reason a start is unsafe: damaged file, newer version or unreleased build, wrong durability.
   */
  static async open(options: DatabaseOptions): Promise<Database> {
    try {
      return await Database.openFile(options);
    } catch (error) {
      throw startRefusal(error);
    }
  }

  private static async openFile(options: DatabaseOptions): Promise<Database> {
    const writer = await openWriter(options, (connection) => refuseOtherVersion(connection, options.migrations));
    try {
      await refuseDamaged(writer);
      if (await willMigrate(writer, options.migrations)) await options.beforeMigrating?.();
      await writer.migrate();
      await keepRoom(writer, options);
      const reader = await Connection.open(options.file, { migrations: [], entities: options.entities ?? [] }, 'read');
      return new Database(options, writer, reader, options.log ?? silentLog);
    } catch (error) {
      await writer.close();
      throw error;
    }
  }

  /** Path of the database file. */
  get file(): string {
    return this.options.file;
  }

  /** Reads what is committed, on a connection of its own. */
  query<R>(sql: string, params?: readonly SqlValue[]): Promise<R[]> {
    return this.reader.query<R>(sql, params);
  }

  /** Committed rows of a table that is read seldom. */
  repository<E extends object>(entity: EntityClass<E>): ReadRepository<E> {
    return new TableRepository(entity, () => Promise.resolve(this.reader), refuseWrite);
  }

  /**
   * The one way to write: units run one after another, each BEGIN IMMEDIATE … COMMIT. Never call it within a unit:
   * it would wait for itself.
   */
  write<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.inTurn(() => this.unit(work)).catch((error: unknown) => this.refused(error));
  }

  /** Gives pages back to the file system that a great deletion has freed, but for some that are used again soon. */
  async giveBack(): Promise<void> {
    const keep = (this.options.roomBytes ?? 0) + SPARE_BYTES;
    const part = async (): Promise<boolean> =>
      giveBackRoom((this.writer ??= await openWriter(this.options)), { most: GIVE_BACK_BYTES, keep });
    while (await this.inTurn(part));
  }

  /** SQLite's code of what the disk refused when it was last written to; null once it is written to again. */
  get failing(): string | null {
    return this.failure;
  }

  /** Waits for the units under way; later ones are refused. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await this.tail;
    await this.reader.close();
    await this.writer?.close();
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.closed) return Promise.reject(new DfsError('shutting-down', 'The node is shutting down.'));
    const run = this.tail.then(work);
    this.tail = run.catch(() => undefined);
    return run;
  }

  private async unit<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    const writer = (this.writer ??= await openWriter(this.options));
    const unit = new UnitOfWork(writer);
    let result: T;
    try {
      result = await work(unit);
    } catch (error) {
      unit.finish();
      if (unit.hasBegun) await this.rollback(writer);
      throw error;
    }
    try {
      await unit.commit();
    } catch (error) {
      await this.undoCommit(writer, error);
      throw error;
    }
    if (unit.wrote) this.failure = null;
    this.announce(unit.committed);
    if (++this.units % ROOM_CHECK === 0) await keepRoom(writer, this.options, ROOM_AGAIN);
    return result;
  }

  /** The last statements of the unit, or COMMIT itself, failed. */
  private async undoCommit(writer: Connection, error: unknown): Promise<void> {
    // The statement was refused before COMMIT was reached.
    if (error instanceof DatabaseError && error.sqliteCode === 'SQLITE_CONSTRAINT') return this.rollback(writer);
    // Whether anything of it is on disk is for SQLite's recovery to say, not for this connection.
    this.log.error({ err: error }, 'commit failed, reopening the database');
    await this.reopen();
  }

  private async refused(error: unknown): Promise<never> {
    const cause = error instanceof DfsError ? error.cause : error;
    if (!(cause instanceof DatabaseError) || !REFUSED_BY_DISK.has(cause.sqliteCode)) throw error;
    this.failure = cause.sqliteCode;
    if (cause.sqliteCode === 'SQLITE_IOERR' && (await isOutOfRoom(this.options.file))) {
      const detail =
        'The disk of this node, or the disk quota of its user, is full: make room or raise it, and try again.';
      throw new DfsError('no-space', detail, { cause });
    }
    throw new DfsError(
      'disk-failed',
      'The disk of this node cannot be written: check the disk, and whether it is mounted read-only. Then try again.',
      { cause },
    );
  }

  private announce(listeners: readonly (() => void)[]): void {
    for (const listener of listeners) {
      try {
        listener();
      } catch (error) {
        this.log.error({ err: error }, 'a listener failed after a commit');
      }
    }
  }

  private async rollback(writer: Connection): Promise<void> {
    try {
      await writer.run('ROLLBACK');
    } catch (error) {
      // SQLite rolls back by itself on some errors, and then knows of no transaction.
      if (error instanceof DatabaseError && error.message.includes('no transaction is active')) return;
      this.log.error({ err: error }, 'rollback failed, reopening the database');
      await this.reopen();
    }
  }

  /** Never throws: where it fails, the next unit tries again. */
  private async reopen(): Promise<void> {
    const broken = this.writer;
    this.writer = undefined;
    await broken?.close().catch((error: unknown) => this.log.error({ err: error }, 'closing failed'));
    try {
      this.writer = await openWriter(this.options);
    } catch (error) {
      this.log.error({ err: error }, 'the database could not be reopened; the next change tries again');
    }
  }
}

/** Characters of statements that are gathered at most, before they are handed to SQLite. */
const GATHERED_LENGTH = 1024 * 1024;
/** A statement that is longer is bound, and not written out: SQLite bounds the text of one. */
const INLINED_LENGTH = 256 * 1024;

/** Turns of the thread pool are what a small unit of work costs: statements without answers share one. */
class UnitOfWork implements Tx {
  readonly committed: (() => void)[] = [];
  /** Something was changed. */
  wrote = false;
  /** Something of it has reached SQLite, or is on its way. */
  hasBegun = false;
  private finished = false;
  private gathered: string[] = [];
  private length = 0;
  private handedOver: Promise<void> = Promise.resolve();

  constructor(private readonly connection: Connection) {}

  async query<R>(sql: string, params?: readonly SqlValue[]): Promise<R[]> {
    return (await this.ready()).query<R>(sql, params);
  }

  async run(sql: string, params?: readonly SqlValue[]): Promise<{ changes: number; lastId: number }> {
    this.wrote = true;
    return (await this.ready()).run(sql, params);
  }

  async later(sql: string, params: readonly SqlValue[] = []): Promise<void> {
    this.requireOpen();
    if (params.some((param) => sizeOf(param) > INLINED_LENGTH)) return void (await this.run(sql, params));
    this.wrote = true;
    const text = inlined(sql, params);
    this.gathered.push(text);
    this.length += text.length;
    if (this.length > GATHERED_LENGTH) await this.ready();
  }

  insertMany(
    table: string,
    columns: readonly string[],
    rows: readonly (readonly SqlValue[])[],
    conflict?: Conflict,
  ): Promise<void> {
    return bulkInsert((sql, params) => this.later(sql, params), table, columns, rows, conflict);
  }

  async insertCounted(
    table: string,
    columns: readonly string[],
    rows: readonly (readonly SqlValue[])[],
    conflict?: Conflict,
  ): Promise<number> {
    let written = 0;
    const run = async (sql: string, params?: readonly SqlValue[]): Promise<void> => {
      written += (await this.run(sql, params)).changes;
    };
    await bulkInsert(run, table, columns, rows, conflict);
    return written;
  }

  repository<E extends object>(entity: EntityClass<E>): WriteRepository<E> {
    return new TableRepository(
      entity,
      () => this.ready(),
      () => (this.wrote = true),
    );
  }

  afterCommit(fn: () => void): void {
    this.committed.push(fn);
  }

  finish(): void {
    this.finished = true;
  }

  /** Of a unit that asked for nothing, nothing reaches SQLite. */
  async commit(): Promise<void> {
    this.finish();
    await this.handedOver;
    if (this.hasBegun || this.gathered.length > 0) await this.connection.exec(this.take('COMMIT'));
  }

  /** The connection, once SQLite has all that was gathered. */
  private async ready(): Promise<Connection> {
    this.requireOpen();
    if (!this.hasBegun || this.gathered.length > 0) {
      const text = this.take();
      this.handedOver = this.handedOver.then(() => this.connection.exec(text));
    }
    await this.handedOver;
    return this.connection;
  }

  /** All that was gathered, and what comes after it, as one text; a comment at the end of a statement ends with its line. */
  private take(...last: readonly string[]): string {
    const first = this.hasBegun ? [] : ['BEGIN IMMEDIATE'];
    const statements = [...first, ...this.gathered, ...last];
    this.hasBegun = true;
    this.gathered = [];
    this.length = 0;
    return statements.map((statement) => `${statement}\n;`).join('\n');
  }

  private requireOpen(): void {
    if (this.finished) throw new Error('this unit of work has ended: something in it was not awaited');
  }
}

function sizeOf(value: SqlValue): number {
  return typeof value === 'string' || value instanceof Uint8Array ? value.length : 0;
}

/** Makes room where less than a share of it is left. Never throws. */
async function keepRoom(writer: Connection, { roomBytes, log }: DatabaseOptions, share = Infinity): Promise<void> {
  if (!roomBytes) return;
  try {
    if ((await roomLeft(writer)) < roomBytes * share) await makeRoom(writer, roomBytes);
  } catch (error) {
    log?.warn({ err: error }, 'the database has no room to spare: while the disk is full nothing may be changed');
  }
}

async function openWriter(
  { file, migrations, entities = [] }: DatabaseOptions,
  look?: (connection: Connection) => Promise<void>,
): Promise<Connection> {
  const schema: Schema = { migrations, entities };
  const writer = await Connection.open(file, schema, 'write', look);
  const [mode] = await writer.query<{ journal_mode: string }>('PRAGMA journal_mode');
  const [level] = await writer.query<{ synchronous: number }>('PRAGMA synchronous');
  if (mode?.journal_mode === 'wal' && level?.synchronous === 2) return writer;
  await writer.close();
  throw new DfsError(
    'not-ready',
    `The database cannot be made durable here (journal mode ${mode?.journal_mode}, synchronous ${level?.synchronous}): ` +
      'put the data directory on a local file system that supports SQLite WAL.',
  );
}

function refuseWrite(): never {
  throw new Error('this repository only reads: write within a unit of work');
}

async function refuseOtherVersion(connection: Connection, migrations: MigrationClass[]): Promise<void> {
  const known = new Set(migrations.map((migration) => migration.name));
  const advice = 'start that version, or restore a copy made before it';
  const refusal = refusalOf(await connection.appliedMigrations(), known, advice);
  if (refusal) throw refusal;
}

/** Whether a database that was in use before is about to be changed. */
async function willMigrate(writer: Connection, migrations: MigrationClass[]): Promise<boolean> {
  const applied = new Set(await writer.appliedMigrations());
  return applied.size > 0 && migrations.some((migration) => !applied.has(migration.name));
}

async function refuseDamaged(writer: Connection): Promise<void> {
  const rows = await writer.query<{ quick_check: string }>('PRAGMA quick_check(5)');
  if (rows.length === 1 && rows[0]?.quick_check === 'ok') return;
  throw damagedDatabase(rows.map((row) => row.quick_check).join('; '));
}
