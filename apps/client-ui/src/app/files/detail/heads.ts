import type { VersionInfo } from '@dfs/contracts';

/** The versions of a conflict: the one everyone shows first. */
export function headsOf(versions: readonly VersionInfo[]): VersionInfo[] {
  return versions.filter(({ head }) => head).sort((a, b) => Number(b.shown) - Number(a.shown));
}

/**
 * Names for all heads but the first one, by their authors: `a (from berta).txt`; numbered where one author has several.
 */
export function otherNames(
  heads: readonly VersionInfo[],
  nameOfPeer: (peerId: string) => string,
): Record<string, string> {
  const names: Record<string, string> = {};
  const taken = new Set<string>();
  for (const { version, path, author } of heads.slice(1)) {
    const folder = path.slice(0, path.lastIndexOf('/') + 1);
    const name = path.slice(folder.length);
    const dot = name.lastIndexOf('.') > 0 ? name.lastIndexOf('.') : name.length;
    // A name of a node may hold what a path must not.
    const from = nameOfPeer(author).replace(/[/\p{Cc}]/gu, '-');
    for (let n = 1; ; n++) {
      const label = n === 1 ? from : `${from} ${n}`;
      const candidate = `${folder}${name.slice(0, dot)} (from ${label})${name.slice(dot)}`;
      if (taken.has(candidate)) continue;
      taken.add(candidate);
      names[version] = candidate;
      break;
    }
  }
  return names;
}
