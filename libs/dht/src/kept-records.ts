import { changeByIds, slices, VALUE_PAIRS, type Database } from '@dfs/database';
import type { KeptRecord, RecordArchive } from '@dfs/transport';
import { pages } from '@dfs/runtime';

/** Rows read at a time. */
const PAGE = 5000;

/**
 * Provider records that other nodes gave this one to keep, on disk: whoever looks for a content finds them after a
 * restart as before. How many there may be is decided by who keeps them.
 */
export class KeptRecords implements RecordArchive {
  constructor(private readonly components: { db: Database }) {}

  async *load(): AsyncGenerator<KeptRecord> {
    const sql =
      'SELECT content, peer, value FROM dht_record WHERE (content, peer) > (?, ?) ORDER BY content, peer LIMIT ?';
    const read = (after: KeptRecord | null): Promise<KeptRecord[]> =>
      this.components.db.query(sql, [after?.content ?? '', after?.peer ?? '', PAGE]);
    for await (const rows of pages(PAGE, read, (last) => last)) yield* rows;
  }

  async save(...[kept, dropped]: Parameters<RecordArchive['save']>): Promise<void> {
    const { db } = this.components;
    const rows = kept.map(({ content, peer, value }) => [content, peer, value]);
    // In several units of work: others, which wait for theirs, come in between.
    for (const part of slices(rows)) {
      await db.write((tx) => tx.insertMany('dht_record', ['content', 'peer', 'value'], part, 'replace'));
    }
    const gone = dropped.map(({ content, peer }) => [content, peer]);
    for (const part of slices(gone)) {
      await db.write((tx) => changeByIds(tx, `DELETE FROM dht_record WHERE (content, peer) IN ${VALUE_PAIRS}`, part));
    }
  }
}
