import { CdkFixedSizeVirtualScroll, CdkVirtualForOf, CdkVirtualScrollViewport } from '@angular/cdk/scrolling';
import { Component, type ElementRef, computed, inject, input, viewChild } from '@angular/core';
import type { LiveFolderInfo } from '@dfs/contracts';
import { mdiFolderAlertOutline } from '@mdi/js';
import { Dialogs } from '../kit/dialogs.js';
import { Icon } from '../kit/icon.js';
import { visibleName } from '../kit/words/names.js';
import { counted } from '../kit/words/sizes.js';
import { Toasts } from '../kit/toasts.js';
import { FoldersState } from '../folders/folders-state.js';
import { HeldDialog } from '../folders/held-dialog.js';
import { isUnchosen } from '../files/upload/chosen-again.js';
import { ACTIVE, type UploadItem, type UploadState } from '../files/upload/upload-item.js';
import { UploadQueue } from '../files/upload/upload-queue.js';
import { CopiesWatch } from './copies-watch.js';
import { FailureRow } from './failure-row.js';
import { Failures } from './failures.js';
import { JobRow } from './job-row.js';
import { JobsState } from './jobs-state.js';
import { Progress } from './progress.js';
import { ProgressBar } from './progress-bar.js';
import { UploadRow } from './upload-row.js';

/** Uploads that need a look first, then those that move. */
const RANK: Record<UploadState, number> = {
  ...{ failed: 0, unchosen: 0, sending: 1, storing: 1, paused: 2, waiting: 3, skipped: 4, cancelled: 4, done: 5 },
};
/** CSS pixels. */
const ROW = 52;
/** Copies that are being made are told one by one up to so many. */
const MAX_JOBS = 8;

/** All work in one place: what waits for a person, uploads of this browser, and what the node does. */
@Component({
  selector: 'dfs-work-list',
  imports: [
    CdkFixedSizeVirtualScroll,
    CdkVirtualForOf,
    CdkVirtualScrollViewport,
    FailureRow,
    Icon,
    JobRow,
    ProgressBar,
    UploadRow,
  ],
  templateUrl: './work-list.html',
  styleUrl: './work-list.scss',
})
export class WorkList {
  /** Rows of uploads that are shown at once. */
  readonly rows = input(5);

  readonly #dialogs = inject(Dialogs);
  readonly #toasts = inject(Toasts);
  readonly #jobs = inject(JobsState);
  readonly #folders = inject(FoldersState);
  private readonly chooser = viewChild.required<ElementRef<HTMLInputElement>>('chooser');
  protected readonly queue = inject(UploadQueue);
  protected readonly failures = inject(Failures);
  protected readonly progress = inject(Progress);
  protected readonly items = computed(() => [...this.queue.items()].sort((a, b) => RANK[a.state()] - RANK[b.state()]));
  protected readonly listHeight = computed(() => Math.min(this.rows(), this.items().length) * ROW);
  protected readonly rowHeight = ROW;
  protected readonly held = computed(() => (this.#folders.folders() ?? []).filter(({ held }) => held > 0));
  /** Uploads of this browser are told above. */
  readonly #others = computed(() => {
    const own = new Set(this.queue.items().map(({ path }) => path));
    return [...this.#jobs.running(), ...this.#jobs.ended()].filter(
      ({ kind, path }) => kind !== 'upload' || !own.has(path ?? ''),
    );
  });
  protected readonly jobs = computed(() => this.#others().slice(0, MAX_JOBS));
  protected readonly moreJobs = computed(() => this.#others().length - this.jobs().length);
  protected readonly failed = computed(() =>
    this.queue.items().filter((item) => item.state() === 'failed' && item.sendable),
  );
  protected readonly unchosen = computed(() =>
    this.queue.items().filter((item) => isUnchosen(item) && item.again === null),
  );
  protected readonly running = computed(() => this.queue.items().filter((item) => ACTIVE.has(item.state())));
  protected readonly paused = computed(() => this.queue.items().filter((item) => item.state() === 'paused'));
  protected readonly icons = { held: mdiFolderAlertOutline };
  protected readonly counted = counted;
  protected readonly visibleName = visibleName;

  constructor() {
    inject(CopiesWatch);
  }

  protected trackItem(_: number, item: UploadItem): number {
    return item.id;
  }

  protected answer(folder: LiveFolderInfo): void {
    void this.#dialogs.open(HeldDialog, folder);
  }

  protected chooseAgain(): void {
    this.chooser().nativeElement.click();
  }

  protected chosen(target: EventTarget | null): void {
    if (!(target instanceof HTMLInputElement) || target.files === null) return;
    const files = [...target.files];
    target.value = '';
    const missed = files.length - this.queue.choose(files);
    if (missed > 0) {
      const text = $localize`${counted(missed, 'file')}:files: of other names: choose those that the list names.`;
      this.#toasts.show({ text, tone: 'bad' });
    }
  }
}
