import { counted } from '../kit/words/sizes.js';
import type { Totals } from './list/file-window.js';
import type { FileView } from './list/rows.js';

/** Words of the page that depend on how it is. */
export const FILES_WORDS = {
  roomy: $localize`Roomy rows`,
  compact: $localize`Compact rows`,
  emptyFolder: $localize`This folder is empty`,
  noFiles: $localize`No files yet`,
};

/** `3 folders, 120 files`; empty before the first answer. */
export function countOf(totals: Totals | null, view: FileView): string {
  if (totals === null) return '';
  const exactly = view.q === '' ? counted(totals.files, 'file') : counted(totals.files, 'match');
  const files = totals.atLeast ? $localize`More than ${exactly}:files:` : exactly;
  return totals.folders > 0 ? `${counted(totals.folders, 'folder')}, ${files}` : files;
}
