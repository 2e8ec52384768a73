/** Characters that a name in a zip must not have, since some system takes them for something else. */
const FORBIDDEN = /[\\:*?"<>|]/g;
/** A part ends with these: Windows drops them. */
const ENDING = /[ .]+$/;
/** Devices of Windows, with any extension. */
const DEVICE = /^(con|prn|aux|nul|com\d|lpt\d)(?=\.|$)/i;

/** Names for the entries of a zip, from paths without what they begin with: what zip forbids is mapped, and each is there once. */
export function zipNames(paths: readonly string[], strip: string): string[] {
  const taken = new Set<string>();
  return paths.map((path) => {
    const name = path.slice(strip.length).split('/').map(mapped).join('/');
    const free = unlike(name, taken);
    taken.add(free.toLowerCase());
    return free;
  });
}

function mapped(part: string): string {
  return part
    .replace(FORBIDDEN, '_')
    .replace(ENDING, (end) => '_'.repeat(end.length))
    .replace(DEVICE, '_$1');
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
