import { Component, inject } from '@angular/core';
import { MatButton } from '@angular/material/button';
import {
  MAT_DIALOG_DATA,
  MatDialogActions,
  MatDialogClose,
  MatDialogContent,
  MatDialogTitle,
} from '@angular/material/dialog';

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
  imports: [MatButton, MatDialogActions, MatDialogClose, MatDialogContent, MatDialogTitle],
  template: `
    <h2 mat-dialog-title>{{ question.title }}</h2>
    <mat-dialog-content>
      @if (question.about; as about) {
        <ul class="about">
          @for (line of about; track $index) {
            <li dir="auto">{{ line }}</li>
          }
        </ul>
      }
      @for (line of question.text; track $index) {
        <p>{{ line }}</p>
      }
    </mat-dialog-content>
    <mat-dialog-actions align="end">
      <button matButton type="button" mat-dialog-close>Cancel</button>
      <button matButton="filled" type="button" class="danger" [mat-dialog-close]="true">{{ question.action }}</button>
    </mat-dialog-actions>
  `,
  styles: `
    p + p,
    ul + p {
      margin-top: 10px;
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
      color: var(--text);
    }
    .about li {
      overflow: hidden;
      text-overflow: ellipsis;
      white-space: nowrap;
      unicode-bidi: isolate;
    }
    .danger {
      --mat-button-filled-container-color: light-dark(#b3261e, #ff9f97);
      --mat-button-filled-label-text-color: light-dark(#ffffff, #3b0a07);
    }
  `,
})
export class ConfirmDialog {
  protected readonly question = inject<Question>(MAT_DIALOG_DATA);
}
