import type { ContentId, PeerIdText, ScheduledLimits, StorageInfo, Timestamp, TransferLimits } from './common.js';
import type { NetworkInfo } from './network.js';

// A node: what it is, how it is set, how it does.

/** `GET /node` */
export interface NodeInfo {
  peerId: PeerIdText;
  name: string;
  version: string;
  startedAt: Timestamp;
  uptimeSeconds: number;
  /** Multiaddrs this node can be dialled at. */
  addresses: string[];
  network: NetworkInfo;
  storage: StorageInfo;
  files: { count: number; bytes: number };
}
/** `POST /node/clock`: a person says that the clock of this node is right. */
export interface ClockRequest {
  right: true;
}
/** `GET /dht` */
export interface DhtInfo {
  enabled: boolean;
  mode: 'server' | 'client';
  routingTableSize: number;
  provide: { queued: number; provided: number; failed: number; lagSeconds: number };
}
/** `GET /dht/providers/{contentId}` */
export interface ProviderList {
  contentId: ContentId;
  providers: { peerId: PeerIdText; name: string | null; addresses: string[] }[];
}
/** `GET /settings` */
export interface Settings {
  name: string;
  networkName: string;
  replicas: number;
  quotaBytes: number;
  graceSeconds: number;
  /** For so long content is kept that was replaced or deleted. */
  retentionSeconds: number;
  /** Newest versions of a file that is not deleted, of which the content is kept however old they are. */
  retainedVersions: number;
  /** Between two heartbeats, by which members find out what differs; less where the grace is short. */
  syncPeriodSeconds: number;
  limits: TransferLimits;
  /** Of those that cover a moment the first one holds, and `limits` where none does. */
  limitSchedule: ScheduledLimits[];
  /** Limits that hold now. */
  limitsNow: TransferLimits;
  /** Of the node, by which the schedule goes: `Europe/Berlin`. */
  timeZone: string;
}
/** `PATCH /settings`: what is left out stays as it is; a schedule takes the place of the whole schedule. */
export type SettingsPatch = Partial<
  Omit<Settings, 'limits' | 'limitSchedule' | 'limitsNow' | 'timeZone'> & {
    limits: Partial<TransferLimits>;
    limitSchedule: (Omit<ScheduledLimits, keyof TransferLimits> & Partial<TransferLimits>)[];
  }
>;
/** `POST /session` */
export interface SessionRequest {
  token: string;
}
/** `GET /health/live`, `GET /health/ready` */
export interface Health {
  status: 'ok' | 'degraded' | 'unavailable';
  checks: { name: string; ok: boolean; detail: string }[];
}
