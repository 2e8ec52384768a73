import { DfsError, isDfsError, MiB } from '@dfs/runtime';
import type { PastBytes, Purpose } from '../admission/room.js';

const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);
/** EDQUOT of Linux, for which libuv has no name. */
const EDQUOT = -122;
/** Of this process, not of the disk. */
const SHORTAGE = new Set(['EMFILE', 'ENFILE', 'ENOMEM']);
/** Codes of a read whose bytes are gone or cannot be read, rather than when the node is short of something. */
const LOST = new Set(['ENOENT', 'EIO', 'EISDIR', 'EUCLEAN', 'EBADMSG']);

/** The code of a system error. */
export function codeOf(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : undefined;
}

/** Whether a write failed for want of room. */
export function isFull(error: unknown): boolean {
  return FULL.has(codeOf(error) ?? '') || errnoOf(error) === EDQUOT;
}

/** An error of a write as callers know it: `no-space`, or `disk-failed` for what the file system refuses otherwise. */
export function writeError(error: unknown): Error {
  if (isDfsError(error)) return error;
  if (isFull(error)) return noSpace(error);
  if (isOfDisk(error)) return diskFailed(error);
  return error instanceof Error ? error : new Error('writing chunks failed', { cause: error });
}

function errnoOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('errno' in error)) return undefined;
  return typeof error.errno === 'number' ? error.errno : undefined;
}

/** Whether the file system says so, rather than that this process is short of something. */
function isOfDisk(error: unknown): boolean {
  const code = codeOf(error) ?? '';
  return (/^E[A-Z0-9]+$/.test(code) && !SHORTAGE.has(code)) || code.startsWith('Unknown system error');
}

/** The disk does not take what is to be written, and not for want of room. */
function diskFailed(cause: unknown): DfsError {
  const code = codeOf(cause);
  const detail =
    code === 'ETIMEDOUT'
      ? 'The disk of this node does not answer: check the disk and its connection. Then try again.'
      : `The disk of this node cannot be written (${code}): check the disk, and whether it is mounted read-only. Then try again.`;
  return new DfsError('disk-failed', detail, { cause });
}

/** `no-space`: the file system is full, whatever the quota says. */
export function noSpace(cause?: unknown): DfsError {
  return new DfsError('no-space', 'The disk of this node is full: make room on it and try again.', { cause });
}

/** @param past what is stored of deleted files and past versions, and could not be let go of */
export function quotaExceeded(purpose: Purpose, past?: PastBytes): DfsError {
  if (purpose === 'peer') {
    return new DfsError('quota-exceeded', 'The share of this node’s quota for data of other members is used up.');
  }
  const advice =
    'The storage quota of this node has no room left for that: delete files or raise the quota, and try again.';
  if (!past) return new DfsError('quota-exceeded', advice);
  const inMiB = (bytes: number): string => `${Math.round(bytes / MiB)} MiB`;
  const kept = `Deleted files take ${inMiB(past.deletedBytes)} of it and past versions ${inMiB(past.pastVersionBytes)}, which is not enough or has to stay for now.`;
  return new DfsError('quota-exceeded', `${advice} ${kept}`, { facts: { ...past } });
}

/** Whether a failed read means that the bytes are lost. */
export function isLostBytes(error: unknown): boolean {
  return LOST.has(codeOf(error) ?? '');
}

/** Whether an error says that a block cannot be had from this node now, so that others are to be asked. */
export function isNotHere(error: unknown): boolean {
  return (
    isDfsError(error, 'chunk-damaged') || isDfsError(error, 'chunk-not-found') || isDfsError(error, 'chunk-unreadable')
  );
}

/** `chunk-unreadable`: the disk refuses or does not answer. The block may be sound, and is not given up. */
export function chunkUnreadable(cause: unknown): DfsError {
  const detail =
    'A chunk on this node cannot be read at the moment: check its disk, and who may read its data directory.';
  return new DfsError('chunk-unreadable', detail, { cause });
}

/** `chunk-not-found`: no row names the block. */
export function chunkNotFound(): DfsError {
  return new DfsError('chunk-not-found', 'This node does not hold that chunk.');
}

/** `chunk-damaged`: three reads in a row gave bytes that do not hash to the id. */
export function chunkDamaged(): DfsError {
  return new DfsError(
    'chunk-damaged',
    'A chunk on this node is damaged. It is out of use until it is healed or reads well again.',
  );
}
