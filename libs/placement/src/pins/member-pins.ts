import { BLOBS_AT, byIds, changeByIds, PAIRS, type Database, type Tx } from '@dfs/database';
import { cidToBytes, peerIdFromBytes, peerIdToBytes, type Cid, type HoldingsStatus, type Pin } from '@dfs/protocol';
import { DfsError, Listeners, silentLog, type Log, type Unsubscribe } from '@dfs/runtime';
import { mostExtents } from '../plan/extents.js';
import { DoubtedPins } from './doubted-pins.js';
import { HoldersFound, type ExtentHolders } from './extent-holders.js';
import { PinnerEntity } from './pins.entity.js';
import { WaitingPins, type MemberPin, type NamedContents } from './waiting-pins.js';

/** Holdings of a former member that are forgotten in one unit of work. */
const FORGET_PER_UNIT = 20_000;

/** Stands for this node among the members of a row. */
const SELF = 0;
/** Pins of members that count, those that wait, and those that are doubted. */
const TABLES = ['placement_holding', 'placement_waiting', 'placement_doubt'] as const;

/** The facts known of a member's store. */
export interface KnownMember {
  readonly ordinal: number;
  /** Of the store whose log was read; null before the first time. */
  readonly nonce: Uint8Array | null;
  /** How far it was read. */
  readonly number: number;
  readonly full: boolean;
  readonly capacity: number;
}

/** The holdings of every member, kept on disk: read from their pin logs, those of this node beside them. */
export class MemberPins {
  private readonly members = new Map<string, KnownMember>();
  private readonly names = new Map<number, string>();
  /** How long members have said that their logs are, since they were connected: reading them may have overtaken that. */
  private readonly said = new Map<string, number>();
  private readonly listeners: Listeners<[string, readonly Cid[]]>;
  private readonly voidedListeners: Listeners<[]>;

  private constructor(
    private readonly db: Database,
    private readonly named: NamedContents,
    private readonly waiting: WaitingPins,
    private readonly doubted: DoubtedPins,
    self: string,
    log: Log,
  ) {
    this.listeners = new Listeners(log);
    this.voidedListeners = new Listeners(log);
    this.names.set(SELF, self);
  }

  /** @param named pins of other contents wait until a record names those */
  static async open(db: Database, self: string, named: NamedContents, log: Log = silentLog): Promise<MemberPins> {
    const holdings = new MemberPins(
      db,
      named,
      await WaitingPins.open(db, named),
      await DoubtedPins.open(db),
      self,
      log,
    );
    for (const { peer, isFull, ...row } of await db.repository(PinnerEntity).find()) {
      holdings.remember(peerIdFromBytes(peer), { ...row, full: isFull === 1 });
    }
    return holdings;
  }

  known(peerId: string): KnownMember | undefined {
    return this.members.get(peerId);
  }

  /** Entries of a member's log have been read and committed. */
  onLearned(listener: (peerId: string, contents: readonly Cid[]) => void): Unsubscribe {
    return this.listeners.add(listener);
  }

  /** All that was known of a member's holdings is void. */
  onVoided(listener: () => void): Unsubscribe {
    return this.voidedListeners.add(listener);
  }

