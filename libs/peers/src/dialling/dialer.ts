import { performance } from 'node:perf_hooks';
import { Recurring, second, type Log, type Ran, type WorkStatus } from '@dfs/runtime';
import type { Transport } from '@dfs/transport';
import { DIAL_TIME, MAX_DIALS, RECONNECT_MAX, RECONNECT_MIN } from '../constants.js';

/** `addressesOf` gives addresses of a member, the most promising first. */
export interface DialerComponents {
  transport: Transport;
  log: Log;
  /** Members other than this node. */
  others(): string[];
  addressesOf: (peerId: string) => string[];
}

interface Attempt {
  /** Failures since the last connection that was of any use. */
  failures: number;
  /** By the monotonic clock; Infinity while there is nothing to do. */
  dueAt: number;
  triedAt: number;
  dialing: boolean;
}

/** News of a member does not have it dialled more often than this. */
const SOON_PAUSE = 3 * second;

/**
 * Keeps this node connected to every member: dials the ones that are missing, again and again, ever more seldom. One
 * piece of work, which comes when the next attempt is due.
 */
export class Dialer {
  /** One for each other member. */
  private readonly attempts = new Map<string, Attempt>();
  private readonly dials = new Set<Promise<void>>();
  private readonly dialling: Recurring;

  constructor(private readonly components: DialerComponents) {
    this.dialling = new Recurring(
      {
        name: 'dial members that are missing',
        every: () => this.dueIn(),
        failed: 'members that are missing could not be dialled',
        severity: 'error',
        run: () => this.dialDue(),
      },
      { log: components.log },
    );
  }

  start(): void {
    this.dialling.start();
    this.refresh();
  }

  /** Ends all dials under way. */
  async stop(): Promise<void> {
    await this.dialling.stop();
    await Promise.all(this.dials);
    this.attempts.clear();
  }

  /** Its recurring work in the background. */
  work(): WorkStatus {
    return this.dialling.status();
  }

  isDialing(peerId: string): boolean {
    return this.attempts.get(peerId)?.dialing ?? false;
  }

  /** Membership may have changed: dials newcomers, gives up those who left. */
  refresh(): void {
    if (!this.dialling.isOn) return;
    const others = new Set(this.components.others());
    for (const peerId of this.attempts.keys()) if (!others.has(peerId)) this.attempts.delete(peerId);
    const connected = this.connected();
    for (const peerId of others) {
      const attempt = this.attempts.get(peerId);
      if (!attempt) {
        this.attempts.set(peerId, { failures: 0, dueAt: performance.now(), triedAt: -Infinity, dialing: false });
      } else if (attempt.dueAt === Infinity && !attempt.dialing && !connected.has(peerId)) {
        attempt.dueAt = performance.now();
      }
    }
    this.schedule();
  }

  /** The connection is gone. @param wasOfUse false for one that was cut before anything was said over it */
  lost(peerId: string, wasOfUse: boolean): void {
    const attempt = this.attempts.get(peerId);
    if (!attempt) return;
    attempt.failures = wasOfUse ? 0 : attempt.failures + 1;
    // Of two who miss each other, the one with the lower id is quicker: they need but one connection.
    const quick = this.components.transport.peerId < peerId ? 100 : 500;
    attempt.dueAt = performance.now() + (wasOfUse ? quick * (0.5 + Math.random()) : backoff(attempt.failures));
    this.schedule();
  }

  /** There is reason to believe that the member can be reached now. */
  soon(peerId: string): void {
    const attempt = this.attempts.get(peerId);
    if (!attempt) return;
    attempt.dueAt = Math.min(attempt.dueAt, Math.max(performance.now(), attempt.triedAt + SOON_PAUSE));
    this.schedule();
  }

  private connected(): Set<string> {
    return new Set(this.components.transport.connections().map(({ peerId }) => peerId));
  }

  private schedule(): void {
    // Not at once: members that are found missing together are dialled together.
    this.dialling.soon(Math.max(1, this.dueIn()));
  }

  /** Milliseconds until the next attempt; Infinity while there is none, or enough is under way. */
  private dueIn(): number {
    if (this.dials.size >= MAX_DIALS) return Infinity;
    let next = Infinity;
    for (const { dueAt, dialing } of this.attempts.values()) if (!dialing && dueAt < next) next = dueAt;
    return Math.max(0, next - performance.now());
  }

  private dialDue(): Promise<Ran> {
    const now = performance.now();
    const connected = this.connected();
    for (const [peerId, attempt] of this.attempts) {
      if (attempt.dialing || attempt.dueAt > now) continue;
      if (connected.has(peerId)) attempt.dueAt = Infinity;
      else if (this.dials.size < MAX_DIALS) this.begin(peerId, attempt);
    }
    return Promise.resolve('idle');
  }

  private begin(peerId: string, attempt: Attempt): void {
    attempt.dialing = true;
    attempt.triedAt = performance.now();
    attempt.dueAt = Infinity;
    const dial = this.dial(peerId, attempt).finally(() => {
      attempt.dialing = false;
      this.dials.delete(dial);
      this.schedule();
    });
    this.dials.add(dial);
  }

  /** Never throws. */
  private async dial(peerId: string, attempt: Attempt): Promise<void> {
    const { transport, addressesOf, log } = this.components;
    const signal = AbortSignal.any([AbortSignal.timeout(DIAL_TIME), this.dialling.signal]);
    try {
      await transport.dialPeer(peerId, addressesOf(peerId), { signal });
    } catch (error) {
      attempt.failures++;
      const pause = backoff(attempt.failures);
      attempt.dueAt = performance.now() + pause;
      log.debug({ err: error, peer: peerId, pause: Math.round(pause) }, 'a member could not be reached');
    }
  }
}

function backoff(failures: number): number {
  return Math.min(RECONNECT_MIN * 2 ** Math.min(failures - 1, 20), RECONNECT_MAX) * (0.75 + Math.random() / 2);
}
