import type { Database } from '@dfs/database';
import type { KeptRecord, RecordArchive } from '@dfs/transport';

/** Rows read at a time. */
const PAGE = 5000;

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
    await this.components.db.write(async (tx) => {
      const rows = kept.map(({ content, peer, value }) => [content, peer, value]);
      await tx.insertMany('dht_record', ['content', 'peer', 'value'], rows, 'replace');
      for (const { content, peer } of dropped) {
        await tx.run('DELETE FROM dht_record WHERE content = ? AND peer = ?', [content, peer]);
      }
    });
  }
}
