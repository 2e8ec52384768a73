import { Component, computed, input, output } from '@angular/core';
import { mdiChevronRight } from '@mdi/js';
import { Icon } from '../kit/icon.js';
import { visibleName } from '../kit/words/names.js';
import { TakesRows, type Placing } from './list/row-drag.js';

/** Where one stands, and the way up. */
@Component({
  selector: 'dfs-breadcrumbs',
  imports: [Icon, TakesRows],
  template: `
    <nav aria-label="Folder" i18n-aria-label>
      <ol>
        @for (crumb of crumbs(); track crumb.prefix; let last = $last) {
          <li [class.last]="last">
            @if (last) {
              @if (title()) {
                <h1 aria-current="page" dir="auto" [title]="crumb.name">{{ crumb.name }}</h1>
              } @else {
                <strong aria-current="page" dir="auto">{{ crumb.name }}</strong>
              }
            } @else {
              <button
                class="bare"
                type="button"
                dir="auto"
                [title]="crumb.name"
                [dfsTakesRows]="crumb.prefix"
                (placed)="placed.emit($event)"
                (click)="enter.emit(crumb.prefix)"
              >
                {{ crumb.name }}
              </button>
              <dfs-icon [path]="chevron" [size]="18" />
            }
          </li>
        }
      </ol>
    </nav>
  `,
  styles: `
    :host {
      min-width: 0;
    }
    ol {
      display: flex;
      align-items: center;
      min-width: 0;
    }
    li {
      display: flex;
      align-items: center;
      min-width: 24px;
      color: var(--text-2);
      font-size: 16px;
    }
    .last {
      flex: 0 1 auto;
    }
    .last:not(:only-child) {
      min-width: 60px;
    }
    h1,
    strong,
    button {
      overflow: hidden;
      text-overflow: ellipsis;
      white-space: nowrap;
      unicode-bidi: isolate;
    }
    h1 {
      color: var(--text);
    }
    button {
      padding: 3px 6px;
      margin-inline-start: -6px;
      border-radius: 6px;
    }
    button:hover,
    .takes-rows {
      background: var(--sunken);
      color: var(--text);
    }
    .takes-rows {
      outline: 2px solid var(--accent);
    }
    li:not(:first-child) button {
      margin-inline-start: 0;
    }
    dfs-icon {
      color: var(--text-3);
    }
    /* Little room: the top, the folder above, and the one that is shown. */
    @media (max-width: 900px) {
      li:not(:first-child):not(:nth-last-child(-n + 2)) {
        display: none;
      }
      li:nth-child(n + 3):nth-last-child(2)::before {
        content: '…';
        padding-inline-end: 6px;
      }
    }
  `,
})
export class Breadcrumbs {
  /** With its `/`; empty at the top. */
  readonly prefix = input.required<string>();
  /** The last one is the title of the page. */
  readonly title = input(true);
  readonly enter = output<string>();
  /** Rows were dropped on the way up. */
  readonly placed = output<Placing>();
  protected readonly chevron = mdiChevronRight;
  protected readonly crumbs = computed(() => {
    const parts = this.prefix().split('/').slice(0, -1);
    const folders = parts.map((name, index) => ({
      name: visibleName(name),
      prefix: `${parts.slice(0, index + 1).join('/')}/`,
    }));
    return [{ name: $localize`Files`, prefix: '' }, ...folders];
  });
}
