import { portableName } from '@dfs/runtime';

/** Names for the entries of a zip, from paths without what they begin with: what some system does not take is mapped, and each is there once. */
export function zipNames(paths: readonly string[], strip: string): string[] {
  const taken = new Set<string>();
  const counts = new Map<string, number>();
  return paths.map((path) => {
    const name = path.slice(strip.length).split('/').map(portableName).join('/');
    const free = unlike(name, taken, counts);
    taken.add(free.toLowerCase());
    return free;
  });
}

/** `a.txt`, `a (2).txt`, …: in whatever case, since some systems tell no cases apart. */
function unlike(name: string, taken: ReadonlySet<string>, counts: Map<string, number>): string {
  const key = name.toLowerCase();
  if (!taken.has(key)) return name;
  const dot = name.lastIndexOf('.');
  const end = dot > name.lastIndexOf('/') + 1 ? dot : name.length;
  // Thousands of paths may come to the same name.
  for (let n = counts.get(key) ?? 2; ; n++) {
    counts.set(key, n + 1);
    const other = `${name.slice(0, end)} (${n})${name.slice(end)}`;
    if (!taken.has(other.toLowerCase())) return other;
  }
}

/** The folder that all paths of a selection are in, with its slash; or nothing. */
export function commonFolder(paths: readonly string[]): string {
  const [first = ''] = paths;
  let folder = first.slice(0, first.lastIndexOf('/') + 1);
  for (const path of paths) {
    while (!path.startsWith(folder)) folder = folder.slice(0, folder.lastIndexOf('/', folder.length - 2) + 1);
  }
  return folder;
}
