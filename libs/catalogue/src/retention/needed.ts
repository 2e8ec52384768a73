import { BLOBS, byIds, type Reader } from '@dfs/database';
import { cidFromBytes, cidToBytes, type Cid } from '@dfs/protocol';
import { IN_SET, KIND_NUMBER, RecordState } from '../rules/states.js';

/** For how long content is kept that nothing shows any more. */
export interface RetentionRule {
  /** Milliseconds, of the time that this node runs. */
  retentionMs: number;
  /** Newest versions of a path that is not deleted of which the content is kept, however old they are. */
  versions: number;
}

/** A rule at a moment: what was stored up to `cutoff` (running time) is past retention. */
export interface Deadline {
  cutoff: number;
  versions: number;
  /** Rows of the authors whose deletions end retention where they say so: owners of the network. */
  owners: readonly number[];
}

const { applied, unknown } = RecordState;
const { file, deletion } = KIND_NUMBER;

/** The path of version v is deleted, and that is past retention. */
const PATH_IS_GONE = `NOT EXISTS (SELECT 1 FROM catalogue_record h
  WHERE h.file = v.file AND h.head = 1 AND (h.kind <> ${deletion} OR h.stored > d.cutoff))`;
/** Version v was replaced, and that is past retention. */
const IS_REPLACED = `EXISTS (SELECT 1 FROM catalogue_parent p JOIN catalogue_record c ON c.seq = p.child
  WHERE p.parent = v.id AND c.file = v.file AND c.state = ${applied} AND c.stored <= d.cutoff)`;
/** There are as many newer versions of its path as are kept in any case; those that repeat a content are not counted. */
const IS_OLD = `(SELECT count(*) FROM (SELECT 1 FROM catalogue_record n
  WHERE n.file = v.file AND n.state = ${applied} AND n.kind = ${file} AND n.repeats = 0 AND (n.ms, n.counter, n.id) > (v.ms, v.counter, v.id)
  LIMIT d.versions)) >= d.versions`;

/** A deletion c ends the retention of what it deletes at once. */
export function purgesSql(owners: readonly number[], alias: string): string {
  return `${alias}.purge = 1 AND ${alias}.state = ${applied} AND ${alias}.author IN (${owners.join(',')})`;
}

/** Such a deletion has replaced version v, by however many steps: what it has not seen stays. */
const isPurged = (owners: readonly number[]): string => `EXISTS (SELECT 1 FROM catalogue_record c
  WHERE c.file = v.file AND ${purgesSql(owners, 'c')} AND c.seq IN (
    WITH RECURSIVE later(seq, id) AS (
      SELECT v.seq, v.id
      UNION SELECT r.seq, r.id FROM later l JOIN catalogue_parent p ON p.parent = l.id
        JOIN catalogue_record r ON r.seq = p.child WHERE r.file = v.file AND r.state = ${applied}
    ) SELECT seq FROM later))`;

/** LIMIT cannot name a column: it is put in as a number. */
function neededSql({ cutoff, versions, owners }: Deadline): string {
  const is = (condition: string): string =>
    condition.replaceAll('d.cutoff', String(Math.floor(cutoff))).replaceAll('d.versions', String(Math.floor(versions)));
  return `SELECT w.id AS content FROM ${BLOBS} w WHERE
    EXISTS (SELECT 1 FROM catalogue_record h WHERE h.content = w.id AND h.head = 1 AND h.kind = ${file})
    OR EXISTS (SELECT 1 FROM catalogue_record o WHERE o.content = w.id AND o.state > ${IN_SET})
    OR EXISTS (SELECT 1 FROM catalogue_import i WHERE i.content = w.id)
    OR EXISTS (SELECT 1 FROM catalogue_record u WHERE u.state = ${unknown})
    OR EXISTS (SELECT 1 FROM catalogue_record v
      WHERE v.content = w.id AND v.head = 0 AND v.kind = ${file} AND v.state = ${applied}
      AND NOT (${is(IS_REPLACED)} AND (${is(PATH_IS_GONE)} OR ${is(IS_OLD)}))
      AND NOT ${owners.length === 0 ? 'FALSE' : isPurged(owners)})`;
}

/**
 * Which of these contents something needs: a head of any path; a version within retention; a record outside the set, which
 * may yet count or be adopted by a person; a file on its way from another network. As long as there are records of a later
 * release, which may say anything, all of them. Unlisted contents are not among what retention is about.
 */
export async function neededContents(reader: Reader, deadline: Deadline, contents: readonly Cid[]): Promise<Set<Cid>> {
  const rows = await byIds<{ content: Uint8Array }>(reader, neededSql(deadline), contents.map(cidToBytes));
  return new Set(rows.map(({ content }) => cidFromBytes(content)));
}

/** Which of these contents were purged here, and have not been needed since. */
export async function purgedContents(reader: Reader, contents: readonly Cid[]): Promise<Set<Cid>> {
  const rows = await byIds<{ content: Uint8Array }>(
    reader,
    `SELECT content FROM catalogue_purged WHERE content IN ${BLOBS}`,
    contents.map(cidToBytes),
  );
  return new Set(rows.map(({ content }) => cidFromBytes(content)));
}
