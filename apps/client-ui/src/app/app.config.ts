import { Location } from '@angular/common';
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

/** A page is this old before it reloads itself: one that cannot even begin goes on trying, at this pace. */
const RELOAD_PAUSE_MS = 5000;

/**
 * A part of the console could not be loaded. Either the node was updated, and the parts of the open page are gone, or the
 * connection broke: they come with a reload. Or the node is away: then the reload waits for it.
 */
function reloadWhenPossible({ error, url }: NavigationError): void {
  if (!(error instanceof TypeError) || !/module/i.test(error.message)) return;
  const { live } = inject(EventStream);
  const address = inject(Location).prepareExternalUrl(url);
  const reload = () => globalThis.location.assign(address);
  const reloadSoon = () => setTimeout(reload, RELOAD_PAUSE_MS - performance.now());
  fetch(address, { method: 'HEAD', cache: 'no-store' }).then(reloadSoon, () => live.pipe(take(1)).subscribe(reload));
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
