import type { SqlValue, Tx } from '@dfs/database';
import { cidToBytes, fromHex } from '@dfs/protocol';
import type { JudgedRecord } from './judged.js';
import { KIND_NUMBER, RecordState } from '../rules/states.js';

/** A record that has been judged void, or to be of the future. */
export interface VoidRow {
  record: JudgedRecord;
  seq: number;
}

/** Lists such records, so that they can be shown and adopted, and void ones passed on; the row of the record itself is another's to write. */
export async function listVoid(tx: Tx, rows: readonly VoidRow[], authors: ReadonlyMap<string, number>): Promise<void> {
  if (rows.length === 0) return;
  await tx.insertMany(
    'catalogue_void',
    COLUMNS,
    rows.map(({ record: { id, envelope, fields, state }, seq }): SqlValue[] => [
      seq,
      fromHex(id),
      authors.get(envelope.author) as number,
      envelope.clock.ms,
      envelope.clock.counter,
      fields?.path ?? null,
      fields && KIND_NUMBER[fields.kind],
      fields?.content ? cidToBytes(fields.content) : null,
      fields?.size ?? 0,
      fields?.mediaType ?? '',
      state === RecordState.future ? 1 : 0,
    ]),
  );
}

const COLUMNS = ['seq', 'id', 'author', 'ms', 'counter', 'path', 'kind', 'content', 'size', 'media_type', 'future'];
