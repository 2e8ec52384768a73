import { visibleName } from '../../kit/words/names.js';
import { counted } from '../../kit/words/sizes.js';
import { rawName, type Row } from '../list/rows.js';
import type { PlaceQuestion } from './folder-picker.js';

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

/** Asks where rows of a folder go: a folder cannot be moved into itself. */
export function placeQuestion(op: 'move' | 'copy', rows: readonly Row[], prefix: string): PlaceQuestion {
  const [only, ...others] = rows;
  const what = only && others.length === 0 ? `“${visibleName(rawName(only))}”` : counted(rows.length, 'item');
  return {
    heading: op === 'move' ? $localize`Move ${what}:what: to` : $localize`Copy ${what}:what: to`,
    action: op === 'move' ? $localize`Move here` : $localize`Copy here`,
    prefix,
    without: op === 'move' ? rows.filter(({ kind }) => kind === 'folder').map(({ path }) => path) : [],
  };
}
