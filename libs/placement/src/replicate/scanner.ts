import type { Cid } from '@dfs/protocol';
import { minute, pause, Recurring, second, SettleTimer, type Log, type Ran, type WorkStatus } from '@dfs/runtime';
import { DEEP_SEARCHES, MAX_WANTS, SCAN_DELAY, SCAN_STEP } from '../limits.js';
import type { ContentRef, Contents } from '../ports.js';
import type { Headroom } from './headroom.js';
import { ScanPace } from './scan-pace.js';
import { survey, type Lacking, type SurveyComponents } from './find-wants.js';
import type { WantedExtent } from './want-queue.js';

/** Members that come and go without end do not put a scan off for longer. */
const SETTLE_AT_MOST = 10 * second;
/** Retry of what could not be got. */
const RETRY_FIRST = 1 * second;
const RETRY_LAST = 5 * minute;
/**
 * For so long after one has come or gone, what has copies enough, and belongs elsewhere now, stays where it is: of those that
 * come back, each is taken for one that is missing until it is here.
 */
const CALM_TIME = 15 * second;
const CALM_AT_MOST = 2 * minute;

/** The catalogue that is scanned, and the rules by which wants follow from it. */
export interface ScannerComponents extends SurveyComponents {
  catalogue: Pick<Contents, 'contents' | 'everyContent' | 'purged'>;
  /** Milliseconds after which what has copies enough is moved once members came or went. */
  calmMs?: number | undefined;
  /** While room is short, past versions are not pulled. */
  room: Pick<Headroom, 'isShort'>;
  log: Log;
}

/** Calls by which a scan hands on its wants, and is held up. */
export interface ScannerOptions {
  signal: AbortSignal;
  /** Wants that wait to be fetched, and cannot wait for the repair budget. */
  pressing: () => number;
  /** These are lacking. */
  found: (wants: readonly WantedExtent[]) => void;
  /** There are more of the last page. */
  more: () => void;
}

/**
 * Looks over the whole catalogue for what this node should hold and lacks: when it is told to, and ever more seldom while
 * something could not be got. A scan goes no faster than what it finds is fetched.
 */
export class Scanner {
  private readonly scanning: Recurring;
  // Times of performance.now(); Infinity for never.
  /** It was told to look. */
  private wantedAt = Infinity;
  /** Wants that failed are tried again then. */
  private retryAt = Infinity;
  /** Extents that belong elsewhere now are moved then. */
  private calmAt = Infinity;
  private retryAfter = RETRY_FIRST;
  private readonly pace = new ScanPace();
  private readonly settling = new SettleTimer(SETTLE_AT_MOST);
  private readonly calming = new SettleTimer(CALM_AT_MOST);

  constructor(
    private readonly components: ScannerComponents,
    private readonly options: ScannerOptions,
  ) {
    this.scanning = new Recurring(
      {
        name: 'look for what this node lacks',
        every: () => this.dueIn,
        failed: 'the catalogue could not be scanned',
        severity: 'error',
        run: () => this.scan(),
      },
      { log: components.log },
    );
  }

  start(): void {
    this.scanning.start(Infinity);
    this.rescan();
  }

  /** Ends once the signal has aborted. */
  stop(): Promise<void> {
    return this.scanning.stop();
  }

  /** Its recurring work in the background. */
  work(): WorkStatus {
    return this.scanning.status();
  }

  /** Something could not be got, and waits to be tried again. */
  get isToRetry(): boolean {
    return this.retryAt !== Infinity;
  }

  /** Members, holders or room changed: what should be here may be another now, or may be had now. */
  rescan(): void {
    this.gotOn();
    this.wantedAt = Math.min(this.wantedAt, performance.now() + Math.max(SCAN_DELAY, this.pace.rest));
    this.plan();
  }

  /** Others count now than did: what should be here is looked for once that has been so for a while. */
  letSettle(milliseconds: number): void {
    this.settling.extend(milliseconds);
    this.calming.extend(this.components.calmMs ?? CALM_TIME);
    this.rescan();
  }

  /** Wants that could not be met are tried again, ever more seldom … */
  retryLater(): void {
    if (this.isToRetry || this.wantedAt !== Infinity || this.options.signal.aborted) return;
    this.retryAt = performance.now() + this.retryAfter;
    this.retryAfter = Math.min(this.retryAfter * 2, RETRY_LAST);
    this.plan();
  }

  /** … until something is got. */
  gotOn(): void {
    this.retryAfter = RETRY_FIRST;
  }

