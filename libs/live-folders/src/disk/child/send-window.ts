/** How much one process may send before the other says that it has taken some. Past a stop nothing is waited for. */
export class SendWindow {
  #free: number;
  #isStopped = false;
  #wake: (() => void) | undefined;

  /** @param size pieces that may be sent and not taken */
  constructor(size: number) {
    this.#free = size;
  }

  /** The rest is not wanted. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  sent(count: number): void {
    this.#free -= count;
  }

  taken(count: number): void {
    this.#free += count;
    this.wake();
  }

  stop(): void {
    this.#isStopped = true;
    this.wake();
  }

  /** Until there is room, or a stop. */
  room(): Promise<void> {
    return this.until(() => this.#free > 0);
  }

  /** Until something is so that whoever changes it tells by `wake`, or a stop. */
  async until(isSo: () => boolean): Promise<void> {
    while (!isSo() && !this.#isStopped) await new Promise<void>((wake) => (this.#wake = wake));
  }

  wake(): void {
    this.#wake?.();
  }
}
