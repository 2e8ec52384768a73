import { second } from './units.js';

/** Fills at `rate` up to `burst`. More may be taken than is in it: then nothing may be for a while. */
export class TokenBucket {
  private level: number;
  private filledAt: number;

  /**
   * @param rate bytes a second
   * @param burst bytes
   * @param now milliseconds of a clock that nobody sets
   */
  constructor(
    private readonly rate: number,
    private readonly burst: number,
    private readonly now: () => number = () => performance.now(),
  ) {
    this.level = burst;
    this.filledAt = now();
  }

  take(bytes: number): void {
    this.fill();
    this.level -= bytes;
  }

  /** Milliseconds until nothing is owed any more; 0 when that is so. */
  get wait(): number {
    this.fill();
    return this.level >= 0 ? 0 : (-this.level / this.rate) * second;
  }

  private fill(): void {
    const now = this.now();
    this.level = Math.min(this.burst, this.level + ((now - this.filledAt) / second) * this.rate);
    this.filledAt = now;
  }
}
