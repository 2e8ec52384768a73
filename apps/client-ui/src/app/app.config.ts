import {
  inject,
  provideBrowserGlobalErrorListeners,
  provideZonelessChangeDetection,
  type ApplicationConfig,
} from '@angular/core';
import {
  provideRouter,
  withComponentInputBinding,
  withNavigationErrorHandler,
  withPreloading,
  type NavigationError,
} from '@angular/router';
import { provideClientData } from '@dfs/client-data';
import { routes } from './app.routes.js';
import { Reload } from './kit/parts/reload.js';
import { PagePreload } from './shell/page-preload.js';

/** A page is this old before it reloads itself: one that cannot even begin goes on trying, at this pace. */
const RELOAD_PAUSE_MS = 5000;

/** The page that one goes to could not be loaded: without it there is nothing to look at. */
function reloadWhenPossible({ error, url }: NavigationError): void {
  if (!(error instanceof TypeError) || !/module/i.test(error.message)) return;
  void inject(Reload).soon(url, RELOAD_PAUSE_MS);
}

/** The parts of the console. */
export const appConfig: ApplicationConfig = {
  providers: [
    provideZonelessChangeDetection(),
    provideBrowserGlobalErrorListeners(),
    provideClientData(),
    provideRouter(
      routes,
      withComponentInputBinding(),
      withPreloading(PagePreload),
      withNavigationErrorHandler(reloadWhenPossible),
    ),
  ],
};
