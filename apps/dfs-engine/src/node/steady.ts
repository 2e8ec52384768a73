/**
 * A figure that others need not know exactly: it stays as it was last told until it is off by more than `share`. A
 * figure that never quite rests, such as the free bytes of a disk, is then not told anew with every heartbeat.
 */
export class SteadyFigure {
  private told: number | undefined;

  constructor(private readonly share: number) {}

  of(value: number): number {
    if (this.told === undefined || Math.abs(value - this.told) > this.told * this.share) this.told = value;
    return this.told;
  }
}
