import { portableName } from '@dfs/runtime';

/** Names for the entries of a zip, from paths without what they begin with: what some system does not take is mapped, and each is there once. */
export function zipNames(paths: readonly string[], strip: string): string[] {
  const taken = new Set<string>();
  return paths.map((path) => {
    const name = path.slice(strip.length).split('/').map(portableName).join('/');
    const free = unlike(name, taken);
    taken.add(free.toLowerCase());
    return free;
  });
}

/** `a.txt`, `a (2).txt`, …: in whatever case, since some systems tell no cases apart. */
function unlike(name: string, taken: ReadonlySet<string>): string {
  if (!taken.has(name.toLowerCase())) return name;
  const dot = name.lastIndexOf('.');
  const end = dot > name.lastIndexOf('/') + 1 ? dot : name.length;
  for (let n = 2; ; n++) {
    const other = `${name.slice(0, end)} (${n})${name.slice(end)}`;
    if (!taken.has(other.toLowerCase())) return other;
  }
}

/** What the paths of a selection have in common: the folder that all of them are in, with its slash; or nothing. */
export function commonFolder(paths: readonly string[]): string {
  const [first = ''] = paths;
  let folder = first.slice(0, first.lastIndexOf('/') + 1);
  for (const path of paths) {
    while (!path.startsWith(folder)) folder = folder.slice(0, folder.lastIndexOf('/', folder.length - 2) + 1);
  }
  return folder;
}
