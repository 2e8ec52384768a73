import { Component, computed, inject, signal } from '@angular/core';
import type { FileInfo } from '@dfs/contracts';
import { mdiArrowLeft, mdiArrowRight, mdiDownload } from '@mdi/js';
import { DialogFrame, dialogData, dialogRef } from '../../kit/dialogs.js';
import { Icon } from '../../kit/icon.js';
import { nameOf } from '../../kit/words/names.js';
import { formatCount } from '../../kit/words/sizes.js';
import { Download } from '../acts/download.js';
import { FilesState } from '../files-state.js';
import { Preview } from './preview.js';
import { previewKindOf } from './preview-kind.js';

/** A file in the whole window, and from there the others of the list that can be looked at. Closes with the id of the last one. */
@Component({
  selector: 'dfs-viewer',
  imports: [DialogFrame, Icon, Preview],
  template: `
    <dfs-dialog class="whole" [heading]="nameOf(file().path)">
      <dfs-preview [file]="file()" [large]="true" />
      <ng-container actions>
        @if (files().length > 1) {
          <span class="place num" role="status">{{ place() }}</span>
          <button class="btn" type="button" [disabled]="at() <= 0" (click)="step(-1)">
            <dfs-icon [path]="icons.before" [size]="18" /><ng-container i18n>Previous</ng-container>
          </button>
          <button class="btn" type="button" [disabled]="at() === files().length - 1" (click)="step(1)">
            <dfs-icon [path]="icons.after" [size]="18" /><ng-container i18n>Next</ng-container>
          </button>
        }
        <button class="btn" type="button" (click)="download()">
          <dfs-icon [path]="icons.download" [size]="18" /><ng-container i18n>Download</ng-container>
        </button>
        <button i18n class="btn primary" type="button" cdkFocusInitial (click)="close()">Close</button>
      </ng-container>
    </dfs-dialog>
  `,
  styles: `
    .place {
      flex: 1;
      align-self: center;
      color: var(--text-2);
    }
  `,
  host: { '(keydown.arrowleft)': 'byKey($event, -1)', '(keydown.arrowright)': 'byKey($event, 1)' },
})
export class Viewer {
  readonly #ref = dialogRef<string>();
  readonly #download = inject(Download);
  readonly #rows = inject(FilesState).window.loadedRows;
  readonly #first = dialogData<{ file: FileInfo }>().file;
  readonly #id = signal(this.#first.id);
  /** Those that can be looked at, in the order of the list. */
  protected readonly files = computed(() =>
    this.#rows().flatMap((row) => (row.kind === 'file' && previewKindOf(row.file) !== 'none' ? [row.file] : [])),
  );
  protected readonly at = computed(() => this.files().findIndex(({ id }) => id === this.#id()));
  readonly #kept = signal(this.#first);
  /** As the list has it; where it has left the list, as it was. */
  protected readonly file = computed(() => this.files()[this.at()] ?? this.#kept());
  protected readonly place = computed(() =>
    this.at() === -1
      ? ''
      : $localize`${formatCount(this.at() + 1)}:place: of ${formatCount(this.files().length)}:files:`,
  );
  protected readonly icons = { before: mdiArrowLeft, after: mdiArrowRight, download: mdiDownload };
  protected readonly nameOf = nameOf;

  protected step(by: number): void {
    const next = this.at() === -1 ? undefined : this.files()[this.at() + by];
    if (next === undefined) return;
    this.#kept.set(next);
    this.#id.set(next.id);
  }

  /** Films and sound seek by the same keys. */
  protected byKey(event: Event, by: number): void {
    if (event.target instanceof HTMLMediaElement) return;
    event.preventDefault();
    this.step(by);
  }

  protected download(): void {
    const file = this.file();
    this.#download.start([{ kind: 'file', key: file.id, path: file.path, file }]);
  }

  protected close(): void {
    this.#ref.close(this.#id());
  }
}
