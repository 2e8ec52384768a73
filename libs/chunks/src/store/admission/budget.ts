/** Bytes that all batches together may hold in memory. */
export class Budget {
  #used = 0;
  #wake: () => void = () => {};
  #change = this.#next();

  constructor(private readonly limit: number) {}

  has(bytes: number): boolean {
    return this.#used + bytes <= this.limit;
  }

  take(bytes: number): void {
    this.#used += bytes;
  }

  give(bytes: number): void {
    this.#used -= bytes;
    this.wake();
  }

  /** Everybody who waits looks again. */
  wake(): void {
    const wake = this.#wake;
    this.#change = this.#next();
    wake();
  }

  /** Until something was given back, or somebody was told to look again. */
  changed(): Promise<void> {
    return this.#change;
  }

  #next(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve));
  }
}
