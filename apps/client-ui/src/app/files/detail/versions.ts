import { Component, computed, inject, input, output, signal } from '@angular/core';
import { FilesApi, toApiProblem } from '@dfs/client-data';
import type { VersionInfo } from '@dfs/contracts';
import { mdiDownload, mdiFileCompare, mdiRestore } from '@mdi/js';
import { firstValueFrom } from 'rxjs';
import { ActButton } from '../../kit/act-button.js';
import { LABELS } from '../../kit/words/labels.js';
import { Clock } from '../../kit/clock.js';
import { Dialogs } from '../../kit/dialogs.js';
import { Icon } from '../../kit/icon.js';
import { visibleName } from '../../kit/words/names.js';
import { Notice } from '../../kit/notice.js';
import { reading } from '../../kit/reading.js';
import { counted, formatBytes } from '../../kit/words/sizes.js';
import { formatAgo, formatMoment } from '../../kit/words/times.js';
import { Tip } from '../../kit/tip.js';
import { Toasts } from '../../kit/toasts.js';
import { PeersState } from '../../peers/peers-state.js';
import { Failures } from '../../work/failures.js';
import { Download } from '../acts/download.js';
import type { Comparison } from '../compare/compare-dialog.js';
import { deedOf } from './version-words.js';

/** Versions shown at first, and so many more each time one asks; the engine's limit of a page bounds them. */
const SHOWN = 5;
const MAX_SHOWN = 1000;
const comparison = () => import('../compare/compare-dialog.js').then((part) => part.CompareDialog);

/** The past of a file, and the way back: any version becomes the newest again. */
@Component({
  selector: 'dfs-versions',
  imports: [ActButton, Icon, Notice, Tip],
  template: `
    <h3 i18n>Versions</h3>
    @if (list.value(); as known) {
      <ol>
        @for (version of known.items; track version.version) {
          <li [class.shown]="version.shown">
            <span class="words">
              <span class="what">
                {{ deedOf(version) }}
                @if (version.shown) {
                  <span i18n class="tag here">current</span>
                } @else if (version.head) {
                  <span i18n class="tag warn">conflict</span>
                }
              </span>
              <span class="facts num" [title]="moment(version)">
                {{ ago(version) }} · <span dir="auto">{{ author(version) }}</span>
                @if (version.kind === 'file') {
                  · {{ formatBytes(version.size) }}
                }
              </span>
            </span>
            @if (comparable() && version.kind === 'file' && !version.shown) {
              <button
                [dfsAct]="icons.compare"
                tip="Compare"
                i18n-tip
                [label]="labels.compareVersion(ago(version))"
                [size]="18"
                (click)="compare(version)"
              ></button>
            }
            @if (version.kind === 'file' && !version.purged && !version.shown) {
              <button
                [dfsAct]="icons.download"
                tip="Download this version"
                i18n-tip
                [label]="labels.downloadVersion(ago(version))"
                [size]="18"
                (click)="download(version)"
              ></button>
              <button
                class="btn small"
                type="button"
                [disabled]="busy()"
                [attr.aria-label]="labels.restoreVersion(ago(version))"
                (click)="restore(version)"
              >
                <dfs-icon [path]="icons.restore" [size]="16" /><ng-container i18n>Restore</ng-container>
              </button>
            } @else if (version.purged) {
              <span i18n class="facts" dfsTip="The network’s time for keeping it is over." i18n-dfsTip
                >no longer kept</span
              >
            }
          </li>
        }
      </ol>
      @if (known.total > known.items.length) {
        <button class="btn ghost small" type="button" (click)="more()">
          {{ counted(known.total - known.items.length, 'earlier version') }}
        </button>
      }
    } @else if (list.problem(); as problem) {
      <dfs-notice [problem]="problem" (retry)="list.refresh()" />
    }
  `,
  styles: `
    h3 {
      margin-bottom: 8px;
    }
    ol {
      border: 1px solid var(--line);
      border-radius: var(--radius);
    }
    li {
      display: flex;
      align-items: center;
      gap: 6px;
      min-height: 52px;
      padding: 6px 12px;
    }
    li + li {
      border-top: 1px solid var(--line);
    }
    .words {
      flex: 1;
      min-width: 0;
    }
    .what {
      display: flex;
      align-items: center;
      gap: 8px;
      font-weight: 500;
    }
    .facts {
      color: var(--text-2);
      font-size: 13px;
    }
    .ghost {
      margin-top: 6px;
    }
  `,
})
export class Versions {
  readonly #api = inject(FilesApi);
  readonly #clock = inject(Clock);
  readonly #dialogs = inject(Dialogs);
  readonly #peers = inject(PeersState);
  readonly #toasts = inject(Toasts);
  readonly #failures = inject(Failures);
  readonly #download = inject(Download);
  readonly #count = signal(SHOWN);
  readonly id = input.required<string>();
  /** Changes when there may be another version. */
  readonly round = input.required<string>();
  readonly changed = output();
  protected readonly labels = LABELS;
  protected readonly busy = signal(false);
  protected readonly list = reading(
    ({ id, count }: { id: string; count: number }) => this.#api.versions(id, count),
    computed(() => ({ id: this.id(), count: this.#count() }), {
      equal: (a, b) => a.id === b.id && a.count === b.count,
    }),
    () => this.round(),
  );
  /** There are two to be compared. */
  protected readonly comparable = computed(
    () => (this.list.value()?.items.filter(({ kind }) => kind === 'file').length ?? 0) > 1,
  );
  protected readonly icons = { compare: mdiFileCompare, download: mdiDownload, restore: mdiRestore };
  protected readonly counted = counted;
  protected readonly deedOf = deedOf;
  protected readonly formatBytes = formatBytes;

  protected ago(version: VersionInfo): string {
    return formatAgo(version.writtenAt, this.#clock.slow());
  }

  protected moment(version: VersionInfo): string {
    return formatMoment(version.writtenAt);
  }

  protected author(version: VersionInfo): string {
    return visibleName(this.#peers.nameOf(version.author));
  }

  protected more(): void {
    this.#count.update((count) => Math.min(MAX_SHOWN, count * 4));
  }

  /** With the current one, at first. */
  protected async compare({ version, path }: VersionInfo): Promise<void> {
    const data: Comparison = { id: this.id(), path, version, round: this.round };
    if ((await this.#dialogs.load<VersionInfo>(comparison, data)) !== undefined) this.#restored();
  }

  protected download(version: VersionInfo): void {
    this.#download.file(this.id(), version.version);
  }

  protected async restore(version: VersionInfo): Promise<void> {
    this.busy.set(true);
    try {
      await firstValueFrom(this.#api.restore(this.id(), version.version));
      this.#restored();
    } catch (error) {
      this.#failures.tell({
        text: $localize`The version of ${formatMoment(version.writtenAt)}:when: could not be restored.`,
        problem: toApiProblem(error),
        meaning: $localize`The present version stays the present one. All versions are kept.`,
        about: [visibleName(version.path)],
        again: () => void this.restore(version),
      });
    }
    this.busy.set(false);
  }

  #restored(): void {
    this.#toasts.show({ text: $localize`The earlier version is the current one again. The one before it is kept.` });
    this.list.refresh();
    this.changed.emit();
  }
}
