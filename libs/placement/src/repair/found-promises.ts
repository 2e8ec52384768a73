import { second, type Log, stopping } from '@dfs/runtime';
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
  private readonly control = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private again = false;
  /** As far as is known. */
  private isAny = true;
  /** Milliseconds the last look took. */
  private took = 0;

  constructor(private readonly components: FoundPromisesComponents) {}

  /** Records name contents that they did not name before, perhaps. */
  named(): void {
    if (this.isAny) this.soon(0);
  }

  async stop(): Promise<void> {
    this.control.abort(stopping());
    clearTimeout(this.timer);
    await this.running;
  }

  private soon(pause: number): void {
    if (this.control.signal.aborted) return;
    this.again ||= this.running !== undefined;
    if (this.running) return;
    this.timer ??= setTimeout(
      () => {
        this.timer = undefined;
        this.running = this.look().then((pause) => this.ended(pause));
      },
      Math.max(pause, SETTLE_TIME, FOUND_REST * this.took),
    ).unref();
  }

  private ended(pause: number | undefined): void {
    this.running = undefined;
    if (this.again && this.isAny) this.soon(0);
    else if (pause !== undefined) this.soon(pause);
    this.again = false;
  }

  /** @returns milliseconds after which to look again, whatever comes */
  private async look(): Promise<number | undefined> {
    const { chunks, log } = this.components;
    const began = performance.now();
    try {
      const { packs, unread } = await chunks.found();
      this.isAny = packs > 0;
      const extents = packs > 0 ? await pinFound(this.components, this.control.signal) : 0;
      if (extents > 0) log.info({ extents }, 'extents of packs that were found are promised again');
      return unread > 0 ? FOUND_AGAIN : undefined;
    } catch (error) {
      if (this.control.signal.aborted) return undefined;
      log.warn({ err: error }, 'what was found could not be promised again');
      return FOUND_AGAIN;
    } finally {
      this.took = performance.now() - began;
    }
  }
}
