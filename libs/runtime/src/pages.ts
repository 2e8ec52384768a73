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

/**
 * The oldest of a map or set, again and again, for one that drops its oldest whenever it has too many. The places of dropped keys stay in
 * V8's table until that is built anew: a search from the front passes tens of thousands of empty ones in a large table.
 */
export class Oldest<K> {
  #keys: Iterator<K> | undefined;

  constructor(private readonly all: { keys(): Iterator<K> }) {}

  /** The key that is in it for longest; undefined where it is empty. To be deleted before the next call. */
  next(): K | undefined {
    const next = this.#keys?.next();
    if (next && !next.done) return next.value;
    // At its end for good, whatever is added later.
    this.#keys = this.all.keys();
    const first = this.#keys.next();
    return first.done ? undefined : first.value;
  }
}
