import { Component, inject } from '@angular/core';
import { mdiRefresh } from '@mdi/js';
import { Icon } from '../icon.js';
import { Reload } from './reload.js';

/** Stands in the place of a part of the console that could not be loaded: says so, and tries again. The way to close the place goes inside. */
@Component({
  selector: 'dfs-unloaded',
  imports: [Icon],
  template: `
    <p i18n role="alert">
      This part of the console could not be loaded: the node is away, or was updated. Trying again loads the page anew,
      at the same place.
    </p>
    <div class="acts">
      <button class="btn" type="button" (click)="reload.soon()">
        <dfs-icon [path]="icon" [size]="18" /><ng-container i18n>Try again</ng-container>
      </button>
      <ng-content />
    </div>
    <p role="status">
      @if (reload.waits()) {
        <ng-container i18n>The node does not answer. The page is loaded once it does.</ng-container>
      }
    </p>
  `,
  styles: `
    :host {
      display: grid;
      gap: 12px;
      justify-items: start;
    }
    p {
      max-width: 68ch;
      color: var(--text-2);
    }
    .acts {
      display: flex;
      flex-wrap: wrap;
      gap: 8px;
    }
    p:empty {
      display: none;
    }
  `,
})
export class Unloaded {
  protected readonly reload = inject(Reload);
  protected readonly icon = mdiRefresh;
}
