import { loadTranslations, ɵcomputeMsgId as idOf } from '@angular/localize';
import texts from './de.json' with { type: 'json' };

/**
 * From here on all words are German. Its texts stand in `de.json` by the English ones: `{$…}` are the places of what is put in, and before
 * `¦` stands the meaning, where a text has one. `node tools/messages.mjs` tells which are missing.
 */
export function speakGerman(): void {
  loadTranslations(translationsOf(texts));
}

/**
 * By the ids under which Angular looks for them: made of the English text as it stands in its template, with the white space at its
 * ends, and of its meaning where it has one.
 */
export function translationsOf(texts: Readonly<Record<string, string>>): Record<string, string> {
  const translations: Record<string, string> = {};
  for (const [key, german] of Object.entries(texts)) {
    const [meaning, english] = key.includes(MEANING) ? key.split(MEANING, 2) : ['', key];
    for (const before of ENDS) {
      for (const after of ENDS) translations[idOf(before + (english ?? '') + after, meaning)] = before + german + after;
    }
  }
  return translations;
}

/** Between a meaning and its text. */
const MEANING = '¦';
const ENDS = ['', ' '];
