import { Component, inject } from '@angular/core';
import { LiveFoldersApi } from '@dfs/client-data';
import type { LiveFolderInfo, LiveFolderTrashEntry } from '@dfs/contracts';
import { LABELS } from '../kit/words/labels.js';
import { Clock } from '../kit/clock.js';
import { DialogFrame, dialogData, dialogRef } from '../kit/dialogs.js';
import { visibleName } from '../kit/words/names.js';
import { Notice } from '../kit/notice.js';
import { reading } from '../kit/reading.js';
import { formatBytes } from '../kit/words/sizes.js';
import { formatAgo } from '../kit/words/times.js';
import { FolderActs } from './folder-acts.js';

/** Files that are shown at once. */
const SHOWN = 200;

/** The files that the node replaced or removed in a live folder. */
@Component({
  selector: 'dfs-trash-dialog',
  imports: [DialogFrame, Notice],
  template: `
    <dfs-dialog heading="Trash of {{ visibleName(folder.name) }}" i18n-heading>
      <p i18n>Files that the node replaced or removed on the disk stay here for 30 days.</p>
      @if (trash.problem(); as problem) {
        <dfs-notice [problem]="problem" (retry)="trash.refresh()" />
      }
      @if (trash.value(); as page) {
        @if (page.items.length === 0) {
          <p i18n class="estimate">The trash is empty.</p>
        } @else {
          <ul class="entries" tabindex="0" aria-label="Files in the trash" i18n-aria-label>
            @for (entry of page.items; track entry.id) {
              <li>
                <span
                  ><span dir="auto">{{ visibleName(entry.path ?? entry.id) }}</span
                  ><small class="num"
                    >{{ formatBytes(entry.size) }}, {{ formatAgo(entry.at, clock.slow()) }}</small
                  ></span
                >
                @if (entry.path !== null) {
                  <button
                    i18n
                    class="btn small"
                    type="button"
                    [attr.aria-label]="labels.restore(visibleName(entry.path))"
                    (click)="restore(entry)"
                  >
                    Restore
                  </button>
                }
              </li>
            }
          </ul>
        }
        @if (page.nextCursor !== null) {
          <p i18n>These are the first {{ page.items.length }}.</p>
        }
      }
      <ng-container actions>
        <button i18n class="btn" type="button" [disabled]="!trash.value()?.items?.length" (click)="empty()">
          Empty the trash
        </button>
        <button i18n class="btn" type="button" (click)="ref.close()">Close</button>
      </ng-container>
    </dfs-dialog>
  `,
  styleUrl: './folder-dialogs.scss',
})
export class TrashDialog {
  readonly #api = inject(LiveFoldersApi);
  readonly #acts = inject(FolderActs);
  protected readonly labels = LABELS;
  protected readonly folder = dialogData<LiveFolderInfo>();
  protected readonly ref = dialogRef<void>();
  protected readonly clock = inject(Clock);
  protected readonly trash = reading(() => this.#api.trash(this.folder.id, { limit: SHOWN }));
  protected readonly visibleName = visibleName;
  protected readonly formatBytes = formatBytes;
  protected readonly formatAgo = formatAgo;

  protected async restore(entry: LiveFolderTrashEntry): Promise<void> {
    if (await this.#acts.restore(this.folder, entry)) this.trash.refresh();
  }

  protected async empty(): Promise<void> {
    if (await this.#acts.emptyTrash(this.folder)) this.trash.refresh();
  }
}
