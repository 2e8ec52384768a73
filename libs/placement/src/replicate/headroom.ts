import { PEER_SHARE } from '@dfs/chunks';
import { CHUNK_MEAN_BYTES, EXTENT_CHUNKS } from '@dfs/protocol';
import { GiB, Listeners, MiB, Recurring, second, type Log, type Ran, type Timers, type WorkStatus } from '@dfs/runtime';
import { ROOM_AGAIN } from '../limits.js';
import type { BlockStore } from '../ports.js';
import { MAX_CAPACITY, MIN_CAPACITY } from '../plan/rendezvous.js';
import type { WantedExtent } from './want-queue.js';

/** How often a full node looks for room. */
export const ROOM_CHECK = 5 * second;
/** Share of the quota from which on room is short: past versions are not pulled, so that what gave way does not come back. */
const SHORT_SHARE = 0.75;

/** How far a quota must leave the middle of its class, in classes, before the class changes. */
const HYSTERESIS = 0.75;
/** Of a large quota, what is clearly room on the disk. */
const CLEAR_ROOM = 256 * MiB;

/** The store whose room is watched. */
export interface HeadroomComponents {
  chunks: Pick<BlockStore, 'usage' | 'room'>;
  log: Log;
  /** Those of a test. */
  timers?: Timers;
  /** It became full or roomy. */
  onChange(full: boolean): void;
}

/**
 * Whether this node takes more on behalf of others. Peers' data stops at PEER_SHARE of the quota, so that the owner of
 * the node can always upload; it goes on when there is clearly room again.
 */
export class Headroom {
  private full = false;
  /** Since room was last told of. */
  private wasShort = false;
  /** Bytes of the smallest extent that was refused. */
  private needed = 1;
  private readonly looking: Recurring;
  private readonly listeners: Listeners<[]>;

  constructor(private readonly components: HeadroomComponents) {
    const { log, timers } = components;
    this.listeners = new Listeners(log);
    this.looking = new Recurring(
      {
        name: 'look for room',
        every: ROOM_CHECK,
        failed: 'room could not be looked for',
        run: async () => this.check(),
      },
      { log, ...(timers && { timers }) },
    );
    this.full = this.bytesLeft() <= 0;
  }

  start(): void {
    this.looking.start();
  }

  stop(): Promise<void> {
    return this.looking.stop();
  }

  /** Its recurring work in the background. */
  work(): WorkStatus {
    return this.looking.status();
  }

  isFull(): boolean {
    return this.full;
  }

  /** Too little is left to pull past versions: they would give way again. */
  isShort(): boolean {
    const { bytes, quotaBytes } = this.components.chunks.usage();
    const isShort = this.full || bytes > quotaBytes * SHORT_SHARE || this.components.chunks.room() <= 0;
    this.wasShort ||= isShort;
    return isShort;
  }

  /** There is room again, for what others have stored or for past versions too. */
  onRoom(listener: () => void): void {
    this.listeners.add(listener);
  }

  /** Of these the ones there is room for; if some are left out the node is full. */
  admit(group: readonly WantedExtent[]): WantedExtent[] {
    let left = this.full ? 0 : this.bytesLeft();
    const admitted: WantedExtent[] = [];
    let refused = Infinity;
    for (const want of group) {
      const size = likelyBytes(want);
      if (size <= left) {
        admitted.push(want);
        left -= size;
      } else {
        refused = Math.min(refused, size);
      }
    }
    if (admitted.length < group.length) this.refused(refused);
    return admitted;
  }

  /** The store took no more. */
  refused(bytes = 1): void {
    this.needed = this.full ? Math.min(this.needed, bytes) : bytes;
    if (this.full) return;
    this.full = true;
    this.components.log.warn(this.components.chunks.usage(), 'no room for more of what others have stored');
    this.components.onChange(true);
  }

  private check(): Ran {
    if (!this.isShort() && this.wasShort) {
      this.wasShort = false;
      this.tellRoom();
    }
    const { bytes, quotaBytes } = this.components.chunks.usage();
    const clear = Math.min(CLEAR_ROOM, quotaBytes * (PEER_SHARE - ROOM_AGAIN));
    // A disk that is full stays nearly so: without a distance, members would hear of it again and again.
    if (!this.full || bytes > quotaBytes * ROOM_AGAIN || this.bytesLeft() < Math.max(this.needed, clear)) return 'idle';
    this.full = false;
    this.components.onChange(false);
    this.tellRoom();
    return 'idle';
  }

  private tellRoom(): void {
    this.listeners.tell();
  }

  /** That others' data may still take. */
  bytesLeft(): number {
    const { bytes, quotaBytes } = this.components.chunks.usage();
    return Math.min(quotaBytes * PEER_SHARE - bytes, this.components.chunks.room());
  }
}

/** Bytes an extent is likely to need; the store has the last word. */
function likelyBytes({ size, extent }: WantedExtent): number {
  return extent === null ? 0 : Math.min(size, EXTENT_CHUNKS * CHUNK_MEAN_BYTES);
}

/** Capacity class of a quota: its power of two in GiB. One that is published stays until the quota is clearly another. */
export function capacityClass(quotaBytes: number, published?: number): number {
  const exact = Math.log2(Math.max(quotaBytes, 1) / GiB);
  if (published !== undefined && Math.abs(exact - published) <= HYSTERESIS) return published;
  return Math.max(MIN_CAPACITY, Math.min(MAX_CAPACITY, Math.round(exact)));
}
