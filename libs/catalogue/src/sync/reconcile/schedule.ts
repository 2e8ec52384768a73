import { toHex } from '@dfs/protocol';
import { minute, Recurring, second, type Log, type Ran, type WorkStatus } from '@dfs/runtime';
import type { SetRoot } from '../../store/fingerprints.js';
import { sameRoot, type ExchangeOutcome } from './exchange.js';

const MAX_RETRY = minute;
/** News that a member keeps sending is waited for so long; then its set is compared all the same. */
const MAX_ARRIVAL = 10 * second;

/** The questions and acts of the schedule. `mine` is this node's set now; `run` compares it with that of a member. */
export interface SchedulePorts {
  /** Of the sets, as people are told of them. */
  name: string;
  log: Log;
  settleMs: number;
  retryMs: number;
  mine: () => SetRoot;
  /** Whether I have had this set: nothing to learn from it. */
  contains: (theirs: SetRoot) => boolean;
  isConnected: (peerId: string) => boolean;
  /** An exchange that the member opened is under way. */
  isAnswering: (peerId: string) => boolean;
  run: (peerId: string) => Promise<ExchangeOutcome>;
  /** The member is sending what is new in its set, without being asked. */
  isArriving: (peerId: string) => boolean;
}

interface Link {
  running: boolean;
  /** Asked for while one was under way. */
  again: boolean;
  failures: number;
  /** When it is run next, by the monotonic clock; Infinity while nothing waits. */
  dueAt: number;
  /** Whether it is still to be run by then. */
  still: () => boolean;
  /** Whether it is for what the member has, and not for what it lacks. */
  isForNews: () => boolean;
  /** Up to when what the member is sending is waited for; Infinity while nothing is. */
  patientUntil: number;
  /** The member's set, as it told it last. */
  theirs: SetRoot | undefined;
  /** My set and the member's at the end of an exchange that moved nothing: another would not either. */
  fruitless: string | undefined;
}

/**
 * When to compare sets with whom: one exchange at a time with each member, failures tried again ever more slowly. One piece of
 * work, which comes when the next exchange is due.
 */
export class SyncSchedule {
  private readonly links = new Map<string, Link>();
  private readonly beginning: Recurring;

  constructor(private readonly ports: SchedulePorts) {
    const { name, log } = ports;
    this.beginning = new Recurring(
      {
        name: `begin to compare the ${name} with members`,
        every: () => this.dueIn(),
        failed: `comparing the ${name} with a member could not begin`,
        severity: 'error',
        run: () => this.runDue(),
      },
      { log },
    ).start();
  }

  now(peerId: string): void {
    const link = this.link(peerId);
    link.failures = 0;
    link.fruitless = undefined;
    this.run(peerId, link);
  }

  /** The member is about to begin; if it has not said anything by then, I do. */
  soon(peerId: string): void {
    const link = this.link(peerId);
    this.runIn(peerId, link, this.ports.settleMs, () => link.theirs === undefined || this.isNews(link));
    link.isForNews = () => link.theirs !== undefined;
  }

  /** Something is known to be missing there. */
  later(peerId: string): void {
    const link = this.link(peerId);
    link.fruitless = undefined;
    this.runIn(peerId, link, this.ports.settleMs);
  }

  /** A member tells its set. If the set is news, pushed records get a moment to arrive first. */
  heard(peerId: string, theirs: SetRoot): void {
    const link = this.link(peerId);
    link.theirs = theirs;
    if (link.dueAt === Infinity && this.isNews(link)) this.runForNews(peerId, link, this.ports.settleMs);
  }

  /** An exchange that the member opened has ended. */
  finished(peerId: string, outcome: ExchangeOutcome): void {
    const link = this.link(peerId);
    link.again = false;
    this.conclude(peerId, link, outcome);
  }

  /** An exchange that the member opened has failed: it tries again, and I do if I waited for it. */
  broken(peerId: string): void {
    const link = this.links.get(peerId);
    if (link === undefined || !link.again || link.running) return;
    link.again = false;
    this.runIn(peerId, link, this.ports.retryMs);
  }

  isRunning(peerId: string): boolean {
    return this.links.get(peerId)?.running ?? false;
  }

  forget(peerId: string): void {
    this.links.delete(peerId);
  }

