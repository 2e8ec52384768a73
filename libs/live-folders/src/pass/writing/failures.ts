import { isDfsError } from '@dfs/runtime';
import { isDiskError } from '../../disk/disk-error.js';
import type { PassNotes } from '../context.js';

// The words to a person about a step that was not done, and the time of the next try.

/** Milliseconds until what could not be had from any holder is tried again. */
export const TRY_AGAIN = 60_000;
/** Milliseconds until what is not as it was is looked at again. */
const SOON = 100;
/** The same of what changes just now. */
const CHANGING = 1000;

/** The disk is not as it was: it is looked at again. */
export function lookAgain(notes: PassNotes, path: string): void {
  notes.lookAgain(path, SOON);
}

/** The name is that of something else on this disk, which takes different names for the same. */
export function tellTwin(notes: PassNotes, path: string): void {
  notes.tell('hidden', path, 'For this disk it is the same name as that of something else, which stands there.');
  notes.lookAgain(path, TRY_AGAIN);
}

/** There is no room for it. */
export function tellFull(notes: PassNotes, path: string): void {
  notes.isFull = true;
  notes.tell('no-room', path, 'The disk of the folder is full: make room on it.');
}

/** Why a step failed. @throws the error itself where nobody can do anything about it */
export function tellFailure(notes: PassNotes, path: string, error: unknown): void {
  if (isFull(error)) tellFull(notes, path);
  else if (isDiskError(error, 'EACCES', 'EPERM', 'EROFS', 'ENAMETOOLONG', 'EINVAL', 'EFBIG')) {
    notes.tell('unreadable', path, `The disk refuses to write it (${error.code}).`);
  } else if (isDiskError(error, 'changed', 'changing', 'ENOENT', 'ENOTDIR', 'EEXIST', 'outside')) {
    notes.lookAgain(path, CHANGING);
  } else if (
    isDfsError(error, 'content-unavailable') ||
    isDfsError(error, 'peer-unreachable') ||
    isDfsError(error, 'timeout')
  ) {
    notes.tell('unavailable', path, 'No member that can be reached has its bytes now.');
    notes.lookAgain(path, TRY_AGAIN);
  } else throw error;
}

/** The disk has no room left. */
export function isFull(error: unknown): boolean {
  return isDiskError(error, 'ENOSPC', 'EDQUOT');
}
