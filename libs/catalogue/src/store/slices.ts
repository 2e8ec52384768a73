import { setImmediate as breathe } from 'node:timers/promises';

/** The items in their order, in arrays of `size`; the last may be shorter. */
export function* slices<T>(items: readonly T[], size: number): Iterable<T[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size);
}

/** `map` that lets the event loop turn after every `size` items. */
export async function mapInTurns<T, R>(items: readonly T[], size: number, map: (item: T) => R): Promise<R[]> {
  const results: R[] = [];
  for (const slice of slices(items, size)) {
    if (results.length > 0) await breathe();
    for (const item of slice) results.push(map(item));
  }
  return results;
}
