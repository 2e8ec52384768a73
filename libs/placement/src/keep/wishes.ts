import { byIds, VALUES, type Database, type WriteRepository } from '@dfs/database';
import type { Cid } from '@dfs/protocol';
import type { CurrentPaths } from '../ports.js';
import { WishEntity } from './wishes.entity.js';

/** The paths whose current file this node keeps because a person wants it here. A wish belongs to its path: a new version follows it. */
export class Wishes {
  private constructor(
    private readonly db: Pick<Database, 'query' | 'repository' | 'write'>,
    private readonly current: CurrentPaths,
    /** Wishes that there are: nothing is asked where there is none. */
    private count: number,
  ) {}

  static async open(db: Pick<Database, 'query' | 'repository' | 'write'>, current: CurrentPaths): Promise<Wishes> {
    return new Wishes(db, current, await db.repository(WishEntity).count());
  }

  /** @param since in milliseconds since 1970 */
  async add(path: string, since: number): Promise<void> {
    await this.change((wishes) => wishes.put({ path, since }));
  }

  async remove(path: string): Promise<void> {
    if (this.count > 0) await this.change((wishes) => wishes.delete({ path }));
  }

  /** Those of these paths that are wished here. */
  async of(paths: readonly string[]): Promise<Set<string>> {
    if (this.count === 0) return new Set();
    const sql = `SELECT path FROM placement_wish WHERE path IN ${VALUES}`;
    return new Set((await byIds<{ path: string }>(this.db, sql, paths)).map(({ path }) => path));
  }

  /** Those of these contents that a wished path shows. */
  async among(contents: readonly Cid[]): Promise<ReadonlySet<Cid>> {
    if (this.count === 0 || contents.length === 0) return NONE;
    const shown = await this.current.pathsOf(contents);
    const wished = await this.of(shown.map(({ path }) => path));
    return new Set(shown.filter(({ path }) => wished.has(path)).map(({ contentId }) => contentId));
  }

  private async change(by: (wishes: WriteRepository<WishEntity>) => Promise<unknown>): Promise<void> {
    await this.db.write(async (tx) => {
      const wishes = tx.repository(WishEntity);
      await by(wishes);
      const count = await wishes.count();
      tx.afterCommit(() => (this.count = count));
    });
  }
}

const NONE: ReadonlySet<Cid> = new Set();

/** A node of which nobody wants anything. */
export const NO_WISHES: Pick<Wishes, 'among'> = { among: async () => NONE };
