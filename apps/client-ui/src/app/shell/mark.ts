import { Component, input } from '@angular/core';

/** The mark of DFS: the blocks of a file, three of them filled, and room for the next. */
@Component({
  selector: 'dfs-mark',
  template: `<svg viewBox="0 0 32 32" [attr.width]="size()" [attr.height]="size()" aria-hidden="true" focusable="false">
    <rect width="32" height="32" rx="8" fill="#3641c8" />
    <g fill="#fff">
      <rect x="6" y="6" width="9" height="9" rx="2.25" />
      <rect x="17" y="6" width="9" height="9" rx="2.25" />
      <rect x="6" y="17" width="9" height="9" rx="2.25" />
    </g>
    <rect x="17.9" y="17.9" width="7.2" height="7.2" rx="1.8" fill="none" stroke="#b9c0ff" stroke-width="1.8" />
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
