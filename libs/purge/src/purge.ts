import type { Bound, Concluded, RetentionRule } from '@dfs/catalogue';
import type { PurgeInfo } from '@dfs/contracts';
import type { Database, Tx } from '@dfs/database';
import type { Peers } from '@dfs/peers';
import type { Cid, Signer } from '@dfs/protocol';
import {
  minute,
  hour,
  Recurring,
  second,
  type Clock,
  type Log,
  type Ran,
  type Unsubscribe,
  type WorkStatus,
} from '@dfs/runtime';
import type { Transport } from '@dfs/transport';
import { ReceiptStore } from './receipt-store.js';
import { Receipts } from './receipts.js';

/** Deleted paths, and contents, that are concluded in one unit of work. */
const PURGE_PATHS = 200;
const PURGE_CONTENTS = 1000;
/** A run follows on another after a tenth of the retention, at these bounds; one that had to wait is tried again sooner. */
const PURGE_SOONEST = 1 * second;
const PURGE_LATEST = 1 * hour;
const PURGE_AGAIN = 1 * minute;
/** How often the time that this node has run is stored: a crash takes away so much of it. */
const KEEP_TIME = 1 * minute;
/** Every live member's records must have been compared with this node's within this time. */
const RECENT_SYNC = 10 * minute;
/** Members that are named as not having purged something. */
const MAX_WAITING_FOR = 32;

/** The catalogue's answer to which contents are needed. */
export interface ContentRetention {
  deletedDue(
    rule: RetentionRule,
    after: string | null,
    limit: number,
  ): Promise<{ files: number[]; next: string | null }>;
  conclude(tx: Tx, rule: RetentionRule, files: readonly number[], bound?: Bound): Promise<Concluded>;
  contentsDue(rule: RetentionRule, after: Cid | null, limit: number): Promise<{ contents: Cid[]; next: Cid | null }>;
  free(tx: Tx, rule: RetentionRule, contents: readonly Cid[], bound?: Bound): Promise<Cid[]>;
  isBlocked(): Promise<boolean>;
  /** A deletion has ended its retention itself, and nothing was concluded of it. */
  isEnded(): Promise<boolean>;
  readonly time: { store(): Promise<void> };
}

/**
 * The parts that purging works with. It decides by `retention`, frees through `release`, and tells members by
 * `peers`.
 */
export interface PurgeComponents {
  db: Database;
  retention: ContentRetention;
  /** Promises these contents no longer. */
  release: (tx: Tx, contents: readonly Cid[]) => Promise<void>;
  /** Which of these contents this node has promised others to keep for now: they may need them, and have not said so yet. */
  promised: Bound;
  /** Something was deleted, here or elsewhere. */
  onDeleted: (listener: () => void) => Unsubscribe;
  /** Whether this node and the member had the same records within the last so many milliseconds. */
  comparedWithin: (peerId: string, ms: number) => boolean;
  peers: Pick<Peers, 'contribute' | 'onStatus' | 'nudge' | 'inGrace' | 'nameOf' | 'onNetworkChanged'> & {
    lastSeen(peerId: string): number | undefined;
  };
  membership: {
    readonly networkId: string;
    readonly isRemoved: boolean;
    settings(): { retentionMs: number; retainedVersions: number };
    self(): { peerId: string };
    members(): readonly { peerId: string }[];
    isMember(peerId: string): boolean;
    onChange(fn: () => void): Unsubscribe;
  };
  transport: Pick<Transport, 'open' | 'handle'>;
  signer: Signer;
  clock: Clock;
  log: Log;
}

/** The result of a run. */
export interface Purged {
  /** Deletions that were purged, of which content was kept, and contents that were let go of. */
  purged: number;
  kept: number;
  contents: number;
  /** Why it did not begin, or did not go on, in words for a person. */
  waits?: string;
}

/**
 * Lets go of content whose retention is over and that nothing needs, and signs a receipt for it; and knows from the receipts
 * of others how far each deletion is purged. A run waits until this node has lately had the same records as every live
 * member. Bytes stay for a while as cache; reclaiming frees them.
 */
