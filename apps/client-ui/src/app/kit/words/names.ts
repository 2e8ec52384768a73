/**
 * Characters that turn the text around them (bidi overrides, embeddings, isolates), break its line, or take no room at all: in a name
 * they serve to deceive (`photo<U+202E>gpj.exe`), so they are shown as a box. Joiners and selectors of variants stay, since scripts and
 * emoji need them; the tags of flags stay behind a flag.
 */
const DECEIVING =
  /(?!\p{Join_Control}|\p{Variation_Selector}|[\u{E0020}-\u{E007F}])[\p{Default_Ignorable_Code_Point}\p{Bidi_Control}\p{Cc}\p{Zl}\p{Zp}]|(?<!\u{1F3F4}[\u{E0020}-\u{E007F}]*)[\u{E0020}-\u{E007F}]/gu;

/** A name as it may be shown, and a sentence that may have one in it. */
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
