/** State of a stored record. Up to IN_SET it belongs to the set that all members hold. */
export const RecordState = {
  /** Counts: it is in the history of its path. */
  applied: 1,
  /** Of a later release: stored and passed on. */
  unknown: 2,
  /** Its author is not a member, as far as is known here. */
  waitingAuthor: 3,
  /** Its clock is too far ahead. */
  future: 4,
  /** Written by a member that was removed, after the last record that counts. */
  void: 5,
} as const;
/** One of the numbers above, as column `state` has them. */
export type RecordState = (typeof RecordState)[keyof typeof RecordState];
/** The last state that belongs to the set: a record is in it if its state is no greater. */
export const IN_SET = RecordState.unknown;

/** State of a path. `deletedFolder`: it is deleted, and the last that was there was no file, as far as is known here. */
export const PathState = { current: 1, deleted: 2, folder: 3, deletedFolder: 5 } as const;
/** One of the numbers above, as `catalogue_file.state` has them. */
export type PathState = (typeof PathState)[keyof typeof PathState];
/** Row of catalogue_total that counts conflicts: they may be in any state. */
export const CONFLICT_TOTAL = 4;

/** Whether the last word on a path is a deletion. */
export function isDeleted(state: PathState): boolean {
  return state === PathState.deleted || state === PathState.deletedFolder;
}

/** Kinds as the tables have them. A number is never given to another kind. */
export const KIND_NUMBER = { file: 1, deletion: 2, folder: 3 } as const;
