import { Component, computed, inject } from '@angular/core';
import { takeUntilDestroyed } from '@angular/core/rxjs-interop';
import { LiveFoldersApi } from '@dfs/client-data';
import type { LiveFolderInfo, LiveFolderIssueKind } from '@dfs/contracts';
import { DialogFrame, dialogData, dialogRef } from '../kit/dialogs.js';
import { visibleName } from '../kit/words/names.js';
import { Notice } from '../kit/notice.js';
import { reading } from '../kit/reading.js';
import { FolderActs } from './folder-acts.js';
import { ISSUES } from './folder-words.js';
import { FoldersState } from './folders-state.js';

/** Issues that are shown at once: as many as one request settles. */
const SHOWN = 1000;

/** The issues of a live folder, path by path. */
@Component({
  selector: 'dfs-issues-dialog',
  imports: [DialogFrame, Notice],
  template: `
    <dfs-dialog heading="Issues of {{ visibleName(folder.name) }}" i18n-heading>
      @if (issues.problem(); as problem) {
        <dfs-notice [problem]="problem" (retry)="issues.refresh()" />
      }
      @if (issues.value(); as page) {
        @if (page.items.length === 0) {
          <p i18n class="estimate">There are no issues any more.</p>
        } @else {
          <ul class="entries" tabindex="0" aria-label="Issues" i18n-aria-label>
            @for (issue of page.items; track issue.kind + issue.path) {
              <li>
                <span
                  ><span dir="auto">{{ visibleName(issue.path) }}</span
                  ><small>{{ words[issue.kind] }}. {{ visibleName(issue.detail) }}</small></span
                >
              </li>
            }
          </ul>
        }
        @if (page.nextCursor !== null) {
          <p i18n>These are the first {{ page.items.length }}.</p>
        }
        <div class="answers">
          @if (local().length > 0) {
            <button i18n class="btn" type="button" (click)="settle('revert', local())">
              Undo the changes on the disk ({{ local().length }})
            </button>
          }
          @if (remote().length > 0) {
            <button i18n class="btn" type="button" (click)="settle('override', remote())">
              Send the disk’s state ({{ remote().length }})
            </button>
          }
        </div>
      }
      <button i18n actions class="btn" type="button" (click)="ref.close()">Close</button>
    </dfs-dialog>
  `,
  styleUrl: './folder-dialogs.scss',
})
export class IssuesDialog {
  readonly #api = inject(LiveFoldersApi);
  readonly #acts = inject(FolderActs);
  protected readonly folder = dialogData<LiveFolderInfo>();
  protected readonly ref = dialogRef<void>();
  protected readonly issues = reading(() => this.#api.issues(this.folder.id, { limit: SHOWN }));
  protected readonly local = computed(() => this.#paths('local-change'));
  protected readonly remote = computed(() => this.#paths('remote-change'));
  protected readonly words = ISSUES;
  protected readonly visibleName = visibleName;

  constructor() {
    inject(FoldersState)
      .changed.pipe(takeUntilDestroyed())
      .subscribe(() => this.issues.refresh());
  }

  protected async settle(act: 'revert' | 'override', paths: string[]): Promise<void> {
    if (await this.#acts.settle(this.folder, act, paths)) this.issues.refresh();
  }

  #paths(kind: LiveFolderIssueKind): string[] {
    const found = this.issues.value()?.items.filter((issue) => issue.kind === kind) ?? [];
    return found.map(({ path }) => path);
  }
}