  /** Looks at once over a page of contents that no path shows, as a scan of the old versions does. */
  async lookOver(refs: readonly ContentRef[]): Promise<void> {
    const heldBy = this.holdersOfPast();
    if (!heldBy) return;
    const purged = await this.components.catalogue.purged(refs.map(({ contentId }) => contentId));
    const kept = refs.filter(({ contentId }) => !purged.has(contentId));
    const found = await survey(this.components, kept, { signal: this.options.signal, heldBy });
    this.options.found(this.dueOf(found.wants));
    if (found.more || found.looked < kept.length) this.options.more();
    if (found.unsourced.length > 0) this.retryLater();
    this.plan();
  }

  /** Milliseconds until a scan begins anew, from its start where one is under way. */
  private get dueIn(): number {
    const next = Math.min(this.wantedAt, this.retryAt, this.calmAt);
    return Math.max(next - performance.now(), this.settling.left);
  }

  /** A scan under way sees by itself when it is to begin anew. */
  private plan(): void {
    if (!this.scanning.isOn || this.scanning.status().state === 'running') return;
    this.scanning.reschedule(this.dueIn);
  }

  private async scan(): Promise<Ran> {
    if (this.calmAt <= performance.now()) {
      this.calmAt = Infinity;
      this.gotOn();
    }
    this.wantedAt = Infinity;
    this.retryAt = Infinity;
    this.pace.begin();
    try {
      await this.scanOnce();
    } catch (error) {
      this.retryLater();
      throw error;
    }
    this.pace.end();
    return 'idle';
  }

  private async scanOnce(): Promise<void> {
    const { catalogue } = this.components;
    await this.scanPages((after) => catalogue.contents(after, SCAN_STEP));
    const heldBy = this.holdersOfPast();
    if (this.dueIn <= 0 || !heldBy) return;
    await this.scanPages((after) => catalogue.everyContent(after, SCAN_STEP), heldBy);
  }

  /**
   * Of old versions a node pulls what these members have: what nobody promises any more is most likely past retention there.
   * Undefined while it pulls none: they would give way again; what a member that leaves has is taken all the same.
   */
  private holdersOfPast(): ReadonlySet<string> | undefined {
    const { live, leaving } = this.components.network.now();
    return this.components.room.isShort() && leaving.size === 0 ? undefined : new Set([...live, ...leaving]);
  }

  private async scanPages(
    next: (after: Cid | null) => Promise<ContentRef[]>,
    heldBy?: ReadonlySet<string>,
  ): Promise<void> {
    const { signal } = this.options;
    const unsourced: WantedExtent[] = [];
    let some = false;
    for (let after: Cid | null = null; ;) {
      await this.waitForQueue();
      const step = await this.pace.step(() => this.look(() => next(after), heldBy));
      if (!step) break;
      const { page, found } = step;
      some ||= found.unsourced.length > 0;
      unsourced.push(...found.unsourced.slice(0, DEEP_SEARCHES - unsourced.length));
      this.options.found(this.dueOf(found.wants));
      if (found.more) this.options.more();
      after = page[found.looked - 1]!.contentId;
      if (this.dueIn <= 0) break;
      // Half of the time is for others, who wait for something.
      if (found.wants.length === 0) await pause(this.pace.pause, signal);
    }
    // A few of those that nobody is known to hold are searched for by every means there is.
    this.options.found(unsourced);
    if (some) this.retryLater();
  }

  /** Those that are to be fetched now, and whether each can wait. */
  private dueOf(wants: readonly WantedExtent[]): readonly WantedExtent[] {
    const { leaving } = this.components.network.now();
    // Somebody waits for a member to be emptied.
    const isLeaving = (peerId: string): boolean => leaving.has(peerId);
    for (const want of wants) {
      want.canWait = want.copies > 1 && !want.isWished && !want.holders.some(isLeaving);
    }
    const { left } = this.calming;
    if (left <= 0) return wants;
    const due = wants.filter(({ isSafe }) => !isSafe);
    if (due.length < wants.length) {
      this.calmAt = Math.min(this.calmAt, performance.now() + left);
    }
    return due;
  }

  /** One step of a scan; undefined where there is no more. */
  private async look(
    next: () => Promise<ContentRef[]>,
    heldBy?: ReadonlySet<string>,
  ): Promise<{ page: ContentRef[]; found: Lacking } | undefined> {
    const page = await next();
    return page.length === 0
      ? undefined
      : { page, found: await survey(this.components, page, { signal: this.options.signal, heldBy }) };
  }

  private async waitForQueue(): Promise<void> {
    const { signal, pressing } = this.options;
    signal.throwIfAborted();
    while (pressing() > MAX_WANTS / 2) await pause(SCAN_DELAY, signal);
  }
}
