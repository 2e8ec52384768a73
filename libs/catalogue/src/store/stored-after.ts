import type { Reader } from '@dfs/database';
import { fromHex, type SignedRecord } from '@dfs/protocol';
import { pages } from '@dfs/runtime';

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
  const sql = 'SELECT seq, body, signature FROM catalogue_record WHERE seq > ? ORDER BY seq LIMIT ?';
  const read = (after: number | null): Promise<(SignedRecord & { seq: number })[]> =>
    reader.query(sql, [after ?? seq, RECORDS_PER_READ]);
  for await (const rows of pages(RECORDS_PER_READ, read, (row) => row.seq)) {
    yield rows.map(({ body, signature }) => ({ body, signature }));
  }
}
