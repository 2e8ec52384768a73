import { Component, computed, inject, model, signal } from '@angular/core';
import { LiveFoldersApi } from '@dfs/client-data';
import { mdiArrowUp, mdiFolderOutline } from '@mdi/js';
import { Icon } from '../kit/icon.js';
import { visibleName } from '../kit/words/names.js';
import { Notice } from '../kit/notice.js';
import { reading } from '../kit/reading.js';
import { directoryIn } from './folder-words.js';

/** Chooses a directory of the node's disk, under the roots that are allowed. */
@Component({
  selector: 'dfs-directory-chooser',
  imports: [Icon, Notice],
  template: `
    <div class="where">
      <button
        class="btn icon"
        type="button"
        aria-label="One directory up"
        i18n-aria-label
        [disabled]="trail().length === 0"
        (click)="up()"
      >
        <dfs-icon [path]="icons.up" />
      </button>
      <code dir="auto">{{ directory() ? visibleName(directory()) : roots }}</code>
    </div>
    @if (listing.problem(); as problem) {
      <dfs-notice [problem]="problem" (retry)="listing.refresh()" />
    }
    <ul #list tabindex="-1" aria-label="Directories here" i18n-aria-label>
      @for (entry of entries(); track entry.path) {
        <li>
          <button class="bare" type="button" (click)="enter(entry.path, list)">
            <dfs-icon [path]="icons.folder" /><span dir="auto">{{ visibleName(entry.name) }}</span>
          </button>
        </li>
      } @empty {
        @if (listing.value()) {
          <li class="none">
            @if (directory()) {
              <ng-container i18n>No directories in here: this one itself can be bound.</ng-container>
            } @else {
              <ng-container i18n>No directory is allowed: make ~/DFS, or name others in DFS_FOLDER_ROOTS.</ng-container>
            }
          </li>
        }
      }
    </ul>
  `,
  styleUrl: './directory-chooser.scss',
})
export class DirectoryChooser {
  readonly #api = inject(LiveFoldersApi);
  /** The whole path; empty while none is chosen. */
  readonly directory = model('');
  /** The directories that led here, the allowed root first. */
  protected readonly trail = signal<readonly string[]>([]);
  protected readonly listing = reading(
    (path: string) => this.#api.roots(path === '' ? undefined : path),
    this.directory,
  );
  protected readonly entries = computed(() => {
    const here = this.directory();
    const names = this.listing.value()?.directories ?? [];
    return names.map((name) => ({ name, path: here === '' ? name : directoryIn(here, name) }));
  });
  protected readonly roots = $localize`Where folders may be bound`;
  protected readonly icons = { up: mdiArrowUp, folder: mdiFolderOutline };
  protected readonly visibleName = visibleName;

  /** The directory that is entered is not in the list any more: the focus stays with the list. */
  protected enter(path: string, list: HTMLElement): void {
    list.focus();
    this.trail.update((trail) => [...trail, path]);
    this.directory.set(path);
  }

  protected up(): void {
    this.trail.update((trail) => trail.slice(0, -1));
    this.directory.set(this.trail().at(-1) ?? '');
  }
}
