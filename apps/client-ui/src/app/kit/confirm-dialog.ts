import { Component } from '@angular/core';
import { DialogFrame, dialogData, dialogRef } from './dialogs.js';

/** A question before something that cannot be taken back from here. */
export interface Question {
  title: string;
  /** The consequences, honestly. One paragraph each. */
  text: readonly string[];
  /** The subject, e.g. names; shown apart from the words. */
  about?: readonly string[];
  /** The verb on the button. */
  action: string;
}

/** Closes with `true` when the person means it. */
@Component({
  selector: 'dfs-confirm-dialog',
  imports: [DialogFrame],
  template: `
    <dfs-dialog [heading]="question.title">
      @if (question.about; as about) {
        <ul class="about" tabindex="0" aria-label="What it is about" i18n-aria-label>
          @for (line of about; track $index) {
            <li dir="auto">{{ line }}</li>
          }
        </ul>
      }
      @for (line of question.text; track $index) {
        <p>{{ line }}</p>
      }
      <ng-container actions>
        <button i18n class="btn" type="button" (click)="ref.close()">Cancel</button>
        <button class="btn danger" type="button" (click)="ref.close(true)">{{ question.action }}</button>
      </ng-container>
    </dfs-dialog>
  `,
  styles: `
    p + p,
    ul + p {
      margin-top: 12px;
    }
    p {
      color: var(--text-2);
    }
    .about {
      max-height: 180px;
      overflow: auto;
      padding: 8px 12px;
      border: 1px solid var(--line);
      border-radius: var(--radius-small);
      background: var(--bg);
    }
    .about li {
      overflow: hidden;
      text-overflow: ellipsis;
      white-space: nowrap;
      unicode-bidi: isolate;
    }
  `,
})
export class ConfirmDialog {
  protected readonly question = dialogData<Question>();
  protected readonly ref = dialogRef<boolean>();
}
