/** The languages of the console. */
export const LANGUAGES = ['en', 'de'] as const;
/** One of them. */
export type Language = (typeof LANGUAGES)[number];

/** Under which the choice of a person is kept in this browser. */
const KEPT = 'dfs-language';

/** The language that a person chose in this browser; null where the browser's own languages decide. */
export function chosenLanguage(): Language | null {
  try {
    return languageFrom(globalThis.localStorage.getItem(KEPT));
  } catch {
    // A browser that keeps nothing.
    return null;
  }
}

/** Keeps the choice, and reloads the page: all words are made anew. */
export function chooseLanguage(language: Language | null): void {
  try {
    if (language === null) globalThis.localStorage.removeItem(KEPT);
    else globalThis.localStorage.setItem(KEPT, language);
  } catch {
    // Then it holds for no page.
  }
  globalThis.location.reload();
}

/** The first language of the browser that the console speaks; English where it speaks none of them. */
export function languageOf(chosen: Language | null, browser: readonly string[]): Language {
  return chosen ?? browser.map(languageFrom).find((language) => language !== null) ?? 'en';
}

/**
 * Sets the language of the page, and loads its words: before anything else of the console, whose words are fixed as its parts are
 * loaded. Where the words cannot be had the console speaks English.
 */
export async function beginLanguage(): Promise<void> {
  const language = languageOf(chosenLanguage(), globalThis.navigator.languages);
  if (language === 'de') {
    const german = await import('./german.js').catch(() => null);
    if (german === null) return;
    german.speakGerman();
  }
  globalThis.document.documentElement.lang = language;
}

/** `de-AT` is German. */
function languageFrom(tag: string | null): Language | null {
  const language = tag?.toLowerCase().split('-', 1)[0];
  return LANGUAGES.find((known) => known === language) ?? null;
}
