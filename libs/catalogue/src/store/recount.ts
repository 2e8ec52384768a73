import type { Reader } from '@dfs/database';
import { cidToBytes, type Cid, peerText } from '@dfs/protocol';
import { pages } from '@dfs/runtime';
import { Delta, toBytes, type FingerprintTable } from './fingerprints.js';
import { CONFLICT_TOTAL, IN_SET, PathState, RecordState } from '../rules/states.js';

/** A count that is kept, and is not what there is. */
export interface Miscount {
  /** The name of a count, for people. */
  what: string;
  kept: string;
  counted: string;
}

/** The findings of a full recount. */
export interface Recount {
  records: number;
  /** Current files and their bytes. */
  files: number;
  bytes: number;
  miscounts: Miscount[];
}

interface Sums {
  count: number;
  bytes: number;
}

const IDS_PER_PAGE = 10_000;
const STATE_NAMES = new Map<number, string>([
  [PathState.current, 'current files'],
  [PathState.deleted, 'deleted files'],
  [PathState.folder, 'folders'],
  [PathState.deletedFolder, 'deleted folders'],
  [CONFLICT_TOTAL, 'conflicts'],
]);

/** Up to and with its last slash: the folder that a path lies in; empty at the top. */
const folderOf = (path: string): string => `rtrim(${path}, replace(${path}, '/', ''))`;

/**
 * Folders as they follow from the paths: `folder`, `files`, `bytes`, `newest` and `own` files directly in it. First each
 * folder with each current file beneath it, at any depth.
 */
const DERIVED_FOLDERS = `WITH RECURSIVE beneath(folder, own, size, modified) AS (
    SELECT ${folderOf('path')}, 1, size, modified FROM catalogue_file WHERE state = ${PathState.current}
    UNION ALL
    SELECT ${folderOf('substr(folder, 1, length(folder) - 1)')}, 0, size, modified FROM beneath WHERE folder <> ''
  )
  SELECT folder, count(*) AS files, sum(size) AS bytes, max(modified) AS newest, sum(own) AS own FROM beneath GROUP BY folder`;

/** Counts everything of which the catalogue keeps a count or a fingerprint, and compares. Changes nothing. */
export async function recount(reader: Reader): Promise<Recount> {
  const totals = await countPaths(reader);
  const miscounts = [
    ...totals.miscounts,
    ...(await countFolders(reader)),
    ...(await countAuthors(reader)),
    ...(await sumRecords(reader)),
    ...(await listedVoid(reader)),
  ];
  const [records] = await reader.query<{ count: number }>('SELECT count(*) AS count FROM catalogue_record');
  return { records: records?.count ?? 0, files: totals.current.count, bytes: totals.current.bytes, miscounts };
}

async function countPaths(reader: Reader): Promise<{ current: Sums; miscounts: Miscount[] }> {
  const counted = await reader.query<Sums & { state: number }>(
    `SELECT state, count(*) AS count, sum(size) AS bytes FROM catalogue_file GROUP BY state
     UNION ALL SELECT ${CONFLICT_TOTAL}, count(*), coalesce(sum(size), 0) FROM catalogue_file WHERE conflict = 1`,
  );
  const kept = await reader.query<Sums & { state: number }>('SELECT state, count, bytes FROM catalogue_total');
  const miscounts: Miscount[] = [];
  const of = (rows: readonly (Sums & { state: number })[], state: number): Sums =>
    rows.find((row) => row.state === state) ?? { count: 0, bytes: 0 };
  for (const [state, what] of STATE_NAMES) compare(miscounts, what, of(kept, state), of(counted, state));
  return { current: of(counted, PathState.current), miscounts };
}

/** Folders and their counts are those that follow from the paths. */
async function countFolders(reader: Reader): Promise<Miscount[]> {
  const columns = 'path, files, bytes, newest, own';
  const [row] = await reader.query<{ kept: number; counted: number; wrong: number }>(
    `WITH derived(${columns}) AS MATERIALIZED (${DERIVED_FOLDERS}),
       full(${columns}) AS (SELECT ${columns} FROM catalogue_folder WHERE files > 0)
     SELECT (SELECT count(*) FROM full) AS kept, (SELECT count(*) FROM derived) AS counted,
       (SELECT count(*) FROM (SELECT * FROM full EXCEPT SELECT * FROM derived))
       + (SELECT count(*) FROM (SELECT * FROM derived EXCEPT SELECT * FROM full))
       + (SELECT count(*) FROM catalogue_folder f
          WHERE f.folders <> (SELECT count(*) FROM catalogue_folder c WHERE c.parent = f.path)
          OR (f.files = 0 AND f.folders = 0 AND f.made = 0 AND f.path <> '')
          OR f.made <> (SELECT count(*) FROM catalogue_file p
                        WHERE p.state = ${PathState.folder} AND p.path = substr(f.path, 1, length(f.path) - 1))) AS wrong`,
  );
  const { kept, counted, wrong } = row as { kept: number; counted: number; wrong: number };
  if (wrong === 0) return [];
  return [{ what: 'folders with files', kept: `${kept}, ${wrong} differences`, counted: `${counted}` }];
}

