import type { Database } from '@dfs/database';
import type { KeptRecord, RecordArchive } from '@dfs/transport';

/** Rows read at a time. */
const PAGE = 5000;
/** Rows written in one unit of work: others, who wait for theirs, come in between. */
const ROWS_PER_UNIT = 1000;

/**
 * Provider records that other nodes gave this one to keep, on disk: whoever looks for a content finds them after a
 * restart as before. How many there may be is decided by who keeps them.
 */
export class KeptRecords implements RecordArchive {
  constructor(private readonly components: { db: Database }) {}

  async *load(): AsyncGenerator<KeptRecord> {
    let [content, peer] = ['', ''];
    for (;;) {
      const rows = await this.components.db.query<{ content: string; peer: string; value: Uint8Array }>(
        'SELECT content, peer, value FROM dht_record WHERE (content, peer) > (?, ?) ORDER BY content, peer LIMIT ?',
        [content, peer, PAGE],
      );
      yield* rows;
      const last = rows.at(-1);
      if (!last || rows.length < PAGE) return;
      ({ content, peer } = last);
    }
  }

  async save(...[kept, dropped]: Parameters<RecordArchive['save']>): Promise<void> {
    const { db } = this.components;
    const rows = kept.map(({ content, peer, value }) => [content, peer, value]);
    for (let at = 0; at < rows.length; at += ROWS_PER_UNIT) {
      const part = rows.slice(at, at + ROWS_PER_UNIT);
      await db.write((tx) => tx.insertMany('dht_record', ['content', 'peer', 'value'], part, 'replace'));
    }
    for (let at = 0; at < dropped.length; at += ROWS_PER_UNIT) {
      const part = dropped.slice(at, at + ROWS_PER_UNIT);
      const places = `VALUES ${part.map(() => '(?, ?)').join()}`;
      const values = part.flatMap(({ content, peer }) => [content, peer]);
      await db.write((tx) => tx.run(`DELETE FROM dht_record WHERE (content, peer) IN (${places})`, values));
    }
  }
}
