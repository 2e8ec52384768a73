import { Component, input } from '@angular/core';

/** One drawing from `@mdi/js`, in the colour of the text around it. Decoration: what it means is said beside it. */
@Component({
  selector: 'dfs-icon',
  template: `<svg viewBox="0 0 24 24" [attr.width]="size()" [attr.height]="size()" aria-hidden="true" focusable="false">
    <path [attr.d]="path()" fill="currentColor" />
  </svg>`,
  styles: `
    :host {
      display: inline-flex;
      flex: none;
      line-height: 0;
    }
  `,
})
export class Icon {
  readonly path = input.required<string>();
  /** CSS pixels. */
  readonly size = input(20);
}
