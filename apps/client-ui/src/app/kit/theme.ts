/** Light, dark, or as the system has it. */
export type Theme = 'system' | 'light' | 'dark';

const KEY = 'dfs-theme';

/** The theme that a person chose in this browser. */
export function chosenTheme(): Theme {
  try {
    const kept = globalThis.localStorage.getItem(KEY);
    return kept === 'light' || kept === 'dark' ? kept : 'system';
  } catch {
    // A browser that keeps nothing.
    return 'system';
  }
}

/** Shows a theme from now on, and keeps it. */
export function chooseTheme(theme: Theme): void {
  try {
    if (theme === 'system') globalThis.localStorage.removeItem(KEY);
    else globalThis.localStorage.setItem(KEY, theme);
  } catch {
    // Then it holds until the page is left.
  }
  showTheme(theme);
}

/** All colours follow from the scheme of the root. */
export function showTheme(theme: Theme): void {
  globalThis.document.documentElement.style.colorScheme = theme === 'system' ? '' : theme;
}
