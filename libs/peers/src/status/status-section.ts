import type { Shape, WireValue } from '@dfs/protocol';
import type { Log, Unsubscribe } from '@dfs/runtime';
import { StatusFollower } from './status-follower.js';

/** The heartbeats of this node and of members. */
export interface SectionPeers {
  contribute(section: string, value: () => WireValue): void;
  onStatus(section: string, fn: (peerId: string, value: WireValue) => void): Unsubscribe;
}

/** One part of the heartbeat: its name, and the shape of what each member says in it. */
export class StatusSection<T> {
  constructor(
    readonly name: string,
    private readonly shape: Shape<T>,
  ) {}

  /** From now on this node says `mine` in it, whenever that has changed. */
  say(peers: Pick<SectionPeers, 'contribute'>, mine: () => T): void {
    peers.contribute(this.name, () => this.shape.form(mine()) ?? null);
  }

  /** Calls `heard` whenever a member that is ready is heard, changed or not. Malformed sections are logged. */
  hear(peers: Pick<SectionPeers, 'onStatus'>, log: Log, heard: (peerId: string, said: T) => void): Unsubscribe {
    return peers.onStatus(this.name, (peerId, value) => {
      let said: T;
      try {
        said = this.shape.parse(value, this.name);
      } catch (error) {
        log.warn({ err: error, peerId }, `a status whose section ${this.name} is malformed`);
        return;
      }
      heard(peerId, said);
    });
  }

  /**
   * The same for work: of each member one call at a time, and of what it says meanwhile only the newest. A call that
   * fails is told to `failed`; the next status is the next try.
   */
  follow(
    peers: Pick<SectionPeers, 'onStatus'>,
    log: Log,
    heard: (peerId: string, said: T) => Promise<void>,
    failed: (peerId: string, error: unknown) => void,
  ): Unsubscribe {
    const follower = new StatusFollower(heard, failed);
    return this.hear(peers, log, (peerId, said) => follower.heard(peerId, said));
  }

  /** A member's word as it came, if there is one and it makes sense. */
  read(value: WireValue | undefined): T | undefined {
    if (value === undefined) return undefined;
    try {
      return this.shape.parse(value, this.name);
    } catch {
      return undefined;
    }
  }
}
