import { Component } from '@angular/core';
import { DialogFrame, dialogData, dialogRef } from '../../kit/dialogs.js';
import { visibleName } from '../../kit/words/names.js';
import { counted } from '../../kit/words/sizes.js';
import type { TakenChoice } from './admission.js';

/** Names that are told. */
const NAMED = 100;

/** The paths at which there is a file. */
export interface TakenQuestion {
  paths: readonly string[];
}

/** Asks once, for all names that exist, what is to become of them. Left without an answer, they are skipped. */
@Component({
  selector: 'dfs-taken-dialog',
  imports: [DialogFrame],
  template: `
    <dfs-dialog [heading]="heading">
      <ul class="names" tabindex="0" aria-label="Names that exist" i18n-aria-label>
        @for (name of names; track $index) {
          <li dir="auto">{{ name }}</li>
        }
        @if (more > 0) {
          <li i18n>and {{ counted(more, 'other') }}</li>
        }
      </ul>
      <p i18n>
        Replace makes a new version: the old one is kept and can be restored. Keep both gives yours another name.
      </p>
      <ng-container actions>
        <button i18n class="btn" type="button" (click)="ref.close('skip')">Skip</button>
        <button i18n class="btn" type="button" (click)="ref.close('both')">Keep both</button>
        <button i18n class="btn primary" type="button" (click)="ref.close('replace')">Replace</button>
      </ng-container>
    </dfs-dialog>
  `,
  styles: `
    .names {
      max-height: 180px;
      margin-bottom: 12px;
      padding: 8px 12px;
      overflow: auto;
      border: 1px solid var(--line);
      border-radius: var(--radius-small);
      background: var(--bg);
    }
    li {
      overflow: hidden;
      text-overflow: ellipsis;
      white-space: nowrap;
      unicode-bidi: isolate;
    }
    p {
      color: var(--text-2);
    }
  `,
})
export class TakenDialog {
  readonly #paths = dialogData<TakenQuestion>().paths;
  protected readonly ref = dialogRef<TakenChoice>();
  protected readonly heading =
    this.#paths.length === 1
      ? $localize`A file of this name exists`
      : $localize`${counted(this.#paths.length, 'name')}:names: exist already`;
  protected readonly names = this.#paths.slice(0, NAMED).map(visibleName);
  protected readonly more = this.#paths.length - this.names.length;
  protected readonly counted = counted;
}
