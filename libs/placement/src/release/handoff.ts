import { slices, type Database, type Tx } from '@dfs/database';
import { hour, type Log, pause, Recurring, type Ran, type WorkStatus } from '@dfs/runtime';
import type { Opener } from '@dfs/transfer';
import { extentKey } from '../plan/extents.js';
import type { Wishes } from '../keep/wishes.js';
import type { MemberPins } from '../pins/member-pins.js';
import { LET_GO_BATCH, LIVENESS_CHECK, PROMISE_USE, SCAN_DELAY, SCAN_PAGE } from '../limits.js';
import type { MembersNow, Snapshot } from '../plan/members-now.js';
import type { Providers } from '../ports.js';
import type { PinLog, PinnedExtent } from '../pins/pin-log.js';
import { gatherPromises, type Promises } from '../pins/promises.js';

/** A look over all pins is followed by a rest of so many times its duration, and of the grace at least. */
const LET_GO_REST = 10;
/** While nobody promises anything, rests get longer up to this. */
const LET_GO_LONGEST_REST = 1 * hour;

/** The parts by which this node releases extents beyond its share. */
export interface HandoffComponents {
  db: Database;
  pins: PinLog;
  promises: Promises;
  holdings: Pick<MemberPins, 'holders' | 'onLearned'>;
  network: Pick<MembersNow, 'now'>;
  transport: Opener;
  /** Left out where the DHT is off. */
  dht?: Pick<Providers, 'withdraw'>;
  wishes: Pick<Wishes, 'among'>;
  /** In milliseconds: for so long the members must have been the same. */
  graceMs: () => number;
  log: Log;
}

/** An extent that this node holds though placement does not give it to it, and to whom it does. */
interface Surplus {
  readonly pin: PinnedExtent;
  readonly keepers: readonly string[];
}

/** Sums of letting go since this process began, in extents. */
export interface HandoffStatus {
  /** Looks over all pins that are finished. */
  readonly runs: number;
  readonly letGo: number;
  /** Kept since not everybody who should have promised them did. */
  readonly refused: number;
}

/**
 * Lets go of what this node holds beyond its share, in two steps, each durable: it stops promising, then gathers promises of
 * all the members that should hold the extent; one refusal means that it promises again. Only then is it cache.
 *
 * Why that loses nothing, whoever else lets go at the same time: a member promises only what it pins, and keeps pinning it
 * until that has run out; one that has stopped promising refuses. So whenever bytes become cache there are as many
 * others as copies are wanted who have them and are bound to keep them. Until then they are not cache, whatever happens:
 * what was left between the steps by a process that died is promised again.
 */
export class Handoff {
  private readonly looking: Recurring;
  /** Extents that the process before this one was about to let go of are promised again. */
  private isRecovered = false;
  private figures: HandoffStatus = { runs: 0, letGo: 0, refused: 0 };
  /** Pins, holders or members have changed since the last look. */
  private dirty = true;
  private members = '';
  /** By performance.now(): when the members were last others than now, and when the last look ended. */
  private settlingSince = performance.now();
  private endedAt = -Infinity;
  private took = 0;
  private restMs = 0;

  constructor(private readonly components: HandoffComponents) {
    this.looking = new Recurring(
      {
        name: 'hand on what is beyond the share of this node',
        every: LIVENESS_CHECK,
        failed: 'letting go has failed',
        run: () => this.runIfDue(),
      },
      { log: components.log },
    );
  }

  start(): void {
    const { pins, holdings } = this.components;
    pins.onEntries(() => (this.dirty = true));
    holdings.onLearned(() => (this.dirty = true));
    this.members = membersOf(this.components.network.now());
    this.settlingSince = performance.now();
    this.looking.start(0);
  }

  /** Ends between two steps, too: what is not cache yet stays. */
  stop(): Promise<void> {
    return this.looking.stop();
  }

  /** Its recurring work in the background. */
  work(): WorkStatus {
    return this.looking.status();
  }

  status(): HandoffStatus {
    return this.figures;
  }

  /**
   * Looks all pins over, and lets go of what is to go. @returns how many extents became cache
   * @throws DfsError `shutting-down`
   */
  async run(): Promise<number> {
    const { pins, promises } = this.components;
    const before = this.figures.letGo;
    this.dirty = false;
    await this.recover();
    await promises.sweep();
    const members = membersOf(this.components.network.now());
    let batch: Surplus[] = [];
    for (let after: PinnedExtent | null = null; ;) {
      const page: PinnedExtent[] = await pins.walk(after, SCAN_PAGE, ['promised']);
      batch.push(...(await this.surplus(page)));
      const isLast = page.length < SCAN_PAGE;
      for (; batch.length >= LET_GO_BATCH || (isLast && batch.length > 0); batch = batch.slice(LET_GO_BATCH)) {
        this.looking.signal.throwIfAborted();
        await this.letGo(batch.slice(0, LET_GO_BATCH), members);
      }
      if (isLast || !this.isSettled(members)) break;
      after = page.at(-1)!;
      await pause(SCAN_DELAY, this.looking.signal);
    }
    this.figures = { ...this.figures, runs: this.figures.runs + 1 };
    return this.figures.letGo - before;
  }

