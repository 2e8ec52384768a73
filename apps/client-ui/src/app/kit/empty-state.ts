import { Component, input } from '@angular/core';
import { Icon } from './icon.js';

/** Nothing is here yet: what this place is for, and the first thing to do. Actions go inside. */
@Component({
  selector: 'dfs-empty-state',
  imports: [Icon],
  template: `
    <span class="drawing"><dfs-icon [path]="icon()" [size]="34" /></span>
    <h2>{{ heading() }}</h2>
    <p>{{ text() }}</p>
    <div class="actions"><ng-content /></div>
  `,
  styles: `
    :host {
      display: flex;
      flex-direction: column;
      align-items: center;
      padding: 48px 24px;
      text-align: center;
    }
    .drawing {
      display: grid;
      place-items: center;
      width: 72px;
      height: 72px;
      border-radius: 20px;
      background: var(--accent-soft);
      color: var(--accent);
    }
    h2 {
      margin: 18px 0 6px;
      font-size: 17px;
      font-weight: 500;
    }
    p {
      max-width: 46ch;
      color: var(--text-2);
    }
    .actions {
      display: flex;
      flex-wrap: wrap;
      gap: 8px;
      justify-content: center;
      margin-top: 18px;
    }
  `,
})
export class EmptyState {
  readonly icon = input.required<string>();
  readonly heading = input.required<string>();
  readonly text = input.required<string>();
}
