import { Component, DestroyRef, afterNextRender, inject, signal } from '@angular/core';
import { RouterLink } from '@angular/router';
import { mdiArrowExpand, mdiChevronDown, mdiChevronUp, mdiClose } from '@mdi/js';
import { Icon } from '../kit/icon.js';
import { Tip } from '../kit/tip.js';
import { UploadQueue } from '../files/upload/upload-queue.js';
import { Progress } from './progress.js';
import { WorkBeacon } from './work-beacon.js';
import { WorkList } from './work-list.js';

/** The drawer of work: it comes with the first upload, and whenever it is asked for. */
@Component({
  selector: 'dfs-work-panel',
  imports: [Icon, RouterLink, Tip, WorkList],
  template: `
    <section class="panel" aria-label="Work" i18n-aria-label>
      <header>
        <div class="words">
          <h2>{{ progress.headline() }}</h2>
          <span class="said" role="status">{{ progress.said() }}</span>
          @if (progress.pace(); as text) {
            <p class="num">{{ text }}</p>
          }
        </div>
        <a
          class="btn icon"
          routerLink="/work"
          dfsTip="As a page"
          i18n-dfsTip
          aria-label="Work as a page"
          i18n-aria-label
          (click)="beacon.close()"
        >
          <dfs-icon [path]="icons.page" [size]="18" />
        </a>
        <button
          class="btn icon"
          type="button"
          [attr.aria-label]="folded() ? labels.unfold : labels.fold"
          [attr.aria-expanded]="!folded()"
          (click)="folded.set(!folded())"
        >
          <dfs-icon [path]="folded() ? icons.unfold : icons.fold" />
        </button>
        <button class="btn icon" type="button" aria-label="Close the work" i18n-aria-label (click)="close()">
          <dfs-icon [path]="icons.close" />
        </button>
      </header>
      @if (!folded()) {
        <div class="body"><dfs-work-list /></div>
      }
    </section>
  `,
  styleUrl: './work-panel.scss',
})
export class WorkPanel {
  readonly #queue = inject(UploadQueue);
  protected readonly beacon = inject(WorkBeacon);
  protected readonly progress = inject(Progress);
  protected readonly folded = signal(false);
  protected readonly labels = { fold: $localize`Fold the work`, unfold: $localize`Unfold the work` };
  protected readonly icons = {
    page: mdiArrowExpand,
    close: mdiClose,
    fold: mdiChevronDown,
    unfold: mdiChevronUp,
  };

  constructor() {
    // The task after the frame: by then the drawer is on the screen.
    let isHere = true;
    afterNextRender(() => requestAnimationFrame(() => setTimeout(() => isHere && this.beacon.drew(true))));
    inject(DestroyRef).onDestroy(() => {
      isHere = false;
      this.beacon.drew(false);
    });
  }

  /** Finished uploads leave the list with it; running ones go on. Failed ones stay, to be found. */
  protected close(): void {
    this.#queue.clear(this.#queue.items().filter((item) => ['done', 'cancelled', 'skipped'].includes(item.state())));
    this.beacon.close();
  }
}
