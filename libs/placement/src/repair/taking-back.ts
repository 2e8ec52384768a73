import { type Log, stopping } from '@dfs/runtime';
import { forsaken, type ForsakenComponents } from './forsaken.js';
import { SCAN_PAGE, SCAN_REST, SETTLE_TIME } from '../limits.js';
import { pinThose, type PinAgainComponents } from './repin.js';
import type { PinnedExtent } from '../pins/pin-log.js';

/** The parts by which released extents are promised again. */
export interface TakingBackComponents extends ForsakenComponents, Omit<PinAgainComponents, 'pins' | 'purged'> {
  log: Log;
}

/**
 * Promises again what this node has let go of and still has whole, once fewer members than should promise it: whoever is to
 * hold it then knows where it is, and nobody takes this node out of the network as if it had nothing. Placement need not
 * give it to this node: what is too much goes again once others have it.
 */
export class TakingBack {
  private readonly control = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private again = false;
  /** Milliseconds the last look took. */
  private took = 0;

  constructor(private readonly components: TakingBackComponents) {}

  /** Others count now than did. */
  soon(): void {
    if (this.control.signal.aborted) return;
    this.again ||= this.running !== undefined;
    if (this.running) return;
    this.timer ??= setTimeout(
      () => {
        this.timer = undefined;
        this.running = this.look().finally(() => this.ended());
      },
      Math.max(SETTLE_TIME, SCAN_REST * this.took),
    ).unref();
  }

  async stop(): Promise<void> {
    this.control.abort(stopping());
    clearTimeout(this.timer);
    await this.running;
  }

  private ended(): void {
    this.running = undefined;
    if (this.again) this.soon();
    this.again = false;
  }

  private async look(): Promise<void> {
    const { log } = this.components;
    const began = performance.now();
    let extents = 0;
    try {
      let page: PinnedExtent[] = [];
      for await (const extent of forsaken(this.components)) {
        this.control.signal.throwIfAborted();
        page.push(extent);
        if (page.length < SCAN_PAGE) continue;
        extents += await pinThose(this.components, page, this.control.signal);
        page = [];
      }
      extents += await pinThose(this.components, page, this.control.signal);
    } catch (error) {
      if (!this.control.signal.aborted) log.warn({ err: error }, 'what others have lost could not be promised again');
    }
    this.took = performance.now() - began;
    if (extents > 0) log.info({ extents }, 'extents that too few others have are promised again');
  }
}
