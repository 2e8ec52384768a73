import type { Database, Tx } from '@dfs/database';
import {
  cidToBytes,
  peerIdFromBytes,
  peerIdToBytes,
  type Cid,
  type HoldingsStatus,
  type Pin,
  type Unsubscribe,
} from '@dfs/protocol';
import { keyOf, marks } from './pin-log.js';

const IDS_PER_QUERY = 2000;
/** Rows of one DELETE of letting-go entries. */
const PAIRS_PER_STATEMENT = 1000;
/** Stands for this node among the members of a row. */
const SELF = 0;

/** What is known of a member's store. */
export interface KnownMember {
  readonly ordinal: number;
  /** Of the store whose log was read; null before the first time. */
  readonly nonce: Uint8Array | null;
  /** How far it was read. */
  readonly number: number;
  readonly full: boolean;
  readonly capacity: number;
}

interface MemberRow {
  ordinal: number;
  peer: Uint8Array;
  nonce: Uint8Array | null;
  number: number;
  is_full: number;
  capacity: number;
}

/** Holders of each extent of a content. Extents nobody holds are left out. */
export type ExtentHolders = Map<number, string[]>;

/** What every member says it holds, kept on disk: read from their pin logs, mine beside it. */
export class Holdings {
  private readonly members = new Map<string, KnownMember>();
  private readonly names = new Map<number, string>();
  /** How long members have said that their logs are, since they were connected: reading them may have overtaken that. */
  private readonly said = new Map<string, number>();
  private readonly listeners = new Set<(peerId: string, contents: readonly Cid[]) => void>();

  private constructor(
    private readonly db: Database,
    self: string,
  ) {
    this.names.set(SELF, self);
  }

  static async open(db: Database, self: string): Promise<Holdings> {
    const holdings = new Holdings(db, self);
    for (const row of await db.query<MemberRow>('SELECT * FROM placement_member')) {
      const { ordinal, nonce, number, capacity } = row;
      holdings.remember(peerIdFromBytes(row.peer), { ordinal, nonce, number, full: row.is_full === 1, capacity });
    }
    return holdings;
  }

  known(peerId: string): KnownMember | undefined {
    return this.members.get(peerId);
  }