  /**
   * A member's word on its store. Another nonce or a lower number voids what was known of it; a number that is only lower
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

  /**
   * A frame of a member's log; one that does not follow on what is known of it is passed over. Pins of contents that no record
   * names yet wait.
   * @returns false when too many would wait: nothing of the frame was taken
   * @throws DfsError `peer-misbehaved` when it names extents that its contents do not have
   */
  async learn(peerId: string, frame: { nonce: Uint8Array; after: number; to: number }, pins: Pin[]): Promise<boolean> {
    const rows = [...new Map(pins.map((pin) => [`${pin.content}/${pin.extent}`, pin])).values()];
    const held = rows.filter((pin) => pin.held);
    const contents = [...new Set(held.map(({ content }) => content))];
    // Most are known by now: the unit of work looks up the others alone.
    const before = await this.named(contents);
    return this.db.write(async (tx) => {
      const since = await this.named(
        contents.filter((content) => !before.has(content)),
        tx,
      );
      const sizeOf = ({ content }: Pin): number | undefined => before.get(content) ?? since.get(content);
      refuseBeyond(held, sizeOf);
      const member = this.members.get(peerId);
      if (frame.after > 0 && !followsOn(member, frame)) return true;
      const isNamed = (pin: Pin): boolean => sizeOf(pin) !== undefined;
      const unnamed = held.filter((pin) => !isNamed(pin));
      if (frame.after === 0 && member) await this.forget(tx, member.ordinal);
      if (!(await this.waiting.haveRoom(tx, member?.ordinal, unnamed.length))) return false;
      const ordinal = await this.save(tx, peerId, {
        nonce: frame.nonce,
        number: frame.to,
        full: member?.full ?? false,
        capacity: member?.capacity ?? 0,
      });
      await this.doubted.saidAnew(tx, ordinal, held);
      await this.hold(
        tx,
        held.filter(isNamed).map(({ content, extent }) => ({ content, extent, member: ordinal })),
      );
      await this.waiting.add(tx, ordinal, unnamed);
      await this.letGo(
        tx,
        ordinal,
        rows.filter((pin) => !pin.held),
      );
      const told = [...new Set(rows.map((pin) => pin.content))];
      tx.afterCommit(() => this.tell(peerId, told));
      return true;
    });
  }

  /** Records name these contents: pins of them wait no longer. */
  async contentsNamed(contents: readonly Cid[]): Promise<void> {
    if (!this.waiting.isAny) return;
    await this.db.write(async (tx) => {
      const pins = await this.waiting.take(tx, contents);
      await this.hold(tx, pins);
      const told = Map.groupBy(pins, ({ member }) => member);
      tx.afterCommit(() => {
        for (const [member, some] of told) {
          const peerId = this.names.get(member);
          if (peerId !== undefined) this.tell(peerId, [...new Set(some.map(({ content }) => content))]);
        }
      });
    });
  }

  /** Looks again at what waits of a member: not every record that comes tells of itself. */
  async lookAgain(peerId: string): Promise<void> {
    const member = this.members.get(peerId);
    if (!member || !this.waiting.isAny) return;
    const contents = await this.waiting.contentsOf(this.db, member.ordinal);
    const named = await this.named(contents);
    if (named.size > 0) await this.contentsNamed([...named.keys()]);
  }

  /** A member was caught sending wrong bytes of a content: its copies of it do not count for now. */
  async doubt(peerId: string, content: Cid, now: number): Promise<void> {
    const member = this.members.get(peerId);
    if (!member) return;
    await this.db.write(async (tx) => {
      if (await this.doubted.add(tx, member.ordinal, content, now)) tx.afterCommit(() => this.tell(peerId, [content]));
    });
  }

  /** Members of whom some copies do not count, and of how many contents: after those whose time is over count again. */
  async doubts(now: number): Promise<{ peerId: string; contents: number }[]> {
    if ((await this.doubted.list(this.db)).length === 0) return [];
    await this.db.write(async (tx) => {
      for (const { content, member } of await this.doubted.end(tx, now)) {
        const peerId = this.names.get(member);
        if (peerId !== undefined) tx.afterCommit(() => this.tell(peerId, [content]));
      }
    });
    const left = await this.doubted.list(this.db);
    return left.flatMap(({ member, contents }) => {
      const peerId = this.names.get(member);
      return peerId === undefined ? [] : { peerId, contents };
    });
  }

  /** Forgets all but these: who is not a member holds nothing. */
  async keepOnly(peerIds: ReadonlySet<string>): Promise<void> {
    const gone = [...this.members].filter(([peerId]) => !peerIds.has(peerId));
    if (gone.length === 0) return;
    for (const [, { ordinal }] of gone) await this.forgetInParts(ordinal);
    await this.db.write((tx) => this.keepOnlyIn(tx, peerIds));
    this.voidedListeners.tell();
    await this.db.giveBack();
  }

