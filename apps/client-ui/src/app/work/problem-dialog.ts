import { Component } from '@angular/core';
import type { ApiProblem } from '@dfs/client-data';
import { DialogFrame, dialogData, dialogRef } from '../kit/dialogs.js';
import { CopyButton } from '../kit/copy-button.js';
import { codeOf } from '../kit/problem-facts.js';
import { visibleName } from '../kit/words/names.js';

/** Names that are shown. */
const NAMED = 100;

/** A failure in full. */
export interface Explained {
  heading: string;
  /** Names it is about, as they may be shown. */
  about: readonly string[];
  problem: ApiProblem;
  /** The event itself, in a sentence or two. */
  happened: string;
  /** The meaning for the data. */
  meaning: string;
  advice: string;
  /** All facts, to copy. */
  details: string;
  /** Does it again; null where that is not possible. */
  again: (() => void) | null;
}

/** A failure in full: the event, its meaning for the data, the next step, and all facts to copy. */
@Component({
  selector: 'dfs-problem-dialog',
  imports: [CopyButton, DialogFrame],
  template: `
    <dfs-dialog [heading]="told.heading">
      @for (name of names; track $index) {
        <p class="path" dir="auto">{{ name }}</p>
      }
      <dl>
        <dt i18n>What happened</dt>
        <dd dir="auto">{{ visibleName(told.happened) }}</dd>
        <dt i18n>What it means</dt>
        <dd>{{ told.meaning }}</dd>
        <dt i18n>What to do</dt>
        <dd>{{ told.advice }}</dd>
        <dt i18n>Code</dt>
        <dd class="code">
          <code>{{ code }}</code>
          <dfs-copy-button [text]="told.details" label="Copy the details" i18n-label />
        </dd>
      </dl>
      <ng-container actions>
        <button i18n class="btn" type="button" (click)="ref.close()">Close</button>
        @if (told.again) {
          <button i18n class="btn primary" type="button" (click)="again()">Try again</button>
        }
      </ng-container>
    </dfs-dialog>
  `,
  styles: `
    .path {
      font-weight: 500;
      overflow-wrap: anywhere;
      unicode-bidi: isolate;
    }
    dl {
      margin-top: 12px;
    }
    dt {
      color: var(--text-2);
      font-size: 12px;
      font-weight: 500;
    }
    dd {
      margin: 0 0 10px;
      overflow-wrap: anywhere;
    }
    .code {
      display: flex;
      align-items: center;
      gap: 4px;
    }
  `,
})
export class ProblemDialog {
  protected readonly told = dialogData<Explained>();
  protected readonly ref = dialogRef<void>();
  protected readonly names = this.told.about.slice(0, NAMED);
  protected readonly visibleName = visibleName;
  protected readonly code = codeOf(this.told.problem);

  protected again(): void {
    this.ref.close();
    this.told.again?.();
  }
}
