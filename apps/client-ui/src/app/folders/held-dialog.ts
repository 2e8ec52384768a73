import { Component, inject } from '@angular/core';
import { takeUntilDestroyed } from '@angular/core/rxjs-interop';
import { LiveFoldersApi } from '@dfs/client-data';
import type { AnswerHold, LiveFolderHold, LiveFolderInfo } from '@dfs/contracts';
import { Clock } from '../kit/clock.js';
import { DialogFrame, dialogData, dialogRef } from '../kit/dialogs.js';
import { visibleName } from '../kit/words/names.js';
import { Notice } from '../kit/notice.js';
import { reading } from '../kit/reading.js';
import { counted } from '../kit/words/sizes.js';
import { formatAgo } from '../kit/words/times.js';
import { FolderActs } from './folder-acts.js';
import { FoldersState } from './folders-state.js';

/** Deletions on the disk that wait for an answer, by name. */
@Component({
  selector: 'dfs-held-dialog',
  imports: [DialogFrame, Notice],
  template: `
    <dfs-dialog heading="Were these deleted on purpose?" i18n-heading>
      <p i18n>So many files are gone from the directory at once that the node asks before it deletes them for all.</p>
      @if (held.problem(); as problem) {
        <dfs-notice [problem]="problem" (retry)="held.refresh()" />
      }
      @for (hold of held.value()?.items; track hold.id) {
        <section [attr.aria-label]="counted(hold.count, 'deletion')">
          <h3 i18n>{{ counted(hold.count, 'file') }}, gone {{ formatAgo(hold.heldAt, clock.slow()) }}</h3>
          <ul class="names" tabindex="0" aria-label="Names of the files" i18n-aria-label>
            @for (path of hold.paths; track path) {
              <li dir="auto">{{ visibleName(path) }}</li>
            }
            @if (hold.count > hold.paths.length) {
              <li i18n>and {{ counted(hold.count - hold.paths.length, 'other') }}</li>
            }
          </ul>
          <div class="answers">
            <button i18n class="btn" type="button" (click)="answer(hold, 'restore')">Put back on the disk</button>
            <button i18n class="btn" type="button" (click)="answer(hold, 'delete')">Delete in the network too</button>
          </div>
        </section>
      } @empty {
        @if (held.value()) {
          <p i18n class="estimate">No deletion waits for an answer.</p>
        }
      }
      <button i18n actions class="btn" type="button" (click)="ref.close()">Close</button>
    </dfs-dialog>
  `,
  styleUrl: './folder-dialogs.scss',
})
export class HeldDialog {
  readonly #api = inject(LiveFoldersApi);
  readonly #acts = inject(FolderActs);
  readonly #folder = dialogData<LiveFolderInfo>();
  protected readonly ref = dialogRef<void>();
  protected readonly clock = inject(Clock);
  protected readonly held = reading(() => this.#api.held(this.#folder.id));
  protected readonly counted = counted;
  protected readonly formatAgo = formatAgo;
  protected readonly visibleName = visibleName;

  constructor() {
    inject(FoldersState)
      .changed.pipe(takeUntilDestroyed())
      .subscribe(() => this.held.refresh());
  }

  protected async answer(hold: LiveFolderHold, action: AnswerHold['action']): Promise<void> {
    if (await this.#acts.answer(this.#folder, hold, action)) this.held.refresh();
  }
}
