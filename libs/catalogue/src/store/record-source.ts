import { IN_SET } from '../rules/states.js';

/** Which records make up a set, in SQL. */
export interface RecordSource {
  /** Rows `id`, `kept` (0: stored, but not in the set); to be given a condition on `id`. */
  ids: string;
  /** Records `r` of the set by the column `from.seq`, in its order. */
  from: string;
  seq: string;
  /** The condition on a record `r` of the set. */
  where: string;
}

/** The set that all members are to hold. */
export const THE_SET: RecordSource = {
  ids: `SELECT id, state <= ${IN_SET} AS kept FROM catalogue_record`,
  from: 'catalogue_record r',
  seq: 'r.seq',
  where: `r.state <= ${IN_SET}`,
};
/** Void records: outside that set, and passed on all the same, for people to see. */
export const VOID_RECORDS: RecordSource = {
  ids: 'SELECT id, future = 0 AS kept FROM catalogue_void',
  // Few among many: a cross join keeps SQLite from going through all records.
  from: 'catalogue_void v CROSS JOIN catalogue_record r ON r.seq = v.seq',
  seq: 'v.seq',
  where: 'EXISTS (SELECT 1 FROM catalogue_void o WHERE o.seq = r.seq AND o.future = 0)',
};
