import { changeByIds, VALUE_PAIRS, type Database, type Tx } from '@dfs/database';
import type { LiveFolderIssueKind } from '@dfs/contracts';

/** Something of a path that a person should know. */
export interface Issue {
  readonly kind: LiveFolderIssueKind;
  readonly path: string;
  readonly detail: string;
}
/** `since`: milliseconds since 1970. */
export type StoredIssue = Issue & { readonly since: number };

/** The issues of one folder. */
export class IssueStore {
  constructor(
    private readonly db: Pick<Database, 'query'>,
    private readonly folder: string,
  ) {}

  list(page: { after?: string; limit: number }): Promise<StoredIssue[]> {
    return this.db.query<StoredIssue>(
      'SELECT kind, path, detail, since FROM live_folder_issue WHERE folder = ? AND path > ? ORDER BY path, kind LIMIT ?',
      [this.folder, page.after ?? '', page.limit],
    );
  }

  async count(): Promise<number> {
    const [row] = await this.db.query<{ n: number }>('SELECT count(*) AS n FROM live_folder_issue WHERE folder = ?', [
      this.folder,
    ]);
    return row?.n ?? 0;
  }

  /**
   * Those of these paths are as given now, and no other.
   * @param within whether a path was looked at
   * @returns those that are new
   */
  async replace(tx: Tx, issues: readonly Issue[], within: (path: string) => boolean, now: number): Promise<Issue[]> {
    const before = await tx.query<Issue>('SELECT kind, path, detail FROM live_folder_issue WHERE folder = ?', [
      this.folder,
    ]);
    const was = new Map(before.map((one) => [keyOf(one), one]));
    const is = new Map(issues.map((one) => [keyOf(one), one]));
    const gone = before.filter((one) => within(one.path) && !is.has(keyOf(one)));
    const fresh = [...is.values()].filter((one) => was.get(keyOf(one))?.detail !== one.detail);
    await changeByIds(
      tx,
      `DELETE FROM live_folder_issue WHERE folder = ?2 AND (path, kind) IN ${VALUE_PAIRS}`,
      gone.map(({ path, kind }) => [path, kind]),
      [this.folder],
    );
    const rows = fresh.map(({ path, kind, detail }) => [this.folder, path, kind, detail, now]);
    await tx.insertMany('live_folder_issue', ['folder', 'path', 'kind', 'detail', 'since'], rows, 'replace');
    return fresh;
  }
}

function keyOf({ kind, path }: Issue): string {
  return `${kind} ${path}`;
}
