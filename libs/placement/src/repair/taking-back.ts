import { Recurring, type Log, type Ran, type WorkStatus } from '@dfs/runtime';
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
  private readonly looking: Recurring;

  constructor(private readonly components: TakingBackComponents) {
    this.looking = new Recurring(
      {
        name: 'promise again what others have lost',
        every: Infinity,
        gather: () => Math.max(SETTLE_TIME, SCAN_REST * (this.work().tookMs ?? 0)),
        failed: 'what others have lost could not be promised again',
        run: (signal) => this.look(signal),
      },
      { log: components.log },
    ).start();
  }

  /** Others count now than did. */
  soon(): void {
    this.looking.soon();
  }

  stop(): Promise<void> {
    return this.looking.stop();
  }

  /** Its recurring work in the background. */
  work(): WorkStatus {
    return this.looking.status();
  }

  private async look(signal: AbortSignal): Promise<Ran> {
    let extents = 0;
    try {
      let page: PinnedExtent[] = [];
      for await (const extent of forsaken(this.components)) {
        signal.throwIfAborted();
        page.push(extent);
        if (page.length < SCAN_PAGE) continue;
        extents += await pinThose(this.components, page, signal);
        page = [];
      }
      extents += await pinThose(this.components, page, signal);
    } finally {
      if (extents > 0) this.components.log.info({ extents }, 'extents that too few others have are promised again');
    }
    return 'idle';
  }
}
