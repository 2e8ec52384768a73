/**
 * Reads items in order, page after page. A page that is not full is the last; an empty one is left out.
 * @param size items of a full page
 * @param read gives those after a key, from the start for null
 * @param keyOf what the next page begins after
 */
export async function* pages<T, K>(
  size: number,
  read: (after: K | null) => Promise<readonly T[]>,
  keyOf: (last: T) => K,
): AsyncGenerator<readonly T[], void, undefined> {
  for (let after: K | null = null; ;) {
    const page: readonly T[] = await read(after);
    const last = page.at(-1);
    if (last === undefined) return;
    yield page;
    if (page.length < size) return;
    after = keyOf(last);
  }
}

/** So many of what is in a set or a map, those first that are in it for longest, without a look at the others. */
export function firstOf<T>(items: Iterable<T>, count: number): T[] {
  const first: T[] = [];
  for (const item of items) {
    if (first.length >= count) break;
    first.push(item);
  }
  return first;
}
