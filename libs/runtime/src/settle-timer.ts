/** Waits for those who come and go one after another, though not for ever. Milliseconds of performance.now(). */
export class SettleTimer {
  private since = -Infinity;
  private over = -Infinity;

  /** @param atMost from the first that came or went */
  constructor(private readonly atMost: number) {}

  /** Somebody came or went: it is over once that has been so for a while. */
  extend(milliseconds: number): void {
    const now = performance.now();
    if (now >= this.over) this.since = now;
    this.over = Math.min(now + milliseconds, this.since + this.atMost);
  }

  /** Until it is over; 0 or less when it is. */
  get left(): number {
    return this.over - performance.now();
  }
}
