/**
 * By which numbers, dates and times are written, and plurals chosen: that of the page's language, which is set before any of
 * this is loaded.
 */
export const LOCALE = globalThis.document.documentElement.lang === 'de' ? 'de' : 'en-GB';

const PLURALS = new Intl.PluralRules(LOCALE);

/** Whether a count goes with the word for one. */
export function isOne(count: number): boolean {
  return PLURALS.select(count) === 'one';
}
