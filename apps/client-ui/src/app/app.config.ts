import {
  provideBrowserGlobalErrorListeners,
  provideZonelessChangeDetection,
  type ApplicationConfig,
} from '@angular/core';
import { MAT_DIALOG_DEFAULT_OPTIONS, MatDialogConfig } from '@angular/material/dialog';
import { MAT_SNACK_BAR_DEFAULT_OPTIONS, MatSnackBarConfig } from '@angular/material/snack-bar';
import { MAT_TOOLTIP_DEFAULT_OPTIONS, type MatTooltipDefaultOptions } from '@angular/material/tooltip';
import {
  provideRouter,
  withComponentInputBinding,
  withNavigationErrorHandler,
  type NavigationError,
} from '@angular/router';
import { provideClientData } from '@dfs/client-data';
import { routes } from './app.routes.js';

/* The defaults of Material live in the classes; a plain object would lose them. */
const dialog: MatDialogConfig = Object.assign(new MatDialogConfig(), {
  autoFocus: 'first-tabbable',
  restoreFocus: true,
  ariaModal: true,
  width: '520px',
});
const snackBar: MatSnackBarConfig = Object.assign(new MatSnackBarConfig(), {
  duration: 8000,
  verticalPosition: 'bottom',
  horizontalPosition: 'left',
});
const tooltip: MatTooltipDefaultOptions = { showDelay: 400, hideDelay: 0, touchendHideDelay: 1500 };

/** Parts of the console are loaded when needed; after an update of the node those of the open page are gone. */
function reloadAfterUpdate({ error, url }: NavigationError): void {
  if (error instanceof TypeError && /module/i.test(error.message)) globalThis.location.assign(url);
}

/** What the console is made of. */
export const appConfig: ApplicationConfig = {
  providers: [
    provideZonelessChangeDetection(),
    provideBrowserGlobalErrorListeners(),
    provideClientData(),
    provideRouter(routes, withComponentInputBinding(), withNavigationErrorHandler(reloadAfterUpdate)),
    { provide: MAT_DIALOG_DEFAULT_OPTIONS, useValue: dialog },
    { provide: MAT_SNACK_BAR_DEFAULT_OPTIONS, useValue: snackBar },
    { provide: MAT_TOOLTIP_DEFAULT_OPTIONS, useValue: tooltip },
  ],
};
