import type { MigrationInterface } from 'typeorm';
import type { EntityClass, WriteRepository } from '../tables/rows.js';

/** Values that SQLite stores. BLOBs come back as Buffer; booleans are 0 and 1. */
export type SqlValue = string | number | null | Uint8Array;

/** A TypeORM migration as a class; its name ends in a 13-digit timestamp. */
export type MigrationClass = new () => MigrationInterface;

/**
 * That which can be read from: the reading connection, which sees what is committed, or a unit of work, which sees
 * its own writes.
 */
export interface Reader {
  /** @throws DatabaseError */
  query<R>(sql: string, params?: readonly SqlValue[]): Promise<R[]>;
}

/** One unit of work: all of it is committed, or none. It sees its own writes. */
export interface Tx extends Reader {
  /** An INSERT, UPDATE or DELETE of which the answer counts. */
  run(sql: string, params?: readonly SqlValue[]): Promise<{ changes: number; lastId: number }>;
  /**
   * The same where nobody needs the answer: the unit of work gathers such statements and hands them to SQLite together,
   * before it asks for something else or commits. A failure of one is told by what comes then.
   */
  later(sql: string, params?: readonly SqlValue[]): Promise<void>;
  /** Many rows in few statements, as `later`; no rows, no statement. The one way to add rows in bulk. */
  insertMany(
    table: string,
    columns: readonly string[],
    rows: readonly (readonly SqlValue[])[],
    conflict?: 'ignore' | 'replace',
  ): Promise<void>;
  /** The same at once. Gives how many rows were written. */
  insertCounted(
    table: string,
    columns: readonly string[],
    rows: readonly (readonly SqlValue[])[],
    conflict?: 'ignore' | 'replace',
  ): Promise<number>;
  /** Rows of a table that is read and written seldom; it is one of the `entities` that the database was opened with. */
  repository<E extends object>(entity: EntityClass<E>): WriteRepository<E>;
  /** Runs after COMMIT has succeeded, in order of registration. An error of it is logged and goes no further. */
  afterCommit(fn: () => void): void;
}

/** A failure of the database itself, without the values of the statement: those may be secret. */
export class DatabaseError extends Error {
  /** SQLite's own code, e.g. `SQLITE_CONSTRAINT`. */
  readonly sqliteCode: string;

  constructor(sqliteCode: string, message: string) {
    super(message);
    this.name = 'DatabaseError';
    this.sqliteCode = sqliteCode;
  }
}
