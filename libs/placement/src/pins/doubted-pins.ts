import { day } from '@dfs/runtime';
import { BLOBS, changeByIds, type Database, type Reader, type Tx } from '@dfs/database';
import { cidFromBytes, cidToBytes, type Cid, type Pin } from '@dfs/protocol';

/** Its pins of that content are no copies for so long, unless its log names them anew. */
export const DOUBT_TIME = 1 * day;

/** Pins of one member that do not count. */
export interface DoubtedMember {
  /** Its ordinal. */
  member: number;
  /** Contents of which it sent wrong bytes. */
  contents: number;
}

/**
 * Pins of members that were caught sending wrong bytes of the content: they are no copies. They count again once the member's
 * log says so anew, as after it has healed them, or once DOUBT_TIME is over: if the bytes are wrong still, it is caught again.
 */
export class DoubtedPins {
  private constructor(private some: boolean) {}

  static async open(db: Database): Promise<DoubtedPins> {
    return new DoubtedPins((await db.query('SELECT 1 FROM placement_doubt LIMIT 1')).length > 0);
  }

  /** Gives whether there were pins that counted until now. */
  async add(tx: Tx, member: number, content: Cid, now: number): Promise<boolean> {
    const key = [member, cidToBytes(content)];
    await tx.later(
      `INSERT OR REPLACE INTO placement_doubt (content, extent, member, since)
       SELECT content, extent, member, ? FROM placement_holding WHERE member = ? AND content = ?`,
      [now, ...key],
    );
    const { changes } = await tx.run('DELETE FROM placement_holding WHERE member = ? AND content = ?', key);
    if (changes > 0) tx.afterCommit(() => (this.some = true));
    return changes > 0;
  }

  /** The member's log names these pins anew. */
  async saidAnew(tx: Tx, member: number, pins: readonly Pin[]): Promise<void> {
    if (!this.some) return;
    const contents = [...new Set(pins.map(({ content }) => content))];
    const sql = `DELETE FROM placement_doubt WHERE member = ?2 AND content IN ${BLOBS}`;
    await changeByIds(tx, sql, contents.map(cidToBytes), [member]);
  }

  /** Those whose time is over count again. A clock that was set back makes none last longer. Gives which. */
  async end(tx: Tx, now: number): Promise<{ content: Cid; member: number }[]> {
    const over = 'since <= ? OR since > ?';
    const times = [now - DOUBT_TIME, now];
    const rows = await tx.query<{ content: Uint8Array; member: number }>(
      `SELECT DISTINCT content, member FROM placement_doubt WHERE ${over}`,
      times,
    );
    if (rows.length === 0) return [];
    await tx.later(
      `INSERT OR IGNORE INTO placement_holding (content, extent, member)
       SELECT content, extent, member FROM placement_doubt WHERE ${over}`,
      times,
    );
    await tx.later(`DELETE FROM placement_doubt WHERE ${over}`, times);
    return rows.map(({ content, member }) => ({ content: cidFromBytes(content), member }));
  }

  /** By members. */
  async list(reader: Reader): Promise<DoubtedMember[]> {
    if (!this.some) return [];
    const rows = await reader.query<DoubtedMember>(
      'SELECT member, count(DISTINCT content) AS contents FROM placement_doubt GROUP BY member ORDER BY member',
    );
    if (rows.length === 0) this.some = false;
    return rows;
  }
}
