import { BLOBS, byIds, type Database, type Reader, type Tx } from '@dfs/database';
import { cidFromBytes, cidToBytes, type Cid, type Pin } from '@dfs/protocol';
import { mostExtents } from '../plan/extents.js';

/** Pins of one member that wait for a record that names their content; more end the reading of its log. */
export const MAX_WAITING_PINS = 10_000;

/** Which of these contents a record here names, or a file that comes along, with the greatest size that one gives. */
export type NamedContents = (contents: readonly Cid[], reader?: Reader) => Promise<ReadonlyMap<Cid, number>>;

/** A pin of a member, by the member's ordinal. */
export interface MemberPin {
  content: Cid;
  extent: number;
  member: number;
}

interface WaitingRow {
  content: Uint8Array;
  extent: number;
  member: number;
}

/**
 * Pins of members whose content no record here names yet: records and pins come by different ways. MAX_WAITING_PINS of each
 * member, so that nobody fills this node with pins of contents that there are not.
 */
export class WaitingPins {
  private constructor(
    private readonly named: NamedContents,
    private some: boolean,
  ) {}

  static async open(db: Database, named: NamedContents): Promise<WaitingPins> {
    return new WaitingPins(named, await isAny(db));
  }

  /** Whether some pins wait, of any member. */
  get isAny(): boolean {
    return this.some;
  }

  /** Whether so many more of a member have room. */
  async haveRoom(tx: Tx, member: number | undefined, more: number): Promise<boolean> {
    if (more === 0) return true;
    const [row] = await tx.query<{ count: number }>(
      'SELECT count(*) AS count FROM placement_waiting WHERE member = ?',
      [member ?? -1],
    );
    return row!.count + more <= MAX_WAITING_PINS;
  }

  async add(tx: Tx, member: number, pins: readonly Pin[]): Promise<void> {
    if (pins.length === 0) return;
    const rows = pins.map(({ content, extent }) => [cidToBytes(content), extent, member]);
    await tx.insertMany('placement_waiting', ['content', 'extent', 'member'], rows, 'ignore');
    tx.afterCommit(() => (this.some = true));
  }

  /** Takes out those of these contents that are named now. @returns the pins that count from now on */
  async take(tx: Tx, contents: readonly Cid[]): Promise<MemberPin[]> {
    const named = await this.named(contents, tx);
    const ids = [...named.keys()];
    const rows = await byIds<WaitingRow>(
      tx,
      `DELETE FROM placement_waiting WHERE content IN ${BLOBS} RETURNING content, extent, member`,
      ids.map(cidToBytes),
    );
    const taken: MemberPin[] = rows.map((row) => ({ ...row, content: cidFromBytes(row.content) }));
    const some = await isAny(tx);
    tx.afterCommit(() => (this.some = some));
    return taken.filter(({ content, extent }) => extent < mostExtents(named.get(content)!));
  }

  /** Contents of a member's pins that wait. */
  async contentsOf(reader: Reader, member: number): Promise<Cid[]> {
    const rows = await reader.query<{ content: Uint8Array }>(
      'SELECT DISTINCT content FROM placement_waiting WHERE member = ?',
      [member],
    );
    return rows.map(({ content }) => cidFromBytes(content));
  }
}

async function isAny(reader: Reader): Promise<boolean> {
  return (await reader.query('SELECT 1 FROM placement_waiting LIMIT 1')).length > 0;
}