  /** Entries of a member's log have been read and committed. */
  onLearned(listener: (peerId: string, contents: readonly Cid[]) => void): Unsubscribe {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /**
   * What a member says of its store. Another nonce or a lower number voids what was known of it; a number that is only lower
   * than what was read of the log since is that of a status that is late.
   * @returns whether there is something to be read; `changed` when it became full or roomy, or of another class
   */
  async heard(peerId: string, status: HoldingsStatus): Promise<{ behind: boolean; changed: boolean }> {
    const verdict = this.judge(peerId, status);
    if (verdict.voided || verdict.changed || !verdict.same) {
      await this.db.write(async (tx) => {
        // Judged anew: a frame of the log may have been committed meanwhile.
        const { before, same, voided } = this.judge(peerId, status);
        if (voided) await this.forget(tx, before!.ordinal);
        const number = same && !voided ? before!.number : 0;
        await this.save(tx, peerId, { nonce: status.nonce, number, full: status.full, capacity: status.capacity });
      });
    }
    this.said.set(peerId, status.number);
    return { behind: (this.members.get(peerId)?.number ?? 0) !== status.number, changed: verdict.changed };
  }

  /** It may come back as an older copy of itself: what it says then is compared with all that was read. */
  gone(peerId: string): void {
    this.said.delete(peerId);
  }

  /** A frame of a member's log; one that does not follow on what is known of it is passed over. */
  async learn(peerId: string, frame: { nonce: Uint8Array; after: number; to: number }, pins: Pin[]): Promise<void> {
    const newest = new Map(pins.map((pin) => [`${pin.content}/${pin.extent}`, pin]));
    await this.db.write(async (tx) => {
      const before = this.members.get(peerId);
      if (frame.after > 0 && !followsOn(before, frame)) return;
      const ordinal = await this.save(tx, peerId, {
        nonce: frame.nonce,
        number: frame.to,
        full: before?.full ?? false,
        capacity: before?.capacity ?? 0,
      });
      if (frame.after === 0) await this.forget(tx, ordinal);
      const rows = [...newest.values()];
      const held = rows.filter((pin) => pin.held).map((pin) => [cidToBytes(pin.content), pin.extent, ordinal]);
      await tx.insertMany('placement_holding', ['content', 'extent', 'member'], held, 'ignore');
      await this.letGo(
        tx,
        ordinal,
        rows.filter((pin) => !pin.held),
      );
      const contents = [...new Set(rows.map((pin) => pin.content))];
      tx.afterCommit(() => this.listeners.forEach((listener) => listener(peerId, contents)));
    });
  }

  /** Forgets all but these: who is not a member holds nothing. */
  async keepOnly(peerIds: ReadonlySet<string>): Promise<void> {
    if ([...this.members.keys()].some((peerId) => !peerIds.has(peerId))) {
      await this.db.write((tx) => this.keepOnlyIn(tx, peerIds));
    }
  }

  /** The same within the caller's unit of work. */
  async keepOnlyIn(tx: Tx, peerIds: ReadonlySet<string>): Promise<void> {
    const gone = [...this.members].filter(([peerId]) => !peerIds.has(peerId));
    for (const [, { ordinal }] of gone) {
      await this.forget(tx, ordinal);
      await tx.run('DELETE FROM placement_member WHERE ordinal = ?', [ordinal]);
    }
    tx.afterCommit(() => {
      for (const [peerId, { ordinal }] of gone) {
        this.members.delete(peerId);
        this.said.delete(peerId);
        this.names.delete(ordinal);
      }
    });
  }

  /** Who pins which extents of these contents, this node included; whether they are here now is another question. */
  async holders(contents: readonly Cid[]): Promise<Map<Cid, ExtentHolders>> {
    const found = new Map<Cid, ExtentHolders>(contents.map((content) => [content, new Map()]));
    for (let at = 0; at < contents.length; at += IDS_PER_QUERY) {
      const part = contents.slice(at, at + IDS_PER_QUERY).map(cidToBytes);
      const byKey = new Map(part.map((bytes, index) => [keyOf(bytes), found.get(contents[at + index]!)!]));
      const list = marks(part.length);
      const rows = await this.db.query<{ content: Uint8Array; extent: number; member: number }>(
        `SELECT content, extent, ${SELF} AS member FROM placement_pin WHERE held = 1 AND content IN (${list})
         UNION ALL SELECT content, extent, member FROM placement_holding WHERE content IN (${list})`,
        [...part, ...part],
      );
      for (const row of rows) {
        const peerId = this.names.get(row.member);
        if (peerId === undefined) continue;
        const extents = byKey.get(keyOf(row.content))!;
        const holders = extents.get(row.extent);
        if (holders) holders.push(peerId);
        else extents.set(row.extent, [peerId]);
      }
    }
    return found;
  }

  private judge(peerId: string, status: HoldingsStatus) {
    const before = this.members.get(peerId);
    const said = this.said.get(peerId) ?? Infinity;
    const same = isOfStore(before, status.nonce);
    return {
      before,
      same,
      voided: before !== undefined && before.number > 0 && (!same || status.number < Math.min(before.number, said)),
      changed: before?.full !== status.full || before.capacity !== status.capacity,
    };
  }

  private async save(tx: Tx, peerId: string, member: Omit<KnownMember, 'ordinal'>): Promise<number> {
    const values = [member.nonce, member.number, member.full ? 1 : 0, member.capacity] as const;
    const known = this.members.get(peerId)?.ordinal;
    const ordinal =
      known ??
      (
        await tx.run('INSERT INTO placement_member (peer, nonce, number, is_full, capacity) VALUES (?, ?, ?, ?, ?)', [
          peerIdToBytes(peerId),
          ...values,
        ])
      ).lastId;
    if (known !== undefined) {
      await tx.run('UPDATE placement_member SET nonce = ?, number = ?, is_full = ?, capacity = ? WHERE ordinal = ?', [
        ...values,
        ordinal,
      ]);
    }
    tx.afterCommit(() => this.remember(peerId, { ...member, ordinal }));
    return ordinal;
  }

  private async letGo(tx: Tx, ordinal: number, pins: readonly Pin[]): Promise<void> {
    for (let at = 0; at < pins.length; at += PAIRS_PER_STATEMENT) {
      const part = pins.slice(at, at + PAIRS_PER_STATEMENT);
      const pairs = '(?,?),'.repeat(part.length).slice(0, -1);
      await tx.run(`DELETE FROM placement_holding WHERE member = ? AND (content, extent) IN (VALUES ${pairs})`, [
        ordinal,
        ...part.flatMap((pin) => [cidToBytes(pin.content), pin.extent]),
      ]);
    }
  }

  private async forget(tx: Tx, ordinal: number): Promise<void> {
    await tx.run('DELETE FROM placement_holding WHERE member = ?', [ordinal]);
  }

  private remember(peerId: string, member: KnownMember): void {
    this.members.set(peerId, member);
    this.names.set(member.ordinal, peerId);
  }
}

/** Of two who read a log at once, or once it was void, one may come with entries that leave out what is known no more. */
function followsOn(known: KnownMember | undefined, { nonce, after }: { nonce: Uint8Array; after: number }): boolean {
  return isOfStore(known, nonce) && known.number >= after;
}

/** Whether what is known of a member is of this store. */
function isOfStore(known: KnownMember | undefined, nonce: Uint8Array): known is KnownMember {
  return !!known?.nonce && Buffer.compare(known.nonce, nonce) === 0;
}
