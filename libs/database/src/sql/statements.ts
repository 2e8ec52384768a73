import type { Database as Sqlite, RunResult, Statement } from 'sqlite3';
import { DfsError } from '@dfs/runtime';
import type { SqlValue } from './sql.js';

/** Statements that are kept prepared: a node has some hundred different ones, and uses few of them often. */
const KEPT = 100;
/** Characters of a statement that may be kept; longer ones are of one use, as `IN` with a thousand values. */
const KEPT_LENGTH = 2000;

/**
 * The statements of one connection, prepared once and used again: to prepare one takes longer than to run most of them,
 * and another turn of the thread pool.
 */
export class Statements {
  /** The one used last is last. */
  private readonly kept = new Map<string, Statement>();
  private readonly ended = new WeakSet<Statement>();
  private readonly ending = new Set<Promise<void>>();
  private readonly calls = new Set<Promise<unknown>>();
  private closed = false;

  constructor(private readonly db: Sqlite) {}

  /** @throws Error of SQLite; DfsError `shutting-down` after `close` */
  all<R>(sql: string, params: readonly SqlValue[]): Promise<R[]> {
    return this.use(
      sql,
      (statement) =>
        new Promise((resolve, reject) =>
          statement.all<R>([...params], (error, rows) => (error ? reject(error) : resolve(rows))),
        ),
    );
  }

  /** @throws as `all` */
  run(sql: string, params: readonly SqlValue[]): Promise<{ changes: number; lastId: number }> {
    return this.use(
      sql,
      (statement) =>
        new Promise((resolve, reject) =>
          statement.run([...params], function (this: RunResult, error: Error | null) {
            if (error) reject(error);
            else resolve({ changes: this.changes, lastId: this.lastID });
          }),
        ),
    );
  }

  /**
   * Statements in one turn of the thread pool, one after another, up to the first that fails.
   * @throws as `all`
   */
  exec(sql: string): Promise<void> {
    return this.counted(
      () => new Promise((resolve, reject) => this.db.exec(sql, (error) => (error ? reject(error) : resolve()))),
    );
  }

  /** Before the connection is closed: SQLite does not close one that has statements. Waits for the calls under way. */
  async close(): Promise<void> {
    this.closed = true;
    await Promise.allSettled(this.calls);
    for (const statement of this.kept.values()) void this.finalise(statement);
    this.kept.clear();
    await Promise.all(this.ending);
  }

  private use<T>(sql: string, work: (statement: Statement) => Promise<T>): Promise<T> {
    return this.counted(() => this.call(sql, work));
  }

  private counted<T>(begin: () => Promise<T>): Promise<T> {
    if (this.closed) return Promise.reject(new DfsError('shutting-down', 'The node is shutting down.'));
    const call = begin();
    this.calls.add(call);
    const over = (): boolean => this.calls.delete(call);
    call.then(over, over);
    return call;
  }

  private async call<T>(sql: string, work: (statement: Statement) => Promise<T>): Promise<T> {
    const statement = this.kept.get(sql) ?? (await this.prepare(sql));
    const isKept = sql.length <= KEPT_LENGTH;
    if (isKept) this.keep(sql, statement);
    try {
      return await work(statement);
    } catch (error) {
      // It may have stopped half-way, and would hold up a commit. Others may have failed with it.
      if (this.kept.get(sql) === statement) this.kept.delete(sql);
      await this.finalise(statement);
      throw error;
    } finally {
      if (!isKept) void this.finalise(statement);
    }
  }

  private prepare(sql: string): Promise<Statement> {
    return new Promise((resolve, reject) => {
      const statement = this.db.prepare(sql, (error) => (error ? reject(error) : resolve(statement)));
    });
  }

  private keep(sql: string, statement: Statement): void {
    const before = this.kept.get(sql);
    this.kept.delete(sql);
    this.kept.set(sql, statement);
    // Prepared twice at the same time.
    if (before && before !== statement) void this.finalise(before);
    if (this.kept.size <= KEPT) return;
    const [oldest, unused] = this.kept.entries().next().value as [string, Statement];
    this.kept.delete(oldest);
    void this.finalise(unused);
  }

  /** Once, and after the calls that wait in line in the statement. */
  private finalise(statement: Statement): Promise<void> {
    if (this.ended.has(statement)) return Promise.resolve();
    this.ended.add(statement);
    const done = new Promise<void>((resolve) => statement.finalize(() => resolve()));
    this.ending.add(done);
    void done.then(() => this.ending.delete(done));
    return done;
  }
}
