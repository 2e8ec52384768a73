import { setTimeout as delay } from 'node:timers/promises';
import type { ErrorCode } from '@dfs/contracts';
import type { Membership, Peers } from '@dfs/peers';
import { DfsError, second, type Log } from '@dfs/runtime';
import { decodeTicket } from '@dfs/protocol';

/** How long a start waits for the network it is to join, before it goes on without. */
const FIRST_PATIENCE = 15 * second;
/** The same of one that lost its database: it does nothing meanwhile, and shows that. */
const RETURN_PATIENCE = 5 * second;
const FIRST_PAUSE = 1 * second;
const LAST_PAUSE = 60 * second;

/** The parts by which a node joins at its start. */
export interface JoiningParts {
  peers: Peers;
  membership: Membership;
  /** A ticket, from the configuration. */
  ticket: string | undefined;
  log: Log;
}

/**
 * Joins the network of `DFS_JOIN`, trying again for as long as the inviter cannot be reached. A node that lost its
 * database comes back to its own network by itself; a ticket for that helps where no member is found any more.
 */
export class Joining {
  private readonly ending = new AbortController();
  private failure: { code: ErrorCode; detail: string } | undefined;
  private running: Promise<void> = Promise.resolve();

  constructor(private readonly parts: JoiningParts) {}

  /** Why the network has not been joined so far; undefined when there is nothing to join. */
  problem(): { code: ErrorCode; detail: string } | undefined {
    return this.failure;
  }

  /** Resolves when it has joined, is back or was refused, or after a while: then it goes on by itself. */
  async start(signal: AbortSignal): Promise<void> {
    const { ticket, peers } = this.parts;
    const joins = ticket !== undefined && !this.isJoined(ticket);
    if (joins) this.running = this.join(ticket);
    const ms = joins ? FIRST_PATIENCE : RETURN_PATIENCE;
    const patience = delay(ms, undefined, { signal, ref: false }).catch(() => undefined);
    await Promise.race([Promise.all([this.running, peers.isBack()]), patience]);
  }

  async stop(): Promise<void> {
    this.ending.abort();
    await this.running;
  }

  private isJoined(ticket: string): boolean {
    const { membership } = this.parts;
    return !membership.isReturning && decodeTicket(ticket).networkId === membership.networkId;
  }

  private async join(ticket: string): Promise<void> {
    const { peers, log } = this.parts;
    for (let pause = FIRST_PAUSE; !this.ending.signal.aborted; pause = Math.min(2 * pause, LAST_PAUSE)) {
      try {
        if (this.isJoined(ticket)) {
          this.failure = undefined;
          return;
        }
        const network = await peers.join(ticket);
        this.failure = undefined;
        log.info({ network: network.id, members: network.members }, 'joined the network of DFS_JOIN');
        return;
      } catch (error) {
        // It came back by itself meanwhile.
        if (this.isJoined(ticket)) continue;
        if (!this.mayTryAgain(error)) return;
      }
      await delay(pause, undefined, { signal: this.ending.signal, ref: false }).catch(() => undefined);
    }
  }

  private mayTryAgain(error: unknown): boolean {
    const known =
      error instanceof DfsError
        ? error
        : new DfsError(
            'internal-error',
            'Joining failed by an unexpected error, of which the log of this node tells more.',
            { cause: error },
          );
    const again = known.retryable
      ? 'It is tried again.'
      : 'The node goes on without it: ask an owner for a new invite, and restart or join in the console.';
    this.failure = {
      code: known.code,
      detail: `This node has not joined the network of DFS_JOIN. ${known.message} ${again}`,
    };
    this.parts.log.warn({ code: known.code, err: known.cause }, this.failure.detail);
    return known.retryable;
  }
}
