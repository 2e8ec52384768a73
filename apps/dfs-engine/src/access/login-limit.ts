import { DfsError, minute, type Clock } from '@dfs/protocol';

/** Wrong tokens one address may try in a window. */
const MAX_FAILURES = 10;
const WINDOW = minute;
/** Addresses remembered; more than that at once are an attack, and the oldest are let go. */
const MAX_ADDRESSES = 1000;

/** Slows down guessing. The token has 128 bits and more: this keeps the log readable rather than the door shut. */
export class LoginLimit {
  private readonly failures = new Map<string, { count: number; since: number }>();

  constructor(private readonly clock: Clock) {}

  /** @throws DfsError `too-many-requests` */
  check(address: string): void {
    const known = this.failures.get(address);
    if (!known) return;
    const left = known.since + WINDOW - this.clock.now();
    if (left <= 0) this.failures.delete(address);
    else if (known.count >= MAX_FAILURES) {
      const retryAfter = Math.ceil(left / 1000);
      throw new DfsError('too-many-requests', `Too many wrong tokens: wait ${retryAfter} seconds.`, { retryAfter });
    }
  }

  failed(address: string): void {
    const known = this.failures.get(address);
    if (known) known.count += 1;
    else this.failures.set(address, { count: 1, since: this.clock.now() });
    if (this.failures.size > MAX_ADDRESSES) this.failures.delete(this.failures.keys().next().value as string);
  }
}
