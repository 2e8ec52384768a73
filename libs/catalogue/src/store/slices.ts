import { slices } from '@dfs/database';
import { setImmediate as breathe } from 'node:timers/promises';

/** `map` that lets the event loop turn after every `size` items. */
export async function mapInTurns<T, R>(items: readonly T[], size: number, map: (item: T) => R): Promise<R[]> {
  const results: R[] = [];
  for (const slice of slices(items, size)) {
    if (results.length > 0) await breathe();
    for (const item of slice) results.push(map(item));
  }
  return results;
}
