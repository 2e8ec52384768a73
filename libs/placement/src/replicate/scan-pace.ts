import { SCAN_REST } from '../limits.js';

/**
 * The share of its time that a node spends on looking its contents over. Only the work counts: a scan may wait for
 * hours until
 * what it has found is fetched, and the next one must not be put off for that.
 */
export class ScanPace {
  private worked = 0;
  private ofLastStep = 0;
  private ofLastScan = 0;

  /** @param now milliseconds of a clock that nobody sets */
  constructor(private readonly now: () => number = () => performance.now()) {}

  /** Does one step of a scan. */
  async step<T>(work: () => Promise<T>): Promise<T> {
    const began = this.now();
    try {
      return await work();
    } finally {
      this.ofLastStep = this.now() - began;
      this.worked += this.ofLastStep;
    }
  }

  /** Milliseconds that are left to others before the next step, where nobody waits for what it finds. */
  get pause(): number {
    return this.ofLastStep;
  }

  begin(): void {
    this.worked = 0;
  }

  end(): void {
    this.ofLastScan = this.worked;
  }

  /** Milliseconds from one scan to the next. */
  get rest(): number {
    return SCAN_REST * this.ofLastScan;
  }
}
