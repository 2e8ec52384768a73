import { createHmac, randomBytes } from 'node:crypto';
import { day, type Clock, type Unsubscribe } from '@dfs/runtime';
import { equalSecrets } from './secrets.js';

/** How long a browser stays signed in. */
const SESSION_TIME = 30 * day;
const NONCE_BYTES = 16;
/** Sessions that were ended before their time; the oldest are forgotten, and so is the list at a restart. */
const MAX_ENDED = 10_000;

/**
 * Sessions of browsers that have shown the token once. A session is `<issued>.<nonce>.<HMAC>`: nothing is kept, it
 * outlives a restart, tells nothing of the token, and ends with it.
 */
export class Sessions {
  private readonly key: Buffer;
  private readonly ended = new Set<string>();
  private readonly listeners = new Map<string, Set<() => void>>();

  constructor(
    token: string,
    peerId: string,
    private readonly clock: Clock,
  ) {
    this.key = createHmac('sha256', token).update(`dfs session of ${peerId}`).digest();
  }

  static readonly maxAgeSeconds = SESSION_TIME / 1000;

  begin(): string {
    const head = `${this.clock.now().toString(36)}.${randomBytes(NONCE_BYTES).toString('base64url')}`;
    return `${head}.${this.sign(head)}`;
  }

  isValid(session: string): boolean {
    const [issued, nonce, signature, ...more] = session.split('.');
    if (!issued || !nonce || !signature || more.length > 0 || this.ended.has(nonce)) return false;
    if (!equalSecrets(signature, this.sign(`${issued}.${nonce}`))) return false;
    const age = this.clock.now() - parseInt(issued, 36);
    return age < SESSION_TIME;
  }

  end(session: string): void {
    const nonce = nonceOf(session);
    if (!this.isValid(session)) return;
    this.ended.add(nonce);
    if (this.ended.size > MAX_ENDED) this.ended.delete(this.ended.values().next().value as string);
    const listeners = this.listeners.get(nonce) ?? [];
    this.listeners.delete(nonce);
    for (const listener of listeners) listener();
  }

  /** Calls the listener once, when a person ends the session: at once if that was before. */
  onEnd(session: string, listener: () => void): Unsubscribe {
    const nonce = nonceOf(session);
    if (this.ended.has(nonce)) {
      listener();
      return () => undefined;
    }
    const listeners = this.listeners.get(nonce) ?? new Set();
    this.listeners.set(nonce, listeners.add(listener));
    return () => {
      if (listeners.delete(listener) && listeners.size === 0) this.listeners.delete(nonce);
    };
  }

  private sign(head: string): string {
    return createHmac('sha256', this.key).update(head).digest('base64url');
  }
}

function nonceOf(session: string): string {
  return session.split('.')[1] ?? '';
}
