import { BLOBS, VALUES, byIds, changeByIds, slices, type Database, type Reader, type Tx } from '@dfs/database';
import type { EventLog } from '@dfs/events';
import { cidFromBytes, cidToBytes, EMPTY_CONTENT, type Cid, peerText, toHex } from '@dfs/protocol';
import { FILES_PER_EVENT, itemFrom } from '../write/file-events.js';
import { entryFrom, FILE_COLUMNS, FILES, type FileRow } from '../store/rows.js';
import { KIND_NUMBER, PathState, RecordState } from '../rules/states.js';
import { neededContents, purgedContents, purgesSql, type Deadline, type RetentionRule } from './needed.js';
import { filesThatHad, onlyPast, readPast, type PastContent } from './past.js';
import { RunningTime, type Stopwatch } from './running-time.js';

/** Deleted paths that may be concluded, by their rows. */
export interface DeletedPage {
  files: number[];
  /** To go on after; null at the end. */
  next: string | null;
}
/** Contents whose retention is over. */
export interface ContentPage {
  contents: Cid[];
  next: Cid | null;
}

/** The conclusions of one unit of work. */
export interface Concluded {
  /** Ids of deletions of which nothing is needed any more, and of those of which something is. Only what is news. */
  purged: string[];
  kept: string[];
  /** Contents that nothing needs. */
  freed: Cid[];
}

/** Which of these contents are to be kept for now, though no version needs them: asked within the unit of work. */
export type Bound = (tx: Tx, contents: readonly Cid[]) => Promise<ReadonlySet<Cid>>;
const nothing: Bound = async () => new Set();

const LONG_AGO = Number.MIN_SAFE_INTEGER;

interface DeletedRow extends FileRow {
  /** When the last of its deletions was stored here, in running time. */
  stored: number;
  /** The conclusion on the deletion it shows now; null for none. */
  kept: number | null;
}

/** `stored`: less than any time where all deletions end their retention themselves. */
const deletedSql = ({ owners }: Deadline): string => `SELECT ${FILE_COLUMNS},
  (SELECT max(CASE WHEN ${purgesSql(owners, 'h')} THEN ${LONG_AGO} ELSE h.stored END)
   FROM catalogue_record h WHERE h.file = f.seq AND h.head = 1) AS stored,
  (SELECT c.kept FROM catalogue_concluded c WHERE c.file = f.seq AND c.record = f.record_id) AS kept
  FROM ${FILES} WHERE f.state = ${PathState.deleted} AND f.content IS NOT NULL`;

/**
 * Which content nothing needs any more: that of versions that were replaced or deleted, once their retention is over, which
 * a deletion by an owner may say itself.
 * Records never go. The pages are hints; what counts is looked at anew within the unit of work that acts on it, so that
 * whatever is written at the same moment wins.
 */
export class Retention {
  private constructor(
    private readonly db: Pick<Database, 'query'>,
    private readonly events: Pick<EventLog, 'record'>,
    /** How long this node has run. */
    readonly time: RunningTime,
    /** Something may have been purged: on most nodes nothing is, and writing costs nothing more for it. */
    private hasPurged: boolean,
    private readonly isOwner: (peerId: string) => boolean,
  ) {}

  static async open(
    db: Pick<Database, 'query' | 'write'>,
    events: Pick<EventLog, 'record'>,
    isOwner: (peerId: string) => boolean,
    stopwatch?: Stopwatch,
  ): Promise<Retention> {
    const purged = await db.query('SELECT 1 FROM catalogue_purged LIMIT 1');
    return new Retention(db, events, await RunningTime.open(db, stopwatch), purged.length > 0, isOwner);
  }

  /** A page of deleted paths of which the deletion is past retention, and not all is purged. */
  async deletedDue(rule: RetentionRule, after: string | null, limit: number): Promise<DeletedPage> {
    const deadline = await this.deadline(this.db, rule);
    const rows = await this.db.query<DeletedRow>(`${deletedSql(deadline)} AND f.path > ? ORDER BY f.path LIMIT ?`, [
      after ?? '',
      limit,
    ]);
    const files = rows.filter((row) => row.kept !== 0 && row.stored <= deadline.cutoff).map(({ seq }) => seq);
    return { files, next: rows.length < limit ? null : (rows.at(-1)?.path ?? null) };
  }

