import { Component, computed, inject, signal } from '@angular/core';
import { FilesApi, FoldersApi, toApiProblem, type ApiProblem } from '@dfs/client-data';
import { mdiFolderOutline, mdiFolderPlusOutline } from '@mdi/js';
import { firstValueFrom } from 'rxjs';
import { DialogFrame, Dialogs, dialogData, dialogRef } from '../../kit/dialogs.js';
import { Icon } from '../../kit/icon.js';
import { visibleName } from '../../kit/words/names.js';
import { Notice } from '../../kit/notice.js';
import { reading } from '../../kit/reading.js';
import { counted } from '../../kit/words/sizes.js';
import { Breadcrumbs } from '../breadcrumbs.js';
import { NameDialog, type NameQuestion } from './name-dialog.js';

/** The question of the dialog. */
export interface PlaceQuestion {
  heading: string;
  action: string;
  /** Where it begins, with its `/`. */
  prefix: string;
  /** Folders that cannot be the place: those that are moved. */
  without: readonly string[];
}

/** The engine's limit of a page. */
const MAX_FOLDERS = 1000;

/** Asks for a folder; closes with it, `/` at the end, or empty for the top. */
@Component({
  selector: 'dfs-folder-picker',
  imports: [Breadcrumbs, DialogFrame, Icon, Notice],
  template: `
    <dfs-dialog [heading]="question.heading">
      <div class="where">
        <dfs-breadcrumbs [prefix]="prefix()" [title]="false" (enter)="prefix.set($event)" />
        <button class="btn small" type="button" (click)="make()">
          <dfs-icon [path]="icons.add" [size]="18" /><ng-container i18n>New folder</ng-container>
        </button>
      </div>
      @if (folders.problem(); as problem) {
        <dfs-notice [problem]="problem" (retry)="folders.refresh()" />
      }
      @if (unmade(); as problem) {
        <dfs-notice [problem]="problem" [retryable]="false" />
      }
      <ul #list tabindex="-1" aria-label="Folders here" i18n-aria-label>
        @for (folder of shown(); track folder.path) {
          <li>
            <button class="bare" type="button" (click)="enter(folder.path, list)">
              <dfs-icon [path]="icons.folder" /><span dir="auto">{{ visibleName(folder.name) }}</span>
              <small class="num">{{ counted(folder.files, 'file') }}</small>
            </button>
          </li>
        } @empty {
          @if (folders.value()) {
            <li i18n class="none">No folders in here.</li>
          }
        }
      </ul>
      <ng-container actions>
        <button i18n class="btn" type="button" (click)="ref.close()">Cancel</button>
        <button class="btn primary" type="button" (click)="ref.close(prefix())">{{ question.action }}</button>
      </ng-container>
    </dfs-dialog>
  `,
  styleUrl: './folder-picker.scss',
})
export class FolderPicker {
  readonly #files = inject(FilesApi);
  readonly #folders = inject(FoldersApi);
  readonly #dialogs = inject(Dialogs);
  protected readonly question = dialogData<PlaceQuestion>();
  protected readonly ref = dialogRef<string>();
  protected readonly prefix = signal(this.question.prefix);
  /** Why the folder that was asked for last was not made. */
  protected readonly unmade = signal<ApiProblem | null>(null);
  protected readonly folders = reading(
    (prefix: string) => this.#files.list({ prefix, level: true, sort: 'path', limit: MAX_FOLDERS }),
    this.prefix,
  );
  protected readonly shown = computed(() =>
    (this.folders.value()?.folders ?? []).filter(({ path }) => !this.question.without.includes(path)),
  );
  protected readonly icons = { folder: mdiFolderOutline, add: mdiFolderPlusOutline };
  protected readonly visibleName = visibleName;
  protected readonly counted = counted;

  /** The folder that is entered is not in the list any more: the focus stays with the list. */
  protected enter(path: string, list: HTMLElement): void {
    list.focus();
    this.prefix.set(path);
  }

  protected async make(): Promise<void> {
    const name = await this.#dialogs.open<string, NameQuestion>(NameDialog, {
      heading: $localize`New folder`,
      label: $localize`Name`,
      value: '',
      action: $localize`Create`,
    });
    if (name === undefined) return;
    this.unmade.set(null);
    try {
      const folder = await firstValueFrom(this.#folders.make(this.prefix() + name));
      this.folders.refresh();
      this.prefix.set(folder.path);
    } catch (error) {
      this.unmade.set(toApiProblem(error));
    }
  }
}
