import type { SkippedPath } from '@dfs/contracts';
import type { Database, SqlValue, Tx } from '@dfs/database';
import { systemClock } from '@dfs/runtime';
import { ActEntity } from './acts.entity.js';
import type { ActItem } from './items.js';

/** An act that goes on, and how far it is. */
export interface StoredAct {
  /** Of its transfer. */
  id: string;
  /** 16 bytes, on all its records. */
  act: Buffer;
  /** Id of the network whose files these are. */
  network: string;
  /** The folder it began with. */
  path: string;
  /** Id of the API key that has begun it, if one has. */
  key: string | null;
  total: number;
  done: number;
  /** The first 100. */
  skipped: readonly SkippedPath[];
  skippedTotal: number;
}

interface ItemRow {
  does: ActItem['does'];
  path: string;
  record: string;
  target: string | null;
  was: string | null;
}

/** Acts that are not done, with their lists. */
export class ActStore {
  constructor(private readonly db: Pick<Database, 'query' | 'repository' | 'write'>) {}

  /** In the order in which they began. */
  async all(): Promise<StoredAct[]> {
    const rows = await this.db.repository(ActEntity).find({ order: { started: 'ASC', id: 'ASC' } });
    return rows.map(({ act, skipped, ...row }) => ({
      ...row,
      act: Buffer.from(act),
      skipped: JSON.parse(skipped) as SkippedPath[],
    }));
  }

  async add(tx: Tx, { id, act, network, path, key, total }: StoredAct, items: readonly ActItem[]): Promise<void> {
    const started = systemClock.now();
    await tx.repository(ActEntity).insert({
      ...{ id, act, network, path, key, total, started },
      ...{ done: 0, skipped: '[]', skippedTotal: 0 },
    });
    const columns = ['act', 'at', 'does', 'path', 'record', 'target', 'was'];
    const rows = items.map((item, at): SqlValue[] => [
      ...[id, at, item.does, item.path, item.record, item.target ?? null, item.was ?? null],
    ]);
    await tx.insertMany('files_act_item', columns, rows);
  }

  /** So many from this one on, in their order. */
  async items(id: string, from: number, limit: number): Promise<ActItem[]> {
    const rows = await this.db.query<ItemRow>(
      'SELECT does, path, record, target, was FROM files_act_item WHERE act = ? AND at >= ? ORDER BY at LIMIT ?',
      [id, from, limit],
    );
    return rows.map(({ target, was, ...item }) => ({
      ...item,
      ...(target === null ? {} : { target }),
      ...(was === null ? {} : { was }),
    }));
  }

  async progress(tx: Tx, { id, done, skipped, skippedTotal }: StoredAct): Promise<void> {
    const change = { done, skipped: JSON.stringify(skipped), skippedTotal };
    await tx.repository(ActEntity).update({ id }, change);
  }

  /** It is over. */
  async remove(id: string): Promise<void> {
    await this.db.write(async (tx) => {
      await tx.later('DELETE FROM files_act_item WHERE act = ?', [id]);
      await tx.repository(ActEntity).delete({ id });
    });
  }
}