/** Records that were dropped again still count for their author: it may be more than there are, and never less. */
async function countAuthors(reader: Reader): Promise<Miscount[]> {
  const rows = await reader.query<{ peer: Uint8Array; records: number; bytes: number; count: number; sum: number }>(
    `SELECT a.peer, a.records, a.bytes, count(r.seq) AS count, coalesce(sum(length(r.body)), 0) AS sum
     FROM catalogue_author a LEFT JOIN catalogue_record r ON r.author = a.id GROUP BY a.id`,
  );
  const miscounts: Miscount[] = [];
  for (const { peer, records, bytes, count, sum } of rows) {
    if (records >= count && bytes >= sum) continue;
    compare(miscounts, `records of ${peerText(peer)}`, { count: records, bytes }, { count, bytes: sum });
  }
  return miscounts;
}

/** The fingerprints by which members find out what differs, of the set and of void records. */
async function sumRecords(reader: Reader): Promise<Miscount[]> {
  return [
    ...(await sumOf(reader, `state <= ${IN_SET}`, 'catalogue_fingerprint', 'the records')),
    ...(await sumOf(reader, `state = ${RecordState.void}`, 'catalogue_void_fingerprint', 'the void records')),
  ];
}

/** Each void record is listed, once, and nothing else is. */
async function listedVoid(reader: Reader): Promise<Miscount[]> {
  const [row] = await reader.query<{ listed: number; right: number; records: number }>(
    `SELECT (SELECT count(*) FROM catalogue_void) AS listed,
       (SELECT count(*) FROM catalogue_void v JOIN catalogue_record r ON r.seq = v.seq AND r.id = v.id
        WHERE r.state = iif(v.future, ${RecordState.future}, ${RecordState.void}) AND r.author = v.author AND r.ms = v.ms AND r.counter = v.counter) AS right,
       (SELECT count(*) FROM catalogue_record WHERE state > ${IN_SET} AND state IN (${RecordState.void}, ${RecordState.future})) AS records`,
  );
  const { listed, right, records } = row as { listed: number; right: number; records: number };
  if (listed === records && right === records) return [];
  return [{ what: 'list of void records', kept: `${listed}, ${right} of them right`, counted: `${records}` }];
}

async function sumOf(reader: Reader, state: string, table: FingerprintTable, what: string): Promise<Miscount[]> {
  const summed = new Delta();
  const sql = `SELECT seq, id FROM catalogue_record WHERE seq > ? AND ${state} ORDER BY seq LIMIT ${IDS_PER_PAGE}`;
  const read = (after: number | null): Promise<{ seq: number; id: Uint8Array }[]> => reader.query(sql, [after ?? 0]);
  for await (const page of pages(IDS_PER_PAGE, read, ({ seq }) => seq)) for (const { id } of page) summed.add(id);
  const kept = await reader.query<{ bucket: number; count: number; sum: Uint8Array }>(
    `SELECT bucket, count, sum FROM ${table} WHERE count <> 0`,
  );
  const right = kept.filter(({ bucket, count, sum }) => {
    const there = summed.buckets.get(bucket);
    return there?.count === count && Buffer.compare(toBytes(there.sum), sum) === 0;
  });
  if (right.length === kept.length && right.length === summed.buckets.size) return [];
  const [all, ofKept] = [summed.buckets.size, kept.length];
  return [
    {
      what: `fingerprints of ${what}`,
      kept: `${ofKept} ranges, ${right.length} of them right`,
      counted: `${all} ranges`,
    },
  ];
}

/** Some paths whose files have these contents: what is lost when one of them is. */
export async function pathsWith(reader: Reader, contents: readonly Cid[], limit: number): Promise<Map<Cid, string[]>> {
  const found = new Map<Cid, string[]>();
  for (const content of contents) {
    const rows = await reader.query<{ path: string }>(
      `SELECT f.path FROM catalogue_file f WHERE f.seq IN
         (SELECT r.file FROM catalogue_record r WHERE r.content = ? AND r.head = 1 AND r.kind = 1 LIMIT ?)`,
      [cidToBytes(content), limit],
    );
    found.set(
      content,
      rows.map(({ path }) => path),
    );
  }
  return found;
}

function compare(miscounts: Miscount[], what: string, kept: Sums, counted: Sums): void {
  if (kept.count === counted.count && kept.bytes === counted.bytes) return;
  const text = ({ count, bytes }: Sums): string => `${count} of ${bytes} bytes`;
  miscounts.push({ what, kept: text(kept), counted: text(counted) });
}
