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
import { EventStream, provideClientData } from '@dfs/client-data';
import { take } from 'rxjs';
import { routes } from './app.routes.js';
import { PagePreload } from './shell/page-preload.js';

/** A page younger than this was just loaded. */
const JUST_LOADED_MS = 5000;

/**
 * A part of the console could not be loaded. Either the node was updated, and the parts of the open page are gone: the
 * new ones come with a reload. Or the node is away: then the reload waits for it.
 */
function reloadWhenPossible({ error, url }: NavigationError): void {
  if (!(error instanceof TypeError) || !/module/i.test(error.message)) return;
  const { live } = inject(EventStream);
  const reload = () => globalThis.location.assign(url);
  // A page that cannot even begin would reload for ever.
  const reloadOnce = () => performance.now() > JUST_LOADED_MS && reload();
  fetch(url, { method: 'HEAD', cache: 'no-store' }).then(reloadOnce, () => live.pipe(take(1)).subscribe(reload));
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