  /** The same within the caller's unit of work. */
  async keepOnlyIn(tx: Tx, peerIds: ReadonlySet<string>): Promise<void> {
    const gone = [...this.members].filter(([peerId]) => !peerIds.has(peerId));
    for (const [, { ordinal }] of gone) {
      await this.forget(tx, ordinal);
      await tx.repository(PinnerEntity).delete({ ordinal });
    }
    tx.afterCommit(() => {
      for (const [peerId, { ordinal }] of gone) {
        this.members.delete(peerId);
        this.said.delete(peerId);
        this.names.delete(ordinal);
      }
    });
  }

  /** The holders of each extent of these contents, this node included, connected or not. Contents of one extent share them where they are the same. */
  async holders(contents: readonly Cid[]): Promise<Map<Cid, ExtentHolders>> {
    const found = new HoldersFound(contents.length);
    // Told by their places: ids as bytes would be what costs.
    const rows = await byIds<{ at: number; extent: number; member: number }>(
      this.db,
      `SELECT these.at, p.extent, ${SELF} AS member FROM ${BLOBS_AT} these
       CROSS JOIN placement_pin p ON p.content = these.id WHERE p.held = 1
       UNION ALL SELECT these.at, h.extent, h.member FROM ${BLOBS_AT} these
       CROSS JOIN placement_holding h ON h.content = these.id`,
      contents.map((content, at) => [cidToBytes(content), at]),
    );
    for (const { at, extent, member } of rows) {
      const peerId = this.names.get(member);
      if (peerId !== undefined) found.add(at, extent, peerId);
    }
    return new Map(contents.map((content, at) => [content, found.of(at)]));
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

  /** By SQL: it goes with every frame of a pin log, in the unit of work that keeps the pins. */
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
      await tx.later('UPDATE placement_member SET nonce = ?, number = ?, is_full = ?, capacity = ? WHERE ordinal = ?', [
        ...values,
        ordinal,
      ]);
    }
    tx.afterCommit(() => this.remember(peerId, { ...member, ordinal }));
    return ordinal;
  }

  private async letGo(tx: Tx, ordinal: number, pins: readonly Pin[]): Promise<void> {
    const ids = pins.map(({ content, extent }) => [cidToBytes(content), extent]);
    for (const table of TABLES) {
      await changeByIds(tx, `DELETE FROM ${table} WHERE member = ?2 AND (content, extent) IN ${PAIRS}`, ids, [ordinal]);
    }
  }

  private async hold(tx: Tx, pins: readonly MemberPin[]): Promise<void> {
    const rows = pins.map(({ content, extent, member }) => [cidToBytes(content), extent, member]);
    await tx.insertMany('placement_holding', ['content', 'extent', 'member'], rows, 'ignore');
  }

  private tell(peerId: string, contents: readonly Cid[]): void {
    this.listeners.tell(peerId, contents);
  }

  private async forget(tx: Tx, ordinal: number): Promise<void> {
    let deleted = 0;
    for (const table of TABLES) {
      deleted += (await tx.run(`DELETE FROM ${table} WHERE member = ?`, [ordinal])).changes;
    }
    if (deleted === 0) return;
    tx.afterCommit(() => {
      this.voidedListeners.tell();
    });
  }

  /** In units of work that keep nobody waiting. */
  private async forgetInParts(ordinal: number): Promise<void> {
    for (let deleted = FORGET_PER_UNIT; deleted === FORGET_PER_UNIT;) {
      const { changes } = await this.db.write((tx) =>
        tx.run(
          `DELETE FROM placement_holding WHERE (content, extent, member) IN
           (SELECT content, extent, member FROM placement_holding WHERE member = ? LIMIT ${FORGET_PER_UNIT})`,
          [ordinal],
        ),
      );
      deleted = changes;
    }
  }

  private remember(peerId: string, member: KnownMember): void {
    this.members.set(peerId, member);
    this.names.set(member.ordinal, peerId);
  }
}

/** No honest member pins more of a content than there can be. */
function refuseBeyond(held: readonly Pin[], sizeOf: (pin: Pin) => number | undefined): void {
  if (held.some((pin) => pin.extent >= mostExtents(sizeOf(pin) ?? Infinity))) {
    throw new DfsError('peer-misbehaved', 'A peer sent pins of extents that their contents do not have.');
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
