import type { FilesApi } from '@dfs/client-data';
import type { LookupResult } from '@dfs/contracts';
import { firstValueFrom } from 'rxjs';
import type { UploadItem } from './upload-item.js';

/** Paths of one look-up: the engine's limit. */
const MAX_LOOKUP = 1000;
/** Names that are tried beside one that is taken, before it is given up. */
const MAX_NAMES = 1000;
const LEVELS = 10;

/** The answer for names that exist, for all of them. */
export type TakenChoice = 'replace' | 'both' | 'skip';

/** The new ones, and those at whose path there is a file. Each knows then what was seen at its path. */
export interface Admitted {
  fresh: UploadItem[];
  taken: UploadItem[];
}

type LookUp = Pick<FilesApi, 'lookUp'>;

/** Looks at what is at the paths of uploads. A path that can be none is for the upload itself to tell of. */
export async function lookUpAll(files: LookUp, items: readonly UploadItem[]): Promise<Admitted> {
  const admitted: Admitted = { fresh: [], taken: [] };
  for (let at = 0; at < items.length; at += MAX_LOOKUP) {
    const some = items.slice(at, at + MAX_LOOKUP);
    const found = await firstValueFrom(files.lookUp(some.map(({ path }) => path)));
    some.forEach((item, n) => {
      const file = found[n]?.file ?? null;
      item.seen = file && { version: file.version };
      item.admitted = true;
      (file ? admitted.taken : admitted.fresh).push(item);
    });
  }
  return admitted;
}

/** Gives each of these a free name beside the one that is taken: `a (2).txt`. @param used paths that are spoken for */
export async function nameBeside(
  files: LookUp,
  items: readonly UploadItem[],
  used: ReadonlySet<string>,
): Promise<void> {
  const spoken = new Set(used);
  let left = items.map((item) => ({ item, name: item.path, next: 2 }));
  while (left.length > 0) {
    const some = left.slice(0, Math.floor(MAX_LOOKUP / LEVELS));
    const names = some.map(({ name, next }) => Array.from({ length: LEVELS }, (_, n) => beside(name, next + n)));
    const found = await firstValueFrom(files.lookUp(names.flat()));
    const open: typeof left = [];
    some.forEach((one, n) => {
      const free = names[n]?.find((path, level) => isFree(found[n * LEVELS + level]) && !spoken.has(path));
      if (free === undefined && one.next < MAX_NAMES) return open.push({ ...one, next: one.next + LEVELS });
      spoken.add(free ?? one.name);
      one.item.rename(free ?? one.name);
      return (one.item.seen = null);
    });
    left = [...open, ...left.slice(some.length)];
  }
}

function isFree(found: LookupResult | undefined): boolean {
  return found !== undefined && found.file === null;
}

function beside(path: string, n: number): string {
  const slash = path.lastIndexOf('/');
  const dot = path.lastIndexOf('.');
  const at = dot > slash + 1 ? dot : path.length;
  return `${path.slice(0, at)} (${n})${path.slice(at)}`;
}