  /** Lets go of these without waiting for the next look, as far as enough others hold them: a person has asked for it. */
  async letGoOf(extents: readonly PinnedExtent[]): Promise<void> {
    const members = membersOf(this.components.network.now());
    const surplus = await this.surplus(extents);
    for (const batch of slices(surplus, LET_GO_BATCH)) {
      this.looking.signal.throwIfAborted();
      await this.letGo(batch, members);
    }
    // The others go once enough members hold them.
    if (surplus.length < extents.length) this.dirty = true;
  }

  private async runIfDue(): Promise<Ran> {
    try {
      // Whether or not the members settle.
      if (!this.isRecovered) await this.recover();
      else await this.lookIfDue();
      this.isRecovered = true;
    } catch (error) {
      this.endedAt = performance.now();
      this.dirty = true;
      throw error;
    }
    return 'idle';
  }

  private async lookIfDue(): Promise<void> {
    const now = performance.now();
    const members = membersOf(this.components.network.now());
    if (members !== this.members) {
      this.members = members;
      this.settlingSince = now;
      this.dirty = true;
    }
    const graceMs = this.components.graceMs();
    const rest = Math.max(graceMs, this.restMs, this.took * LET_GO_REST);
    if (!this.dirty || now - this.settlingSince < graceMs || now - this.endedAt < rest) return;
    const refused = this.figures.refused;
    const letGo = await this.run();
    this.took = performance.now() - now;
    this.endedAt = performance.now();
    const isVain = letGo === 0 && this.figures.refused > refused;
    this.restMs = isVain ? Math.min(2 * Math.max(this.restMs, graceMs), LET_GO_LONGEST_REST) : 0;
  }

  /** Promises again what was left between the two steps. */
  private async recover(): Promise<void> {
    const { db, pins } = this.components;
    for (;;) {
      const left = await pins.walk(null, SCAN_PAGE, ['releasing']);
      if (left.length === 0) return;
      await db.write((tx) => pins.restore(tx, left));
    }
  }

  /** Of these the ones that enough others hold, all of whom answer now. */
  private async surplus(page: readonly PinnedExtent[]): Promise<Surplus[]> {
    const contents = [...new Set(page.map(({ content }) => content))];
    const holders = await this.components.holdings.holders(contents);
    const wished = await this.components.wishes.among(contents);
    const now = this.components.network.now();
    const { self, target, live, leaving, reachable } = now;
    // A member that is being drained needs takers, not others that let go.
    if (leaving.size > 0) return [];
    return page.flatMap((pin) => {
      if (wished.has(pin.content)) return [];
      const held = (holders.get(pin.content)?.get(pin.extent) ?? []).filter((peerId) => live.has(peerId));
      if (held.filter((peerId) => peerId !== self).length < target) return [];
      const keepers = now.placed(pin.content, pin.extent, held);
      const isSure = (peerId: string): boolean => peerId !== self && held.includes(peerId);
      if (keepers.length < target || !keepers.every(isSure)) return [];
      if (keepers.every((peerId) => reachable.has(peerId))) return [{ pin, keepers }];
      // Nobody says so when those that are away are back.
      this.dirty = true;
      return [];
    });
  }

  private async letGo(batch: readonly Surplus[], members: string): Promise<void> {
    const { db, pins, promises } = this.components;
    const began = performance.now();
    const released = await db.write(async (tx) => {
      const free = await promises.free(
        tx,
        batch.map(({ pin }) => pin),
      );
      // Those that are promised to others are looked at again once that has run out.
      if (free.length < batch.length) this.dirty = true;
      return pins.release(tx, free);
    });
    const keys = new Set(released.map(keyOfPin));
    const going = batch.filter(({ pin }) => keys.has(keyOfPin(pin)));
    const asked = going.map(({ pin, keepers }) => ({ pin, members: keepers }));
    const promised = await gatherPromises(this.components, asked, this.looking.signal);
    this.looking.signal.throwIfAborted();
    const isGood = performance.now() - began < PROMISE_USE && this.isSettled(members);
    const isSure = ({ pin, keepers }: Surplus): boolean =>
      isGood && keepers.every((peerId) => promised.get(peerId)?.has(keyOfPin(pin)));
    const sure = going.filter(isSure).map(({ pin }) => pin);
    const others = going.filter((one) => !isSure(one)).map(({ pin }) => pin);
    const gone = await db.write(async (tx) => {
      await pins.restore(tx, others);
      const letGo = await pins.letGo(tx, sure);
      await this.withdraw(tx, letGo);
      return letGo;
    });
    const { letGo, refused } = this.figures;
    this.figures = { ...this.figures, letGo: letGo + gone.length, refused: refused + others.length };
  }

  /** Contents of which nothing is held here any more are provided no more. */
  private async withdraw(tx: Tx, letGo: readonly PinnedExtent[]): Promise<void> {
    const contents = [...new Set(letGo.map(({ content }) => content))];
    const still = await this.components.pins.of(contents, ['promised'], tx);
    const held = new Set(still.map(({ content }) => content));
    const gone = contents.filter((content) => !held.has(content));
    if (gone.length > 0) await this.components.dht?.withdraw(gone, tx);
  }

  private isSettled(members: string): boolean {
    const now = this.components.network.now();
    return now.leaving.size === 0 && membersOf(now) === members;
  }
}

function keyOfPin({ content, extent }: PinnedExtent): string {
  return extentKey(content, extent);
}

/** The members that count, take more and stay: while they change, nothing is let go. */
function membersOf({ live, willing, leaving, target }: Snapshot): string {
  const sorted = [live, willing, leaving].map((peerIds) => [...peerIds].sort().join());
  return [...sorted, target].join(' ');
}
