import { Component, afterNextRender, computed, inject, input } from '@angular/core';
import { Router } from '@angular/router';
import type { LiveFolderInfo } from '@dfs/contracts';
import { mdiFolderPlusOutline, mdiPause, mdiPlay } from '@mdi/js';
import { Dialogs } from '../kit/dialogs.js';
import { EmptyState } from '../kit/empty-state.js';
import { Icon } from '../kit/icon.js';
import { changeQuery } from '../kit/parts/query.js';
import { visibleName } from '../kit/words/names.js';
import { Notice } from '../kit/notice.js';
import { counted } from '../kit/words/sizes.js';
import { Toasts } from '../kit/toasts.js';
import { BindDialog } from './bind-dialog.js';
import { FolderActs } from './folder-acts.js';
import { FolderCard } from './folder-card.js';
import { FoldersState } from './folders-state.js';

/** The live folders of this node: directories on its disk that are mirrored both ways. */
@Component({
  selector: 'dfs-folders-page',
  imports: [EmptyState, FolderCard, Icon, Notice],
  templateUrl: './folders-page.html',
  styleUrl: './folders-page.scss',
  // It scrolls, so the keyboard must reach it.
  host: { role: 'region', '[attr.aria-label]': 'title', tabindex: '0' },
})
export class FoldersPage {
  /** From the address: a directory is to be bound at once. */
  readonly bind = input<string>();

  readonly #dialogs = inject(Dialogs);
  readonly #toasts = inject(Toasts);
  protected readonly state = inject(FoldersState);
  protected readonly acts = inject(FolderActs);
  /** The act for all of them: those that pause for a time go on, or those that do not pause do. */
  protected readonly all = computed((): 'pause' | 'resume' | undefined => {
    const folders = this.state.folders() ?? [];
    if (folders.some(({ pausedUntil }) => pausedUntil !== null)) return 'resume';
    return folders.some(({ paused }) => !paused) ? 'pause' : undefined;
  });
  protected readonly summary = computed(() => {
    const folders = this.state.folders();
    if (folders === undefined || folders.length === 0) return '';
    const well = folders.filter(({ state }) => state === 'up-to-date').length;
    return $localize`${counted(folders.length, 'folder')}:folder:, ${well}:well: up to date`;
  });
  protected readonly title = $localize`Live folders`;
  protected readonly bones = [1, 2];
  protected readonly icons = { bind: mdiFolderPlusOutline, pause: mdiPause, resume: mdiPlay };

  constructor() {
    this.state.refresh();
    const router = inject(Router);
    // Once: a page that is loaded anew, or gone back to, asks for nothing.
    afterNextRender(() => {
      if (this.bind() === undefined) return;
      changeQuery(router, { bind: null });
      void this.ask();
    });
  }

  protected async ask(): Promise<void> {
    const folder = await this.#dialogs.open<LiveFolderInfo>(BindDialog);
    if (!folder) return;
    this.#toasts.show({ text: $localize`${visibleName(folder.name)}:name: is a live folder now.` });
    this.state.refresh();
  }
}
