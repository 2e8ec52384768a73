import { MiB } from '@dfs/runtime';

/** The most that a group has of things, and of their bytes. */
export interface GroupLimits {
  readonly count: number;
  readonly bytes: number;
}

/** Small files that one call takes to a disk or from it. */
export const ONE_CALL: GroupLimits = { count: 64, bytes: 1 * MiB };

/** In order, in groups: each is closed by the first thing with which it has as many, or as many bytes, as it may have. */
export function* groupsOf<T>(
  all: Iterable<T>,
  bytesOf: (one: T) => number,
  { count, bytes: most }: GroupLimits,
): Generator<T[], void, undefined> {
  let group: T[] = [];
  let bytes = 0;
  for (const one of all) {
    group.push(one);
    bytes += bytesOf(one);
    if (group.length < count && bytes < most) continue;
    yield group;
    [group, bytes] = [[], 0];
  }
  if (group.length > 0) yield group;
}
