import type { Reader } from '@dfs/database';
import type { SignedRecord } from '@dfs/protocol';
import { fromHex } from './rows.js';

/** Records read at once. */
const RECORDS_PER_READ = 500;

/** Records that were stored after this one, or all, a page at a time, in whatever state; undefined where it is not stored. */
export async function storedAfter(
  reader: Reader,
  recordId: string | null,
): Promise<AsyncIterable<SignedRecord[]> | undefined> {
  if (recordId === null) return pagesAfter(reader, 0);
  const [row] = await reader.query<{ seq: number }>('SELECT seq FROM catalogue_record WHERE id = ?', [
    fromHex(recordId),
  ]);
  return row && pagesAfter(reader, row.seq);
}

async function* pagesAfter(reader: Reader, seq: number): AsyncGenerator<SignedRecord[], void, undefined> {
  for (let after = seq; ;) {
    const rows = await reader.query<SignedRecord & { seq: number }>(
      'SELECT seq, body, signature FROM catalogue_record WHERE seq > ? ORDER BY seq LIMIT ?',
      [after, RECORDS_PER_READ],
    );
    if (rows.length > 0) yield rows.map(({ body, signature }) => ({ body, signature }));
    if (rows.length < RECORDS_PER_READ) return;
    after = rows.at(-1)?.seq ?? after;
  }
}
