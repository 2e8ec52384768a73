import type { ErrorCode } from '../error-codes.js';
import type { ContentId, PeerIdText, SkippedPath, Timestamp } from './common.js';

// Movements of bytes.

/** A `drain` moves what a member holds to others, and removes it then. An `act` changes many files. */
export type TransferKind = 'upload' | 'download' | 'replication' | 'drain' | 'act';
/** A transfer is listed for a while after it has ended. */
export type TransferState = 'running' | 'finished' | 'failed' | 'cancelled';
/** `GET /transfers` */
export interface TransferList {
  items: TransferInfo[];
}
/** A movement of bytes: running, or ended a short while ago. */
export interface TransferInfo {
  id: string;
  kind: TransferKind;
  state: TransferState;
  path: string | null;
  contentId: ContentId | null;
  /** Of a drain: the member that is removed. */
  peerId?: PeerIdText;
  /** Total bytes; null while not known. */
  bytes: number | null;
  verifiedBytes: number;
  /** Bytes a second. */
  rate: number;
  sources: { peerId: PeerIdText; bytes: number }[];
  /** Of an act: how far it is, and which paths stay as they are, the first 100. */
  items?: { done: number; total: number; skipped: SkippedPath[]; skippedTotal: number };
  startedAt: Timestamp;
  finishedAt: Timestamp | null;
  /** Why it failed; of one that is running, why it waits. */
  error?: { code: ErrorCode; detail: string };
}
