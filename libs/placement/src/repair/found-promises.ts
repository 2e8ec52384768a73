import { Recurring, second, type Log, type Ran, type WorkStatus } from '@dfs/runtime';
import { SETTLE_TIME } from '../limits.js';
import type { FoundBlocks } from '../ports.js';
import { pinFound, type PinFoundComponents } from './pin-restored.js';

/** Between two looks at packs that were found, while they are being read, and where one has failed. */
const FOUND_AGAIN = 15 * second;
/** Such a look is followed by a rest of so many times the work it was: it looks up every block in them. */
const FOUND_REST = 50;

/** The parts by which found packs are promised again. */
export interface FoundPromisesComponents extends PinFoundComponents {
  chunks: PinFoundComponents['chunks'] & FoundBlocks;
  log: Log;
}

/**
 * Promises what versions need of packs that were found, of whose promises the database knows nothing: as soon as the packs are
 * read, and as records that name it come. It does nothing where no packs were found.
 */
export class FoundPromises {
  private readonly looking: Recurring;
  /** As far as is known. */
  private isAny = true;
  /** Packs are still being read, or the last look has failed: the next comes by itself. */
  private isMore = false;

  constructor(private readonly components: FoundPromisesComponents) {
    const rest = (): number => Math.max(SETTLE_TIME, FOUND_REST * (this.work().tookMs ?? 0));
    this.looking = new Recurring(
      {
        name: 'promise what was found',
        every: () => (this.isMore ? Math.max(FOUND_AGAIN, rest()) : Infinity),
        gather: rest,
        failed: 'what was found could not be promised again',
        run: (signal) => this.look(signal),
      },
      { log: components.log },
    ).start();
  }

  /** Records name contents that they did not name before, perhaps. */
  named(): void {
    if (this.isAny) this.looking.soon();
  }

  stop(): Promise<void> {
    return this.looking.stop();
  }

  /** Its recurring work in the background. */
  work(): WorkStatus {
    return this.looking.status();
  }

  private async look(signal: AbortSignal): Promise<Ran> {
    const { chunks, log } = this.components;
    this.isMore = true;
    const { packs, unread } = await chunks.found();
    this.isAny = packs > 0;
    const extents = packs > 0 ? await pinFound(this.components, signal) : 0;
    if (extents > 0) log.info({ extents }, 'extents of packs that were found are promised again');
    this.isMore = unread > 0;
    return 'idle';
  }
}