export class Purge {
  private running: Promise<Purged> | undefined;
  private readonly purging: Recurring;
  private readonly looking: Recurring;
  private readonly keeping: Recurring;
  private unsubscribe: Unsubscribe | undefined;
  /** The pause between runs when the next one was planned: another retention, another plan. */
  private planned: number | undefined;
  /** The last run could not do all that it should have. */
  private isToTryAgain = true;
  /** The reason for waiting that was logged last. */
  private told: string | undefined;

  private constructor(
    private readonly components: PurgeComponents,
    private readonly store: ReceiptStore,
    private readonly receipts: Receipts,
  ) {
    const { log, retention } = components;
    this.purging = new Recurring(
      {
        name: 'purge what is past retention',
        every: () => {
          this.planned = this.pause();
          return this.isToTryAgain ? Math.min(this.planned, PURGE_AGAIN) : this.planned;
        },
        gather: PURGE_SOONEST,
        failed: 'what is past retention could not be purged',
        severity: 'error',
        run: () => this.runAndTell(),
      },
      { log },
    );
    // Deletions come in bursts, and few end their retention themselves.
    this.looking = new Recurring(
      {
        name: 'look for retentions that were ended',
        every: Infinity,
        gather: PURGE_SOONEST,
        failed: 'it was not found whether a retention has ended',
        run: async () => {
          if (await retention.isEnded()) this.soon();
          return 'idle';
        },
      },
      { log },
    );
    this.keeping = new Recurring(
      {
        name: 'store how long this node has run',
        every: KEEP_TIME,
        failed: 'the running time could not be stored',
        run: async () => {
          await retention.time.store();
          return 'idle';
        },
      },
      { log },
    );
  }

  /** Reads which receipts there are, and answers peers from now on. */
  static async open(components: PurgeComponents): Promise<Purge> {
    const store = await ReceiptStore.open(components.db);
    const receipts = new Receipts({ ...components, store });
    const { peers } = components;
    peers.onNetworkChanged(async (tx, from, to) => {
      if (from !== to) await receipts.clear(tx);
    });
    return new Purge(components, store, receipts);
  }

  /** Runs now and then from now on. */
  start(): void {
    this.purging.start();
    this.looking.start();
    this.keeping.start();
    const { membership, onDeleted } = this.components;
    const replan = (): void => {
      if (this.planned !== this.pause()) this.purging.reschedule(Math.min(this.pause(), PURGE_AGAIN));
      this.planned = this.pause();
    };
    const subscriptions = [membership.onChange(replan), onDeleted(() => this.looking.soon())];
    this.unsubscribe = () => subscriptions.forEach((unsubscribe) => unsubscribe());
  }

  async stop(): Promise<void> {
    this.unsubscribe?.();
    this.receipts.stop();
    await Promise.all([this.purging.stop(), this.looking.stop(), this.keeping.stop()]);
    await this.running?.catch(() => undefined);
  }

  /** Somebody has ended a retention: a run follows on what is under way, and on what comes within a moment. */
  soon(): void {
    this.purging.soon();
  }

  /** Its recurring work in the background. */
  work(): WorkStatus[] {
    return [this.purging, this.looking, this.keeping].map((work) => work.status());
  }

  /** Purges what is due. One run at a time. */
  run(): Promise<Purged> {
    this.running ??= this.runNow().finally(() => (this.running = undefined));
    return this.running;
  }

  /** How far the members have purged these deletions, by record id. */
  async progress(deletions: readonly string[]): Promise<Map<string, PurgeInfo>> {
    const statements = await this.store.statements(deletions);
    const members = this.components.membership.members().map(({ peerId }) => peerId);
    const { peers } = this.components;
    const self = this.components.membership.self().peerId;
    const seen = new Map(members.map((peerId) => [peerId, peerId === self ? Infinity : (peers.lastSeen(peerId) ?? 0)]));
    const bySight = [...members].sort((a, b) => seen.get(a)! - seen.get(b)!);
    const progress = new Map<string, PurgeInfo>();
    for (const [deletion, said] of statements) {
      const kept = members.filter((peerId) => said.get(peerId)?.kept === true).length;
      const purged = members.filter((peerId) => said.get(peerId)?.kept === false).length;
      const waitingFor = bySight
        .filter((peerId) => !said.has(peerId))
        .slice(0, MAX_WAITING_FOR)
        .map((peerId) => ({ peerId, name: peers.nameOf(peerId) ?? '', lastSeenAt: timestamp(seen.get(peerId)!) }));
      progress.set(deletion, { purged, kept, members: members.length, waitingFor });
    }
    return progress;
  }

