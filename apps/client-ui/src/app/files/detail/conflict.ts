import { Component, computed, inject, input, output, signal } from '@angular/core';
import { FilesApi, toApiProblem, type ApiProblem } from '@dfs/client-data';
import type { ChooseRequest, FileInfo, VersionInfo } from '@dfs/contracts';
import { mdiSourceBranch } from '@mdi/js';
import { firstValueFrom } from 'rxjs';
import { LABELS } from '../../kit/words/labels.js';
import { Clock } from '../../kit/clock.js';
import { Icon } from '../../kit/icon.js';
import { visibleName } from '../../kit/words/names.js';
import { Notice } from '../../kit/notice.js';
import { reading } from '../../kit/reading.js';
import { formatBytes } from '../../kit/words/sizes.js';
import { formatAgo } from '../../kit/words/times.js';
import { Toasts } from '../../kit/toasts.js';
import { PeersState } from '../../peers/peers-state.js';
import { Download } from '../acts/download.js';
import { headsOf, otherNames } from './heads.js';

/** Heads are among the newest versions. */
const LOOKED_AT = 100;

/** A file that was changed in two places at once: its versions side by side, and the ways to settle it. */
@Component({
  selector: 'dfs-conflict',
  imports: [Icon, Notice],
  template: `
    <section class="conflict" aria-label="Conflict" i18n-aria-label>
      <h3><dfs-icon [path]="icon" [size]="18" /><ng-container i18n>Changed in two places at once</ng-container></h3>
      <p i18n>All versions are kept. Choose the one that goes on, or keep each under a name of its own.</p>
      <ul>
        @for (head of heads(); track head.version) {
          <li>
            <span class="words">
              <span class="who" dir="auto">{{ author(head) }}</span>
              <span class="facts num">
                {{ head.kind === 'deletion' ? deletedIt : formatBytes(head.size) }} · {{ ago(head) }}
              </span>
            </span>
            @if (head.kind === 'file') {
              <button i18n class="btn ghost small" type="button" (click)="look(head)">Download</button>
            }
            <button
              i18n
              class="btn small"
              type="button"
              [disabled]="busy()"
              [attr.aria-label]="labels.keepVersion(author(head))"
              (click)="keep(head)"
            >
              Keep this
            </button>
          </li>
        }
      </ul>
      @if (fileHeads().length > 1) {
        <button class="btn" type="button" [disabled]="busy()" (click)="keepAll()">
          @if (fileHeads().length === 2) {
            <ng-container i18n>Keep both under their own names</ng-container>
          } @else {
            <ng-container i18n>Keep all under their own names</ng-container>
          }
        </button>
      }
      @if (problem(); as refused) {
        <dfs-notice [problem]="refused" [retryable]="false" />
      }
    </section>
  `,
  styles: `
    .conflict {
      padding: 12px 16px 16px;
      border: 1px solid color-mix(in srgb, var(--warn-fill) 45%, transparent);
      border-radius: var(--radius);
      background: var(--warn-soft);
    }
    h3 {
      display: flex;
      align-items: center;
      gap: 8px;
      color: var(--warn);
    }
    p {
      margin-top: 4px;
    }
    ul {
      margin: 12px 0;
      border: 1px solid var(--line);
      border-radius: var(--radius-small);
      background: var(--surface);
    }
    li {
      display: flex;
      align-items: center;
      gap: 6px;
      padding: 8px 12px;
    }
    li + li {
      border-top: 1px solid var(--line);
    }
    .words {
      flex: 1;
      min-width: 0;
    }
    .who,
    .facts {
      display: block;
      overflow: hidden;
      text-overflow: ellipsis;
      white-space: nowrap;
    }
    .who {
      font-weight: 500;
    }
    .facts {
      color: var(--text-2);
      font-size: 13px;
    }
    dfs-notice {
      display: block;
      margin-top: 12px;
    }
  `,
})
export class Conflict {
  readonly #api = inject(FilesApi);
  readonly #clock = inject(Clock);
  readonly #peers = inject(PeersState);
  readonly #toasts = inject(Toasts);
  readonly #download = inject(Download);
  readonly file = input.required<FileInfo>();
  readonly settled = output();
  protected readonly labels = LABELS;
  protected readonly busy = signal(false);
  protected readonly problem = signal<ApiProblem | null>(null);
  protected readonly versions = reading(
    ({ id }: { id: string; version: string }) => this.#api.versions(id, LOOKED_AT),
    computed(() => ({ id: this.file().id, version: this.file().version }), {
      equal: (a, b) => a.id === b.id && a.version === b.version,
    }),
  );
  protected readonly heads = computed(() => headsOf(this.versions.value()?.items ?? []));
  protected readonly fileHeads = computed(() => this.heads().filter(({ kind }) => kind === 'file'));
  protected readonly deletedIt = $localize`deleted it`;
  protected readonly icon = mdiSourceBranch;
  protected readonly formatBytes = formatBytes;

  protected author(head: VersionInfo): string {
    return visibleName(this.#peers.nameOf(head.author));
  }

  protected ago(head: VersionInfo): string {
    return formatAgo(head.writtenAt, this.#clock.slow());
  }

  protected look(head: VersionInfo): void {
    this.#download.file(this.file().id, head.version);
  }

  protected keep(head: VersionInfo): Promise<void> {
    return this.#settle({ version: head.version }, $localize`Settled. The other versions stay in the history.`);
  }

  protected keepAll(): Promise<void> {
    const [shown] = this.fileHeads();
    if (shown === undefined) return Promise.resolve();
    const others = otherNames(this.fileHeads(), (peerId) => this.#peers.nameOf(peerId));
    return this.#settle(
      { version: shown.version, others },
      $localize`Settled: ${Object.values(others).map(visibleName).join(', ')}:names:`,
    );
  }

  async #settle(request: ChooseRequest, text: string): Promise<void> {
    this.busy.set(true);
    this.problem.set(null);
    try {
      await firstValueFrom(this.#api.choose(this.file().id, request));
      this.#toasts.show({ text });
      this.settled.emit();
    } catch (error) {
      this.problem.set(toApiProblem(error));
    }
    this.busy.set(false);
  }
}
