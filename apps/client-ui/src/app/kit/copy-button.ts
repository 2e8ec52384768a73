import { Clipboard } from '@angular/cdk/clipboard';
import { Component, inject, input, signal } from '@angular/core';
import { mdiCheck, mdiContentCopy } from '@mdi/js';
import { Icon } from './icon.js';
import { Tip } from './tip.js';

const SHOWN_MS = 2000;

/** Copies a text, and says that it did. */
@Component({
  selector: 'dfs-copy-button',
  imports: [Icon, Tip],
  template: `
    <button type="button" class="btn icon copy" [attr.aria-label]="label()" [dfsTip]="label()" (click)="copy()">
      <dfs-icon [path]="copied() ? check : content" [size]="16" />
    </button>
    <span class="said" role="status">
      @if (copied()) {
        <ng-container i18n>Copied</ng-container>
      }
    </span>
  `,
  styles: `
    :host {
      display: inline-flex;
      color: var(--text-2);
    }
    .copy {
      width: 28px;
      height: 28px;
      padding: 6px;
    }
  `,
})
export class CopyButton {
  readonly #clipboard = inject(Clipboard);
  readonly #copied = signal(false);
  /** Or what makes it, where that is much, once it is wanted. */
  readonly text = input.required<string | (() => string)>();
  readonly label = input($localize`Copy`);
  protected readonly copied = this.#copied.asReadonly();
  protected readonly check = mdiCheck;
  protected readonly content = mdiContentCopy;

  protected copy(): void {
    const text = this.text();
    this.#copied.set(this.#clipboard.copy(typeof text === 'string' ? text : text()));
    setTimeout(() => this.#copied.set(false), SHOWN_MS);
  }
}
