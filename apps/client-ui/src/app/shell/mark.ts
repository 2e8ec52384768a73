import { Component, input } from '@angular/core';

/** The mark of DFS: a block, and what it is made of. */
@Component({
  selector: 'dfs-mark',
  template: `<svg viewBox="0 0 32 32" [attr.width]="size()" [attr.height]="size()" aria-hidden="true" focusable="false">
    <rect width="32" height="32" rx="8" fill="#2457d6" />
    <g fill="none" stroke="#fff" stroke-width="2.2" stroke-linejoin="round">
      <path d="M16 6.5l8 4.6v9.8l-8 4.6-8-4.6v-9.8z" opacity=".45" />
      <path d="M16 16V6.5M16 16l8 4.9M16 16l-8 4.9" />
    </g>
    <circle cx="16" cy="16" r="3.2" fill="#fff" />
  </svg>`,
  styles: `
    :host {
      display: inline-flex;
      flex: none;
    }
  `,
})
export class Mark {
  /** CSS pixels. */
  readonly size = input(28);
}
