import { Component, DestroyRef, computed, inject } from '@angular/core';
import { EmptyState } from '../kit/empty-state.js';
import { FoldersState } from '../folders/folders-state.js';
import { UploadQueue } from '../files/upload/upload-queue.js';
import { Failures } from './failures.js';
import { JobsState } from './jobs-state.js';
import { Progress } from './progress.js';
import { WorkBeacon } from './work-beacon.js';
import { WorkList } from './work-list.js';

/** All work as a page of its own: uploads, answers that are waited for, and what the node does. */
@Component({
  selector: 'dfs-work-page',
  imports: [EmptyState, WorkList],
  template: `
    <div class="page">
      <div class="bar">
        <h1 i18n>Work</h1>
        <span class="count" role="status">{{ progress.headline() }}</span>
        @if (progress.pace(); as text) {
          <span class="count num" aria-hidden="true">{{ text }}</span>
        }
      </div>
      <div class="card" [class.idle]="idle()">
        <dfs-work-list [rows]="12" />
        @if (idle()) {
          <dfs-empty-state
            drawing="activity"
            heading="No work"
            i18n-heading
            text="Uploads of this browser are here until they are safe, also after a break: they go on by themselves. So are deletions that wait for your answer, and what the node moves and changes."
            i18n-text
          />
        }
      </div>
    </div>
  `,
  styleUrl: './work-page.scss',
  // It scrolls, so the keyboard must reach it.
  host: { role: 'region', '[attr.aria-label]': 'title', tabindex: '0' },
})
export class WorkPage {
  readonly #queue = inject(UploadQueue);
  readonly #folders = inject(FoldersState);
  readonly #jobs = inject(JobsState);
  readonly #failures = inject(Failures);
  protected readonly progress = inject(Progress);
  protected readonly title = $localize`Work`;
  protected readonly idle = computed(
    () =>
      this.#queue.items().length === 0 &&
      this.#failures.kept().length === 0 &&
      this.#jobs.running().length + this.#jobs.ended().length === 0 &&
      !(this.#folders.folders() ?? []).some(({ held }) => held > 0),
  );
  constructor() {
    inject(DestroyRef).onDestroy(inject(WorkBeacon).page());
  }
}
