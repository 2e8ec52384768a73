import { minute, second, DfsError, type Log, pause } from '@dfs/runtime';
import { StatusSection } from '@dfs/peers';
import { drainingStatus, MAX_DRAINING } from '@dfs/protocol';
import { heldBy, type Amount, type LastCopyComponents, type Versions } from './last-copy.js';
import type { MemberList, PeerView } from '../ports.js';

/** Between two looks at what is left to move. */
const DRAIN_CHECK = 1 * second;
/** Nothing was moved for so long: the removal is given up. An extent over a slow line takes minutes. */
const DRAIN_PATIENCE = 10 * minute;
/** The same where only old versions are left, of each of which a copy stays. */
const DRAIN_OLD_PATIENCE = 10 * second;

/** Section of the status in which an owner says whom it empties. */
const SECTION = new StatusSection('draining', drainingStatus);

/** The parts by which an owner has a member emptied. */
export interface DrainsComponents extends LastCopyComponents {
  peers: Pick<PeerView, 'contribute' | 'onStatus' | 'onGone' | 'nudge'>;
  membership: MemberList;
  /** Others are to hold what these members hold. */
  onChanged: () => void;
  /** In place of DRAIN_OLD_PATIENCE. */
  oldPatienceMs?: number | undefined;
  log: Log;
}

/**
 * Empties a member before it is removed: says so to all, for whom it is no holder any more, so that they pull what it
 * holds, from it among others; and waits until they have.
 */
export class Drains {
  private readonly mine = new Set<string>();
  /** Those of them that were connected meanwhile: where one is away, it may come back. */
  private readonly seen = new Set<string>();
  /** The drains that connected members ask for, in effect if they are owners. */
  private readonly told = new Map<string, readonly string[]>();

  constructor(private readonly components: DrainsComponents) {}

  start(): void {
    const { peers, log } = this.components;
    SECTION.say(peers, () => [...this.mine].sort().slice(0, MAX_DRAINING));
    SECTION.hear(peers, log, (peerId, leaving) => this.hears(peerId, leaving));
    peers.onGone((peerId) => this.hears(peerId, []));
  }

  /** Members that are being emptied, by this node or another owner. */
  leaving(): ReadonlySet<string> {
    if (this.mine.size === 0 && this.told.size === 0) return this.mine;
    const { membership } = this.components;
    const owners = membership.members().filter(({ role }) => role === 'owner');
    return new Set([...this.mine, ...owners.flatMap(({ peerId }) => this.told.get(peerId) ?? [])]);
  }

  /** Resolves when the member is connected, or its grace is over. */
  async isBack(peerId: string, signal: AbortSignal): Promise<void> {
    for (; ; await pause(DRAIN_CHECK, signal)) {
      const { live, reachable } = this.components.network.now();
      if (reachable.has(peerId) || !live.has(peerId)) return;
    }
  }

  /**
   * Resolves when others have as many copies of what the member holds as they should have without it. Extents that it
   * alone holds are not waited for where it cannot be reached: from the begin, or since its grace is over. `onLeft` is told the
   * bytes of what is still to be moved.
   * @throws DfsError `no-space`, `timeout` when nothing moves any more; the member stays then
   */
  async empty(peerId: string, signal: AbortSignal, onLeft?: (bytes: number) => void): Promise<void> {
    const wasNew = !this.mine.has(peerId);
    this.mine.add(peerId);
    this.changed();
    try {
      let fewest = Infinity;
      for (let moved = performance.now(); ; await pause(DRAIN_CHECK, signal)) {
        if (this.components.network.now().reachable.has(peerId)) this.seen.add(peerId);
        const { count: left, bytes } = await this.left(peerId);
        onLeft?.(bytes);
        if (left === 0) return;
        if (left < fewest) moved = performance.now();
        fewest = Math.min(left, fewest);
        const idle = performance.now() - moved;
        if (await this.isEnough(peerId, idle)) return;
        this.refuseHopeless(peerId, left, idle);
      }
    } finally {
      if (wasNew) {
        this.mine.delete(peerId);
        this.seen.delete(peerId);
      }
      this.changed();
    }
  }

  /**
   * Members for whom the retention of an old version is over take it no more, and nobody else knows: where only such versions
   * are left, a copy that stays is enough after a while; whether one may go that has none is not for a drain to say.
   */
  private async isEnough(peerId: string, idle: number): Promise<boolean> {
    if (idle < (this.components.oldPatienceMs ?? DRAIN_OLD_PATIENCE) || (await this.left(peerId, 'contents')).count > 0)
      return false;
    return idle >= DRAIN_PATIENCE || (await this.left(peerId, 'everyContent', 1)).count === 0;
  }

  /** Contents of current files, or of all versions, of which others have fewer copies than so many, as far as they can. */
  private left(peerId: string, versions: Versions = 'everyContent', copies = Infinity): Promise<Amount> {
    const { live, willing, reachable, target } = this.components.network.now();
    const leaving = this.leaving();
    const stays = (other: string): boolean => live.has(other) && !leaving.has(other);
    const takers = [...willing].filter(stays);
    const mayGive = reachable.has(peerId) || (this.seen.has(peerId) && live.has(peerId));
    const isLeft = (others: readonly string[]): boolean => {
      const holders = others.filter(stays);
      if (others.length === 0 && !mayGive) return false;
      const able = new Set([...takers, ...holders]).size;
      return holders.length < Math.max(1, Math.min(target, able, copies));
    };
    return heldBy(this.components, peerId, isLeft, versions);
  }

  private refuseHopeless(peerId: string, left: number, idle: number): void {
    const { willing, live } = this.components.network.now();
    const leaving = this.leaving();
    const others = [...live].filter((other) => !leaving.has(other));
    const contents = `${left} file ${left === 1 ? 'content is' : 'contents are'}`;
    if (!others.some((other) => willing.has(other))) {
      throw new DfsError(
        'no-space',
        `${contents} to be moved, and no other member has room for more: make room, or add a member. The member stays.`,
        { facts: { left } },
      );
    }
    if (idle < DRAIN_PATIENCE) return;
    this.components.log.warn({ peer: peerId, left }, 'a member could not be emptied');
    throw new DfsError(
      'timeout',
      `${contents} still to be moved, and nothing has moved for a while: see that the members are connected and have room, and try again. The member stays.`,
      { facts: { left } },
    );
  }

  private hears(peerId: string, leaving: readonly string[]): void {
    const before = this.told.get(peerId) ?? [];
    if (before.join() === leaving.join()) return;
    if (leaving.length === 0) this.told.delete(peerId);
    else this.told.set(peerId, leaving);
    this.components.onChanged();
  }

  private changed(): void {
    this.components.onChanged();
    this.components.peers.nudge();
  }
}
