import type { ArrivalsStatus } from '../ahead/arrivals.js';
import type { GivingWayStatus } from '../release/giving-way.js';
import type { HandoffStatus } from '../release/handoff.js';
import type { ReclaimStatus } from '../release/reclaimer.js';

/** How placement is doing, for health and metrics. */
export interface PlacementStatus {
  readonly full: boolean;
  /** Extents that are waited for, as far as is known. */
  readonly wanted: number;
  /** Blocks. */
  readonly damaged: number;
  readonly ahead: ArrivalsStatus;
  readonly reclaimed: ReclaimStatus;
  readonly lettingGo: HandoffStatus;
  readonly givingWay: GivingWayStatus;
  /** Payload bytes since the start. */
  readonly sentBytes: number;
}
