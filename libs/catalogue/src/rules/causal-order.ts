/** Items so that the parents that are among them come first. Without recursion: a path may have a long history. */
export function causally<T>(
  items: readonly T[],
  idOf: (item: T) => string,
  parentsOf: (item: T) => readonly string[],
): T[] {
  const byId = new Map(items.map((item) => [idOf(item), item]));
  const placed = new Set<T>();
  const ordered: T[] = [];
  for (const item of items) {
    const open = [item];
    for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
      const missing = placed.has(top)
        ? undefined
        : parentsOf(top)
            .map((id) => byId.get(id))
            .find((parent) => parent !== undefined && !placed.has(parent));
      if (missing !== undefined) {
        open.push(missing);
        continue;
      }
      open.pop();
      if (!placed.has(top)) ordered.push(top);
      placed.add(top);
    }
  }
  return ordered;
}
