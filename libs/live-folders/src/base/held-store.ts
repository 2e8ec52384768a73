import { changeByIds, VALUES, type Database, type Reader, type Tx } from '@dfs/database';
import type { HeldPath } from '../plan/model.js';

/** Deletions that were found together. */
export interface Hold {
  id: string;
  /** Milliseconds since 1970. */
  heldAt: number;
  paths: string[];
}

interface Row {
  path: string;
  hold: string;
  record: Uint8Array;
  answer: HeldPath['answer'];
  held: number;
}

/** The held deletions of one folder, by their names (rule 5). */
export class HeldStore {
  constructor(
    private readonly db: Pick<Database, 'query'>,
    private readonly folder: string,
  ) {}

  async all(reader: Reader = this.db): Promise<Map<string, HeldPath>> {
    const rows = await this.rows(reader);
    return new Map(
      rows.map(({ path, record, answer }) => [path, { record: Buffer.from(record).toString('hex'), answer }]),
    );
  }

  /** Those that wait for an answer. */
  async waiting(): Promise<Hold[]> {
    const holds = new Map<string, Hold>();
    for (const { path, hold, answer, held } of await this.rows(this.db)) {
      if (answer !== 'waits') continue;
      const one = holds.get(hold) ?? { id: hold, heldAt: held, paths: [] };
      one.paths.push(path);
      holds.set(hold, one);
    }
    return [...holds.values()].sort((a, b) => a.heldAt - b.heldAt);
  }

  /** Paths that wait for an answer. */
  async count(): Promise<number> {
    const [row] = await this.db.query<{ n: number }>(
      `SELECT count(*) AS n FROM live_folder_held WHERE folder = ? AND answer = 'waits'`,
      [this.folder],
    );
    return row?.n ?? 0;
  }

  async add(tx: Tx, hold: string, now: number, paths: readonly { path: string; record: string }[]): Promise<void> {
    const rows = paths.map(({ path, record }) => [this.folder, path, hold, Buffer.from(record, 'hex'), 'waits', now]);
    await tx.insertMany('live_folder_held', ['folder', 'path', 'hold', 'record', 'answer', 'held'], rows, 'replace');
  }

  /** A person says that these are to be deleted. */
  async approve(tx: Tx, hold: string): Promise<void> {
    await tx.run(`UPDATE live_folder_held SET answer = 'delete' WHERE folder = ? AND hold = ?`, [this.folder, hold]);
  }

  /** They are held no longer. */
  async end(tx: Tx, paths: readonly string[]): Promise<void> {
    await changeByIds(tx, `DELETE FROM live_folder_held WHERE folder = ?2 AND path IN ${VALUES}`, paths, [this.folder]);
  }

  async clear(tx: Tx): Promise<void> {
    await tx.run('DELETE FROM live_folder_held WHERE folder = ?', [this.folder]);
  }

  private rows(reader: Reader): Promise<Row[]> {
    return reader.query<Row>(
      'SELECT path, hold, record, answer, held FROM live_folder_held WHERE folder = ? ORDER BY path',
      [this.folder],
    );
  }
}
