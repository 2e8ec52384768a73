import { second } from '@dfs/runtime';
import { STALL_CHECK } from '../limits.js';

/** Holders are spared so long at least once only what partners should bring is left … */
export const SPARE_TIME = 1 * second;
/** … and as long as these bring this share of what the holders did. */
const SPARE_SHARE = 0.5;
/** The span over which that is measured. */
const SPARE_MEMORY = 2 * second;

/**
 * Whether holders are still spared what partners should bring: they are not when only that is left to ask for and the
 * partners together bring much less than the holders did, as when one has stalled or has a slow line.
 */
export class HolderRelief {
  private over = false;
  /** Bytes since the last tick. */
  private fromHolders = 0;
  private fromPartners = 0;
  /** Bytes a tick, as decaying means; that of holders over the time in which they were asked for something. */
  private holderRate = 0;
  private partnerRate = 0;
  /** When a partner last brought something, by performance.now(); from the first tick on. */
  private partnersAt: number | undefined;
  private idleSince: number | undefined;

  get isOver(): boolean {
    return this.over;
  }

  received(bytes: number, fromPartner: boolean): void {
    if (fromPartner) this.fromPartners += bytes;
    else this.fromHolders += bytes;
  }

  /** Every STALL_CHECK. @param state busy: holders are asked for something; spared: something waits that they are spared */
  tick({ busy, spared }: { busy: boolean; spared: () => boolean }, now = performance.now()): void {
    const share = STALL_CHECK / SPARE_MEMORY;
    this.partnerRate += (this.fromPartners - this.partnerRate) * share;
    if (busy || this.fromHolders > 0) this.holderRate += (this.fromHolders - this.holderRate) * share;
    if (this.fromPartners > 0) this.partnersAt = now;
    this.partnersAt ??= now;
    this.fromHolders = 0;
    this.fromPartners = 0;
    // Where all is spared from the start holders bring nothing either, and there is nothing to hold partners against.
    const silent = now - this.partnersAt >= SPARE_MEMORY;
    const lags = silent || this.partnerRate < this.holderRate * SPARE_SHARE;
    if (this.over) {
      this.over = lags;
      return;
    }
    if (busy || !spared()) this.idleSince = undefined;
    else this.idleSince ??= now;
    this.over = this.idleSince !== undefined && now - this.idleSince >= SPARE_TIME && lags;
  }
}
