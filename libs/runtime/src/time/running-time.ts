/**
 * Time in which this process had its turn. It measures how long others are silent: while the machine slept, or was too busy
 * for this process, what they sent lay unread, and they are not to blame. Its owner says `tick` at a steady pace; a tick that
 * comes late counts for two at most.
 */
export class RunningTime {
  private elapsed = 0;
  private ticked: number;

  /**
   * @param every milliseconds between two ticks
   * @param clock milliseconds of a clock that nobody sets
   */
  constructor(
    private readonly every: number,
    private readonly clock: () => number = () => performance.now(),
  ) {
    this.ticked = clock();
  }

  /** Milliseconds since this was made; never goes back. */
  now(): number {
    return this.elapsed + Math.min(this.clock() - this.ticked, 2 * this.every);
  }

  tick(): void {
    this.elapsed = this.now();
    this.ticked = this.clock();
  }
}
