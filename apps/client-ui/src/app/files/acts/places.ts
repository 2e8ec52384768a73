import { rawName, type Row } from '../list/rows.js';

/** Where a row goes in a folder (`a/b/`, or empty for the top); without a slash at the end, also of a folder. */
export function pathIn(folder: string, row: Row): string {
  return folder + rawName(row);
}

/** A path beside the row for a copy of it: `a (copy).txt`. */
export function freeName(row: Row): string {
  const name = rawName(row);
  const path = row.path.replace(/\/$/, '');
  const dot = row.kind === 'file' ? name.lastIndexOf('.') : -1;
  const at = dot > 0 ? path.length - (name.length - dot) : path.length;
  return `${path.slice(0, at)} (copy)${path.slice(at)}`;
}