  /**
   * Notes what has become of these deleted paths, tells of those that are purged, and frees what nothing needs: the
   * caller lets go of it in the same unit of work.
   */
  async conclude(tx: Tx, rule: RetentionRule, files: readonly number[], bound = nothing): Promise<Concluded> {
    const deadline = await this.deadline(tx, rule);
    const all = await byIds<DeletedRow>(tx, `${deletedSql(deadline)} AND f.seq IN ${VALUES}`, files);
    const due = all.filter((row) => row.kept !== 0 && row.stored <= deadline.cutoff);
    const contents = await contentsOf(tx, due);
    const { freed, needed } = await this.freeBy(tx, deadline, [...new Set([...contents.values()].flat())], bound);
    const isKept = ({ seq }: DeletedRow): boolean => (contents.get(seq) ?? []).some((content) => needed.has(content));
    const news = due.filter((row) => row.kept === null || !isKept(row));
    const rows = news.map((row) => [row.seq, row.record_id, isKept(row) ? 1 : 0]);
    await tx.insertMany('catalogue_concluded', ['file', 'record', 'kept'], rows, 'replace');
    const gone = news.filter((row) => !isKept(row));
    const items = gone.map(entryFrom).map(itemFrom);
    for (const slice of slices(items, FILES_PER_EVENT)) await this.events.record(tx, 'file.purged', { files: slice });
    const ids = await headsOf(tx, news);
    const named = (rows: readonly DeletedRow[]): string[] => rows.flatMap(({ seq }) => ids.get(seq) ?? []);
    return { purged: named(gone), kept: named(news.filter(isKept)), freed };
  }

  /** A page of contents of replaced and deleted versions that nothing needs. */
  async contentsDue(rule: RetentionRule, after: Cid | null, limit: number): Promise<ContentPage> {
    const rows = await this.db.query<{ content: Uint8Array; purged: number }>(
      `SELECT c.content, EXISTS (SELECT 1 FROM catalogue_purged p WHERE p.content = c.content) AS purged FROM
         (SELECT DISTINCT content FROM catalogue_record WHERE head = 0 AND kind = 1 AND state = 1
          AND content > ? AND content <> ? ORDER BY content LIMIT ?) c`,
      [after === null ? new Uint8Array(0) : cidToBytes(after), cidToBytes(EMPTY_CONTENT), limit],
    );
    const last = rows.at(-1);
    const open = rows.filter(({ purged }) => purged === 0).map(({ content }) => cidFromBytes(content));
    const needed = await neededContents(this.db, await this.deadline(this.db, rule), open);
    const contents = open.filter((content) => !needed.has(content));
    return { contents, next: last === undefined || rows.length < limit ? null : cidFromBytes(last.content) };
  }

  /** Those of the contents that nothing needs, and that were not freed before; noted as purged. */
  async free(tx: Tx, rule: RetentionRule, contents: readonly Cid[], bound = nothing): Promise<Cid[]> {
    return (await this.freeBy(tx, await this.deadline(tx, rule), contents, bound)).freed;
  }

  /** Contents that only past versions have, the oldest first: as `readPast`. */
  past(after: PastContent | null, limit: number): Promise<PastContent[]> {
    return readPast(this.db, after, limit);
  }

  /** Which of these contents only past versions have, as the unit of work sees it. */
  onlyPast(tx: Tx, contents: readonly Cid[]): Promise<Set<Cid>> {
    return onlyPast(tx, contents);
  }

  /**
   * Notes that these contents have given way here for want of room, the last copies that are known of: as purged, though the
   * retention of what was deleted goes on, and no receipt is written before it ends. Tells of it.
   */
  async gaveWay(tx: Tx, contents: readonly Cid[]): Promise<void> {
    if (contents.length === 0) return;
    this.hasPurged = true;
    await tx.insertMany(
      'catalogue_purged',
      ['content'],
      contents.map((content) => [cidToBytes(content)]),
      'ignore',
    );
    const items = (await filesThatHad(tx, contents)).map(entryFrom).map(itemFrom);
    for (const files of slices(items, FILES_PER_EVENT)) {
      await this.events.record(tx, 'file.purged', { files, reason: 'room' });
    }
  }

