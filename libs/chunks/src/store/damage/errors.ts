import { DfsError, isDfsError } from '@dfs/protocol';

const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);
/** What a read meets when the bytes are gone or cannot be read, rather than when the node is short of something. */
const LOST = new Set(['ENOENT', 'EIO', 'EISDIR', 'EUCLEAN', 'EBADMSG']);

function codeOf(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : undefined;
}

/** Whether a write failed for want of room. */
export function isFull(error: unknown): boolean {
  return FULL.has(codeOf(error) ?? '');
}

/** An error of a write as callers know it. */
export function writeError(error: unknown): Error {
  if (!isDfsError(error) && isFull(error)) return noSpace(error);
  return error instanceof Error ? error : new Error('writing chunks failed', { cause: error });
}

export function noSpace(cause?: unknown): DfsError {
  return new DfsError('no-space', 'The disk of this node is full: make room on it and try again.', { cause });
}

export function quotaExceeded(purpose: 'local' | 'peer'): DfsError {
  const detail =
    purpose === 'local'
      ? 'The storage quota of this node is used up: delete files or raise the quota, and try again.'
      : 'The share of this node’s quota that is meant for other members’ data is used up.';
  return new DfsError('quota-exceeded', detail);
}

/** Whether a failed read means that the bytes are lost. */
export function isLostBytes(error: unknown): boolean {
  return LOST.has(codeOf(error) ?? '');
}

export function chunkNotFound(): DfsError {
  return new DfsError('chunk-not-found', 'This node does not hold that chunk.');
}

export function chunkDamaged(): DfsError {
  return new DfsError('chunk-damaged', 'A chunk on this node is damaged. It is taken out of use until it is healed.');
}
