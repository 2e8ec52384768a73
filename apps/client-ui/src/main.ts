import { chosenTheme, showTheme } from './app/kit/theme.js';
import { beginLanguage } from './i18n/language.js';
import { sayUnloaded } from './unloaded.js';

showTheme(chosenTheme());
/** The words first: parts of the console take theirs as they are loaded. */
beginLanguage()
  .then(() => import('./start.js'))
  .catch((error: unknown) => {
    console.error(error);
    sayUnloaded(document, () => globalThis.location.reload());
  });