  /** Contents that came with new versions: whatever became of them before, they are needed. */
  async needed(tx: Tx, contents: readonly Cid[]): Promise<void> {
    if (!this.hasPurged) return;
    await changeByIds(tx, `DELETE FROM catalogue_purged WHERE content IN ${BLOBS}`, contents.map(cidToBytes));
  }

  /** Which of these contents were purged here: promised no longer, and to be had from others at best. */
  purged(contents: readonly Cid[], reader: Reader = this.db): Promise<Set<Cid>> {
    return purgedContents(reader, contents);
  }

  /** Whether records of a later release keep everything: what they need is not known here. */
  async isBlocked(): Promise<boolean> {
    const rows = await this.db.query(`SELECT 1 FROM catalogue_record WHERE state = ${RecordState.unknown} LIMIT 1`);
    return rows.length > 0;
  }

  /** Whether a deletion that is shown ends its retention itself, and nothing was concluded of it yet. */
  async isEnded(): Promise<boolean> {
    const rows = await this.db.query(
      `SELECT 1 FROM catalogue_record c WHERE c.purge = 1 AND c.head = 1 AND c.state = ${RecordState.applied}
       AND NOT EXISTS (SELECT 1 FROM catalogue_concluded d WHERE d.file = c.file AND d.record = c.id) LIMIT 1`,
    );
    return rows.length > 0;
  }

  private async freeBy(
    tx: Tx,
    deadline: Deadline,
    contents: readonly Cid[],
    bound: Bound,
  ): Promise<{ freed: Cid[]; needed: ReadonlySet<Cid> }> {
    // A file without bytes needs none.
    const filled = contents.filter((content) => content !== EMPTY_CONTENT);
    const needed = new Set([...(await neededContents(tx, deadline, filled)), ...(await bound(tx, filled))]);
    const before = await purgedContents(tx, filled);
    const freed = filled.filter((content) => !needed.has(content) && !before.has(content));
    const rows = freed.map((content) => [cidToBytes(content)]);
    this.hasPurged ||= freed.length > 0;
    await tx.insertMany('catalogue_purged', ['content'], rows);
    return { freed, needed };
  }

  private async deadline(reader: Reader, { retentionMs, versions }: RetentionRule): Promise<Deadline> {
    // Few deletions are of this kind, and mostly none.
    const authors = await reader.query<{ id: number; peer: Uint8Array }>(
      'SELECT id, peer FROM catalogue_author WHERE id IN (SELECT author FROM catalogue_record WHERE purge = 1)',
    );
    const owners = authors.filter(({ peer }) => this.isOwner(peerText(peer))).map(({ id }) => id);
    return { cutoff: this.time.now() - retentionMs, versions, owners };
  }
}

/** Contents of all versions of each path. */
async function contentsOf(tx: Tx, rows: readonly DeletedRow[]): Promise<Map<number, Cid[]>> {
  const found = await byIds<{ file: number; content: Uint8Array }>(
    tx,
    `SELECT DISTINCT file, content FROM catalogue_record
     WHERE file IN ${VALUES} AND state = ${RecordState.applied} AND kind = ${KIND_NUMBER.file}`,
    rows.map(({ seq }) => seq),
  );
  return grouped(found.map(({ file, content }) => [file, cidFromBytes(content)]));
}

/** Ids of the deletions that each path shows. */
async function headsOf(tx: Tx, rows: readonly DeletedRow[]): Promise<Map<number, string[]>> {
  const found = await byIds<{ file: number; id: Uint8Array }>(
    tx,
    `SELECT file, id FROM catalogue_record WHERE file IN ${VALUES} AND head = 1`,
    rows.map(({ seq }) => seq),
  );
  return grouped(found.map(({ file, id }) => [file, toHex(id)]));
}

function grouped<V>(pairs: readonly (readonly [number, V])[]): Map<number, V[]> {
  const groups = new Map<number, V[]>();
  for (const [key, value] of pairs) {
    const group = groups.get(key);
    if (group) group.push(value);
    else groups.set(key, [value]);
  }
  return groups;
}
