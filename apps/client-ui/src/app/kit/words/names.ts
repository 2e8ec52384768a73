/**
 * Characters that turn the text around them (bidi overrides, embeddings, isolates) or take no room at all: in a name
 * they serve to deceive (`photo<U+202E>gpj.exe`), so they are shown as a box. The zero-width joiner stays: emoji need it.
 */
const DECEIVING = /[\u200B\u200E\u200F\u202A-\u202E\u2060-\u2064\u2066-\u2069\uFEFF\u061C]|\p{Cc}/gu;

/** A name as it may be shown. */
export function visibleName(name: string): string {
  return name.replace(DECEIVING, '\u25A1');
}

/** The last part of a path. */
export function nameOf(path: string): string {
  return visibleName(path.slice(path.lastIndexOf('/') + 1));
}

/** The folder of a path, with its `/`; empty at the top. */
export function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/') + 1);
}
