import type { ErrorCode } from '../error-codes.js';
import type { Timestamp } from './common.js';
import type { FileInfo } from './files.js';

// Uploads that come in parts, by tus.

/** `GET /uploads/{id}` */
export interface UploadInfo {
  id: string;
  path: string;
  /** Bytes that it will have, and how many of them are here for good. */
  size: number;
  offset: number;
  /** `complete`: all bytes are here, and what was asked of the path did not hold: `finish` gives them another. */
  state: 'running' | 'complete' | 'finished';
  createdAt: Timestamp;
  /** When its bytes, or of a finished one its answer, are given up. */
  expiresAt: Timestamp;
  /** Of a finished one: what the last PATCH answered. */
  file?: FileInfo;
  /** Of a complete one: why it is no file. */
  refusal?: { code: ErrorCode; detail: string };
}
/** The conditions of a write on its path, as the headers of the same names have them. */
export interface WriteConditions {
  ifMatch?: string;
  /** Only if there is no such file. */
  ifNoneMatch?: '*';
  ifUnmodifiedSince?: string;
}
/** `POST /uploads/{id}/finish` */
export interface FinishUploadRequest {
  /** Where the bytes go; as it was announced when left out. */
  path?: string;
  conditions?: WriteConditions;
}
