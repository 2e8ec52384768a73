import { Component, input } from '@angular/core';
import { Icon } from './icon.js';
import { Tip } from './tip.js';

/** A button that is a drawing: `tip` is its word for those who see it, `label` its name, with what it acts on. */
@Component({
  // The host stays a button, with all that a button can.
  // eslint-disable-next-line @angular-eslint/component-selector
  selector: 'button[dfsAct]',
  imports: [Icon],
  template: '<dfs-icon [path]="icon()" [size]="size()" />',
  hostDirectives: [{ directive: Tip, inputs: ['dfsTip: tip'] }],
  host: { class: 'btn icon', type: 'button', '[attr.aria-label]': 'label()' },
})
export class ActButton {
  /** One drawing from `@mdi/js`. */
  readonly icon = input.required<string>({ alias: 'dfsAct' });
  readonly label = input.required<string>();
  /** CSS pixels. */
  readonly size = input(20);
}
