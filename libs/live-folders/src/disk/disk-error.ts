import type { DiskPath } from './names.js';
import { showDiskPath } from './names.js';

/** Codes of a `DiskError` that no system call gives. */
export type OwnDiskCode =
  /** No answer in 30 s (rule 17). */
  | 'hung'
  /** The disk was closed, or the process that did its work has ended. */
  | 'gone'
  /** Another root or link stands on the way: what was asked for lies outside. */
  | 'outside'
  /** The file did not stand still before it was read. */
  | 'changing'
  /** The file was another one after it was read. */
  | 'changed'
  /** Bytes that were to be copied are not where they were said to be, or are other ones. */
  | 'source'
  /** The rules of the root cannot be read, so nobody knows what they leave out. */
  | 'unreadable';

/** Facts beside the code. */
export interface DiskErrorOptions {
  path?: DiskPath;
  /** Milliseconds, of `changing`. */
  retryAfter?: number;
  /** Milliseconds for which the file has not stood still, of `changing`. */
  changing?: number;
  cause?: unknown;
}

/** A failure below a root. Not for clients: whoever calls the disk says what it means for a folder. */
export class DiskError extends Error {
  /** An errno such as `EIO`, or one of ours. */
  readonly code: string;
  readonly path: DiskPath | undefined;
  readonly retryAfter: number | undefined;
  readonly changing: number | undefined;

  constructor(code: OwnDiskCode | (string & {}), options: DiskErrorOptions = {}) {
    const at = options.path === undefined ? '' : ` at ${showDiskPath(options.path) || 'the root'}`;
    super(`the disk answered ${code}${at}`, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'DiskError';
    this.code = code;
    this.path = options.path;
    this.retryAfter = options.retryAfter;
    this.changing = options.changing;
  }
}

/** Whether it is a failure of a disk, and has one of these codes if any are given. */
export function isDiskError(error: unknown, ...codes: string[]): error is DiskError {
  return error instanceof DiskError && (codes.length === 0 || codes.includes(error.code));
}

/** A failed system call as a failure of the disk; anything else is passed on as it is. */
export function asDiskError(error: unknown, path?: DiskPath): unknown {
  if (error instanceof DiskError) return error;
  const code = (error as { code?: unknown } | undefined)?.code;
  if (typeof code !== 'string' || !/^E[A-Z0-9]+$/.test(code)) return error;
  return new DiskError(code, { ...(path !== undefined && { path }), cause: error });
}

/** Whether it is a failure of a disk, told as a `DiskError` or as a system call does. */
export function isDiskFailure(error: unknown): boolean {
  return asDiskError(error) instanceof DiskError;
}
