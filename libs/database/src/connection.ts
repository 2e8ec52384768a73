import sqlite3 from 'sqlite3';
import { DataSource, QueryFailedError, type Logger, type Repository } from 'typeorm';
import { DfsError } from '@dfs/runtime';
import { DatabaseError, type MigrationClass, type SqlValue } from './sql/sql.js';
import { Statements } from './sql/statements.js';
import type { EntityClass } from './tables/rows.js';

/** TypeORM asks for `verbose()`, which records a stack at every call; ours are recorded where they are awaited. */
export const driver = { ...sqlite3, verbose: () => sqlite3 };
// A failure is thrown, and logged once where it is caught: TypeORM's own logger would print statements and values.
const silent: Logger = {
  logQuery: () => {},
  logQueryError: () => {},
  logQuerySlow: () => {},
  logSchemaBuild: () => {},
  logMigration: () => {},
  log: () => {},
};
/** Milliseconds a statement waits for the other connection's lock. */
const BUSY_TIMEOUT = 10_000;
/**
 * Negative: KiB of page cache. With four times as much, units of work and searches of 400,000 files take no less of the processor, since
 * the system keeps the pages, too.
 */
const CACHE_KIB = -8 * 1024;

/** A connection's knowledge of the tables: how they came to be, and the shape of those that repositories read. */
export interface Schema {
  migrations: MigrationClass[];
  entities: EntityClass[];
}

/** One SQLite connection: that of a TypeORM data source, which migrates it. */
export class Connection {
  private constructor(
    private readonly source: DataSource,
    private readonly statements: Statements,
  ) {}

  /** @param look at the file as it is, before anything is written to it; what it throws ends the opening */
  static async open(
    file: string,
    { migrations, entities }: Schema,
    role: 'write' | 'read',
    look?: (connection: Connection) => Promise<void>,
  ): Promise<Connection> {
    const source = new DataSource({
      type: 'sqlite',
      database: file,
      driver,
      busyTimeout: BUSY_TIMEOUT,
      synchronize: false,
      logger: silent,
      migrationsRun: false,
      migrations,
      entities,
    });
    let statements: Statements | undefined;
    try {
      await source.initialize();
      statements = new Statements(await rawConnection(source));
      const connection = new Connection(source, statements);
      await look?.(connection);
      // Pages that are free can be given back. Of a new file alone, and before all else.
      if (role === 'write') await connection.query('PRAGMA auto_vacuum = INCREMENTAL');
      await connection.query('PRAGMA journal_mode = WAL');
      await connection.query('PRAGMA synchronous = FULL');
      await connection.query(`PRAGMA cache_size = ${CACHE_KIB}`);
      await connection.query('PRAGMA temp_store = MEMORY');
      if (role === 'read') await connection.query('PRAGMA query_only = ON');
      return connection;
    } catch (error) {
      await statements?.close();
      if (source.isInitialized) await source.destroy();
      throw databaseError(error);
    }
  }

  async query<R>(sql: string, params: readonly SqlValue[] = []): Promise<R[]> {
    try {
      return await this.statements.all<R>(sql, params);
    } catch (error) {
      throw databaseError(error);
    }
  }

  async run(sql: string, params: readonly SqlValue[] = []): Promise<{ changes: number; lastId: number }> {
    try {
      return await this.statements.run(sql, params);
    } catch (error) {
      throw databaseError(error);
    }
  }

  /** Statements without answers, in one turn of the thread pool; stops at the first that fails. */
  async exec(sql: string): Promise<void> {
    try {
      await this.statements.exec(sql);
    } catch (error) {
      throw databaseError(error);
    }
  }

  /** Work with TypeORM's repository of a table, on this very connection. */
  async repository<E extends object, T>(
    entity: EntityClass<E>,
    work: (repository: Repository<E>) => Promise<T>,
  ): Promise<T> {
    try {
      return await work(this.source.getRepository(entity));
    } catch (error) {
      throw databaseError(error);
    }
  }

  /** Names of the migrations this file has seen. */
  async appliedMigrations(): Promise<string[]> {
    const table = await this.query("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'migrations'");
    if (table.length === 0) return [];
    return (await this.query<{ name: string }>('SELECT name FROM migrations')).map((row) => row.name);
  }

  async migrate(): Promise<void> {
    try {
      await this.source.runMigrations({ transaction: 'all' });
    } catch (error) {
      throw databaseError(error);
    }
  }

  async close(): Promise<void> {
    await this.statements.close();
    await this.source.destroy();
  }
}

/** Of its only query runner, and so the one that migrations use. */
async function rawConnection(source: DataSource): Promise<sqlite3.Database> {
  return (await source.createQueryRunner().connect()) as sqlite3.Database;
}

function databaseError(error: unknown): unknown {
  const cause: unknown = error instanceof QueryFailedError ? error.driverError : error;
  if (!isSqliteError(cause)) return error;
  if (cause.code === 'SQLITE_FULL') {
    return new DfsError('no-space', 'The disk is full: make room on this node and try again.', { cause });
  }
  return new DatabaseError(cause.code, cause.message);
}

/** By shape: the driver makes its errors in native code, which may belong to another realm. */
function isSqliteError(cause: unknown): cause is { code: string; message: string } {
  return typeof cause === 'object' && cause !== null && 'code' in cause && String(cause.code).startsWith('SQLITE_');
}
