import { encode, MAX_STATUS_SECTIONS, type StatusMessage, type WireValue } from '@dfs/protocol';
import type { Channel } from '@dfs/transport';
import { MAX_SECTION_BYTES } from '../constants.js';
import type { StatusCaller } from '../status/status-caller.js';

/** The facts known of one connected member, from its connection to its end. */
export class Session {
  /** Aborted when the connection is gone. */
  readonly ended = new AbortController();
  /** Both sides have exchanged status and membership. */
  ready = false;
  /** This side has what the other had of the membership. */
  synced = false;
  /** The other side has what this side had. */
  peerSynced = false;
  /** Monotonic time of the last exchange of status; undefined before the first. */
  exchangedAt: number | undefined;
  /** Milliseconds of the last round trip. */
  latencyMs: number | null = null;
  /** Exchanges that failed in a row. */
  failures = 0;
  /** Membership records it sent that nobody should have. */
  refused = 0;
  /** Fingerprint of the other side's membership when it was last pulled. */
  pulled: Uint8Array | undefined;
  pulling: Promise<void> | undefined;
  /** Monotonic time at which it was last sent a heartbeat that it can prove to others; undefined before. */
  provenAt: number | undefined;
  /** The heartbeat it last said itself; -1 before it has. */
  beat = -1;
  /** Members the other side would like to hear of. */
  missing: readonly string[] = [];
  /** Which of this node's sections the other side has. */
  peerHas = 0;
  /** Start of the other side, by its clock and by ours. */
  boot = 0;
  bootedAt = 0;
  /** Revision of its sections that are here. */
  revision = 0;
  /** Those that a part of this engine listens for. */
  readonly sections = new Map<string, WireValue>();
  /** Sections it sent that no engine would send. */
  offences = 0;
  /** The streams on which the other side asks, each of one of its runs. */
  readonly asked = new Set<Channel>();
  /** How this side asks; undefined before it has. */
  caller: StatusCaller | undefined;
  private wanted = false;
  private running: Promise<void> | undefined;

  /** Names of its sections that nobody here knows: it may be a newer version, and has no more than a node may have. */
  private readonly foreign = new Set<string>();

  constructor(
    readonly peerId: string,
    /** Whether a part of this engine listens for a section. */
    private readonly knows: (section: string) => boolean,
  ) {}

  /** Runs `exchange` now, or once more after the one under way: whoever calls knows that what is told is of now. */
  exchange(exchange: () => Promise<void>): Promise<void> {
    this.wanted = true;
    this.running ??= (async () => {
      try {
        while (this.wanted && !this.ended.signal.aborted) {
          this.wanted = false;
          await exchange();
        }
      } finally {
        this.running = undefined;
      }
    })();
    return this.running;
  }

  /** Takes over what the other side says of itself. @returns false when it has left out what was not seen here */
  take(status: StatusMessage, now: number): boolean {
    if (status.boot !== this.boot) {
      this.boot = status.boot;
      this.revision = 0;
      this.sections.clear();
    }
    if (status.uptime !== null) this.bootedAt = now - status.uptime * 1000;
    this.missing = status.missing;
    if (status.since > this.revision) return false;
    if (status.revision < this.revision) return true;
    for (const { name, value } of status.sections) this.takeSection(name, value);
    this.revision = status.revision;
    return true;
  }

  private takeSection(name: string, value: WireValue): void {
    if (!this.knows(name)) {
      if (this.foreign.size < MAX_STATUS_SECTIONS) this.foreign.add(name);
      else if (!this.foreign.has(name)) this.offences++;
    } else if (encode(value).length > MAX_SECTION_BYTES) this.offences++;
    else this.sections.set(name, value);
  }
}