  /** Begins no more. */
  stop(): Promise<void> {
    this.links.clear();
    return this.beginning.stop();
  }

  /** Its recurring work in the background. */
  work(): WorkStatus {
    return this.beginning.status();
  }

  private link(peerId: string): Link {
    let link = this.links.get(peerId);
    if (link === undefined) {
      link = {
        ...{
          running: false,
          again: false,
          failures: 0,
          dueAt: Infinity,
          still: () => true,
          isForNews: () => false,
          patientUntil: Infinity,
        },
        ...{ theirs: undefined, fruitless: undefined },
      };
      this.links.set(peerId, link);
    }
    return link;
  }

  private isNews({ theirs, fruitless }: Link): boolean {
    if (theirs === undefined) return false;
    const mine = this.ports.mine();
    return !sameRoot(mine, theirs) && !this.ports.contains(theirs) && fruitless !== keyOf(mine, theirs);
  }

  private runIn(peerId: string, link: Link, delay: number, still: () => boolean = () => true): void {
    if (this.links.get(peerId) !== link) return;
    link.dueAt = performance.now() + delay;
    link.still = still;
    link.isForNews = () => false;
    this.beginning.soon(Math.max(1, delay));
  }

  private runForNews(peerId: string, link: Link, delay: number): void {
    this.runIn(peerId, link, delay, () => this.isNews(link));
    link.isForNews = () => true;
  }

  /** Milliseconds until the next is due; Infinity while none waits. */
  private dueIn(): number {
    const next = Math.min(Infinity, ...[...this.links.values()].map(({ dueAt }) => dueAt));
    return Math.max(0, next - performance.now());
  }

  private runDue(): Promise<Ran> {
    const now = performance.now();
    for (const [peerId, link] of this.links) {
      if (link.dueAt > now) continue;
      link.dueAt = Infinity;
      if (!link.still()) link.patientUntil = Infinity;
      else if (!this.waitsForNews(peerId, link, now)) this.run(peerId, link);
    }
    return Promise.resolve('idle');
  }

  /** A comparison meanwhile would bring the same records once more. @returns whether it is put off */
  private waitsForNews(peerId: string, link: Link, now: number): boolean {
    if (!link.isForNews() || !this.ports.isArriving(peerId)) return false;
    link.patientUntil = Math.min(link.patientUntil, now + MAX_ARRIVAL);
    if (now >= link.patientUntil) return false;
    this.runForNews(peerId, link, this.ports.settleMs);
    return true;
  }

  private run(peerId: string, link: Link): void {
    if (!this.beginning.isOn || this.links.get(peerId) !== link || !this.ports.isConnected(peerId)) return;
    if (link.running || this.ports.isAnswering(peerId)) {
      link.again = true;
      return;
    }
    link.dueAt = Infinity;
    link.patientUntil = Infinity;
    link.running = true;
    link.again = false;
    void this.ports.run(peerId).then(
      (outcome) => this.succeeded(peerId, link, outcome),
      () => this.failed(peerId, link),
    );
  }

  private succeeded(peerId: string, link: Link, outcome: ExchangeOutcome): void {
    link.running = false;
    link.failures = 0;
    this.conclude(peerId, link, outcome);
    if (link.again) this.run(peerId, link);
  }

  private failed(peerId: string, link: Link): void {
    link.running = false;
    const delay = Math.min(MAX_RETRY, this.ports.retryMs * 2 ** Math.min(link.failures++, 10));
    this.runIn(peerId, link, delay);
  }

  /** Sets that still differ changed meanwhile, and are compared again; unless that has just proved to be of no use. */
  private conclude(peerId: string, link: Link, { result, theirs, received, sent, rest }: ExchangeOutcome): void {
    if (theirs !== undefined) link.theirs = theirs;
    if (theirs === undefined || result === 'same') return;
    if (result === 'done' && received + sent === 0 && !rest) link.fruitless = keyOf(this.ports.mine(), theirs);
    const delay = result === 'busy' ? this.ports.retryMs : this.ports.settleMs;
    if (link.dueAt === Infinity && this.isNews(link)) this.runForNews(peerId, link, delay);
  }
}

function keyOf(mine: SetRoot, theirs: SetRoot): string {
  return `${toHex(mine.print)} ${toHex(theirs.print)}`;
}
