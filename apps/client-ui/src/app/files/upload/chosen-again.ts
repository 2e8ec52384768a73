import { FORM } from './dropped-files.js';
import type { UploadItem } from './upload-item.js';

/** Uploads whose file a person has to choose (again). */
export function isUnchosen(item: UploadItem): boolean {
  return item.state() === 'unchosen' || (item.state() === 'failed' && item.problem()?.code === 'file-unreadable');
}

/**
 * Which uploads these files are meant for: by the end of their path; of several by size and time too. One that was begun and has other bytes
 * now begins anew.
 */
export function chosenAgain(items: readonly UploadItem[], files: Iterable<File>): { item: UploadItem; file: File }[] {
  const open = new Set(items.filter(isUnchosen));
  const found: { item: UploadItem; file: File }[] = [];
  for (const file of files) {
    const name = (file.webkitRelativePath || file.name).normalize(FORM);
    const named = [...open].filter(({ path }) => path === name || path.endsWith(`/${name}`));
    const same = named.filter((item) => item.size === file.size && item.modified === file.lastModified);
    const item = same[0] ?? (named.length === 1 ? named[0] : undefined);
    if (!item) continue;
    open.delete(item);
    found.push({ item, file });
  }
  return found;
}
