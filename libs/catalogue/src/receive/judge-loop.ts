/** Runs one at a time; what happens during a run leads to another. */
export class JudgeLoop {
  private running: Promise<void> | undefined;
  private again = false;
  private closed = false;

  /** @param run does not reject */
  constructor(private readonly run: () => Promise<void>) {}

  /** No run is begun any more. */
  get isClosed(): boolean {
    return this.closed;
  }

  soon(): void {
    if (this.closed) return;
    this.again = true;
    this.running ??= this.runWhileAsked().finally(() => (this.running = undefined));
  }

  /** Resolves after a run that began no earlier than now. */
  now(): Promise<void> {
    this.soon();
    return this.running ?? Promise.resolve();
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.running;
  }

  private async runWhileAsked(): Promise<void> {
    while (this.again && !this.closed) {
      this.again = false;
      await this.run();
    }
  }
}
