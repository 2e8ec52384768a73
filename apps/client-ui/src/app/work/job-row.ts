import { Component, computed, inject, input } from '@angular/core';
import { NodeApi, toApiProblem } from '@dfs/client-data';
import type { TransferInfo, TransferKind } from '@dfs/contracts';
import { mdiAlertCircleOutline, mdiCheckCircleOutline, mdiClose } from '@mdi/js';
import { ActButton } from '../kit/act-button.js';
import { Icon } from '../kit/icon.js';
import { Meter } from '../kit/meter.js';
import { nameOf, visibleName } from '../kit/words/names.js';
import { counted, formatBytes, formatCount, formatRate } from '../kit/words/sizes.js';
import { PeersState } from '../peers/peers-state.js';
import { Failures } from './failures.js';

const KINDS: Record<TransferKind, string> = {
  upload: $localize`Taking in`,
  download: $localize`Sending out`,
  replication: $localize`Copying`,
  drain: $localize`Emptying`,
  act: $localize`Changing`,
};

/** One piece of work of the node: how far it is, and the way to end it. */
@Component({
  selector: 'dfs-job-row',
  imports: [ActButton, Icon, Meter],
  template: `
    <div class="words">
      <p class="text">
        @if (job().state === 'failed') {
          <dfs-icon class="bad" [path]="icons.failed" [size]="16" />
        } @else if (job().state === 'finished') {
          <dfs-icon class="ok" [path]="icons.done" [size]="16" />
        }
        {{ kinds[job().kind] }} <span class="name" dir="auto">{{ about() }}</span>
      </p>
      @if (job().state === 'running') {
        <dfs-meter [used]="share().done" [of]="share().of" label="Done, per cent" i18n-label />
      }
      <p class="time num">{{ facts() }}</p>
      @if (job().error; as error) {
        <p class="time" [class.bad]="job().state === 'failed'" dir="auto">{{ visibleName(error.detail) }}</p>
      }
      @if (job().items?.skippedTotal; as skipped) {
        <p i18n class="time">{{ counted(skipped, 'path') }} changed meanwhile and stay as they are.</p>
      }
    </div>
    @if (job().state === 'running') {
      <button [dfsAct]="icons.cancel" tip="Cancel" i18n-tip [label]="cancelLabel()" (click)="cancel()"></button>
    }
  `,
  styles: `
    :host {
      display: flex;
      align-items: flex-start;
      gap: 12px;
      padding: 10px 8px 10px 16px;
    }
    .words {
      flex: 1;
      min-width: 0;
    }
    .text {
      overflow-wrap: anywhere;
    }
    .name {
      font-weight: 500;
      unicode-bidi: isolate;
    }
    .time {
      color: var(--text-2);
      font-size: 12.5px;
      overflow-wrap: anywhere;
    }
    dfs-meter {
      margin-block: 6px 2px;
    }
    dfs-icon {
      vertical-align: -3px;
    }
    .bad {
      color: var(--bad);
    }
    .ok {
      color: var(--ok);
    }
  `,
})
export class JobRow {
  readonly #peers = inject(PeersState);
  readonly #api = inject(NodeApi);
  readonly #failures = inject(Failures);
  readonly job = input.required<TransferInfo>();
  protected readonly visibleName = visibleName;
  protected readonly kinds = KINDS;
  protected readonly counted = counted;
  protected readonly icons = { cancel: mdiClose, failed: mdiAlertCircleOutline, done: mdiCheckCircleOutline };
  /** The file that is moved, the node that is emptied, or how many files are changed. */
  protected readonly about = computed(() => {
    const { path, peerId, items } = this.job();
    if (peerId !== undefined) return visibleName(this.#peers.nameOf(peerId));
    if (items && path === null) return counted(items.total, 'file');
    return path === null ? $localize`a file` : nameOf(path.replace(/\/$/, ''));
  });
  protected readonly cancelLabel = computed(() => $localize`Cancel: ${this.about()}:name:`);
  protected readonly share = computed(() => {
    const { items, verifiedBytes, bytes } = this.job();
    return items ? { done: items.done, of: items.total } : { done: verifiedBytes, of: bytes ?? 0 };
  });
  protected readonly facts = computed(() => {
    const { items, verifiedBytes, bytes, rate, state } = this.job();
    if (items) return $localize`${formatCount(items.done)}:done: of ${counted(items.total, 'file')}:all:`;
    const done = formatBytes(verifiedBytes);
    const size = bytes === null ? done : $localize`${done}:done: of ${formatBytes(bytes)}:all:`;
    return state === 'running' ? `${size} · ${formatRate(rate)}` : size;
  });

  protected cancel(): void {
    this.#api.cancelTransfer(this.job().id).subscribe({
      error: (error: unknown) => {
        this.#failures.tell({
          text: $localize`${this.about()}:name: could not be cancelled.`,
          problem: toApiProblem(error),
          meaning: $localize`The work goes on as before, and its results so far stay.`,
          again: () => this.cancel(),
        });
      },
    });
  }
}