  private async runNow(): Promise<Purged> {
    const sum: Purged = { purged: 0, kept: 0, contents: 0 };
    const isOver = async (): Promise<boolean> => (sum.waits = await this.obstacle()) !== undefined;
    if (await isOver()) return sum;
    for (let after: string | null = null; ;) {
      const { files, next } = await this.components.retention.deletedDue(this.rule(), after, PURGE_PATHS);
      if (files.length > 0 && !(await isOver())) add(sum, await this.conclude(files));
      if (next === null || sum.waits !== undefined) break;
      after = next;
    }
    for (let after: Cid | null = null; sum.waits === undefined;) {
      const { contents, next } = await this.components.retention.contentsDue(this.rule(), after, PURGE_CONTENTS);
      if (contents.length > 0 && !(await isOver())) sum.contents += await this.free(contents);
      if (next === null) break;
      after = next;
    }
    if (sum.waits === undefined) delete sum.waits;
    return sum;
  }

  private conclude(files: readonly number[]): Promise<Concluded> {
    const { db, retention, release, promised } = this.components;
    return db.write(async (tx) => {
      const concluded = await retention.conclude(tx, this.rule(), files, promised);
      await release(tx, concluded.freed);
      await this.receipts.write(tx, concluded.purged, concluded.kept);
      return concluded;
    });
  }

  private free(contents: readonly Cid[]): Promise<number> {
    const { db, retention, release, promised } = this.components;
    return db.write(async (tx) => {
      const freed = await retention.free(tx, this.rule(), contents, promised);
      await release(tx, freed);
      return freed.length;
    });
  }

  private rule(): RetentionRule {
    const { retentionMs, retainedVersions } = this.components.membership.settings();
    return { retentionMs, versions: retainedVersions };
  }

  /** Why nothing may be purged now. */
  private async obstacle(): Promise<string | undefined> {
    const { membership, peers, retention } = this.components;
    if (this.purging.signal.aborted) return 'The node is shutting down.';
    if (membership.isRemoved) return 'This node was removed from its network.';
    if (await retention.isBlocked()) {
      return 'There are changes by a later version of DFS, and it is not known here what they need: install that version.';
    }
    const self = membership.self().peerId;
    const others = membership.members().filter(({ peerId }) => peerId !== self);
    const live = others.filter(({ peerId }) => peers.inGrace(peerId));
    if (others.length > 0 && live.length === 0) return 'No other member is there.';
    const behind = live
      .filter(({ peerId }) => !this.isInStep(peerId))
      .map(({ peerId }) => peers.nameOf(peerId) ?? peerId);
    if (behind.length === 0) return undefined;
    return `The catalogue was not compared lately with that of ${behind.slice(0, 3).join(', ')}${behind.length > 3 ? ', …' : ''}.`;
  }

  private isInStep(peerId: string): boolean {
    return this.components.comparedWithin(peerId, RECENT_SYNC) && this.receipts.isInStep(peerId);
  }

  private pause(): number {
    return Math.min(PURGE_LATEST, Math.max(PURGE_SOONEST, this.rule().retentionMs / 10));
  }

  private async runAndTell(): Promise<Ran> {
    const { log } = this.components;
    this.isToTryAgain = true;
    const { waits, ...sum } = await this.run();
    if (sum.purged + sum.kept + sum.contents > 0) log.info(sum, 'content whose retention is over was let go of');
    if (waits !== this.told) log.info({ waits }, waits === undefined ? 'purging waits no longer' : 'purging waits');
    this.told = waits;
    this.isToTryAgain = waits !== undefined;
    return 'idle';
  }
}

function add(sum: Purged, { purged, kept, freed }: Concluded): void {
  sum.purged += purged.length;
  sum.kept += kept.length;
  sum.contents += freed.length;
}

/** Null for never, and for this node. */
function timestamp(time: number): string | null {
  return time > 0 && time < Infinity ? new Date(time).toISOString() : null;
}
