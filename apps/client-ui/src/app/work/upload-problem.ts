import { Component, inject } from '@angular/core';
import { DialogFrame, dialogData, dialogRef } from '../kit/dialogs.js';
import { CopyButton } from '../kit/copy-button.js';
import { visibleName } from '../kit/words/names.js';
import { UploadQueue } from '../files/upload/upload-queue.js';
import type { UploadItem } from '../files/upload/upload-item.js';
import { adviceOf, detailsOf, meaningOf } from './upload-words.js';

/** A failed upload: what happened, what it means for the data, what to do, and all facts to copy. */
@Component({
  selector: 'dfs-upload-problem',
  imports: [CopyButton, DialogFrame],
  template: `
    <dfs-dialog [heading]="problem?.title ?? ''">
      <p class="path" dir="auto">{{ visibleName(item.path) }}</p>
      <dl>
        <dt i18n>What happened</dt>
        <dd dir="auto">{{ visibleName(problem?.detail ?? '') }}</dd>
        <dt i18n>What it means</dt>
        <dd>{{ meaning }}</dd>
        <dt i18n>What to do</dt>
        <dd>{{ advice }}</dd>
        <dt i18n>Code</dt>
        <dd class="code">
          <code>{{ problem?.code }}{{ problem?.requestId ? ' · ' + problem.requestId : '' }}</code>
          <dfs-copy-button [text]="details" label="Copy the details" i18n-label />
        </dd>
      </dl>
      <ng-container actions>
        <button i18n class="btn" type="button" (click)="ref.close()">Close</button>
        @if (item.sendable && item.state() === 'failed') {
          <button i18n class="btn primary" type="button" (click)="retry()">Try again</button>
        }
      </ng-container>
    </dfs-dialog>
  `,
  styles: `
    .path {
      margin-bottom: 12px;
      font-weight: 500;
      overflow-wrap: anywhere;
      unicode-bidi: isolate;
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
export class UploadProblem {
  readonly #queue = inject(UploadQueue);
  protected readonly item = dialogData<UploadItem>();
  protected readonly ref = dialogRef<void>();
  protected readonly problem = this.item.problem();
  protected readonly meaning = meaningOf(this.item);
  protected readonly advice = adviceOf(this.item);
  protected readonly details = detailsOf(this.item);
  protected readonly visibleName = visibleName;

  protected retry(): void {
    this.ref.close();
    this.#queue.retry([this.item]);
  }
}
