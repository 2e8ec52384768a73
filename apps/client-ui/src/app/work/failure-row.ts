import { Component, computed, inject, input } from '@angular/core';
import { mdiAlertCircleOutline, mdiClose, mdiInformationOutline, mdiRefresh } from '@mdi/js';
import { ActButton } from '../kit/act-button.js';
import { Clock } from '../kit/clock.js';
import { Icon } from '../kit/icon.js';
import { formatAgo } from '../kit/words/times.js';
import { Failures, lineOfFailure, type KeptFailure } from './failures.js';

/** An act that failed: what, why, when, and the ways on. */
@Component({
  selector: 'dfs-failure-row',
  imports: [ActButton, Icon],
  template: `
    <dfs-icon class="bad" [path]="icons.failed" [size]="18" />
    <div class="words">
      <p class="text" dir="auto">{{ failure().text }}</p>
      <p class="line" dir="auto">{{ line() }}</p>
      <p class="line num">{{ ago() }}</p>
    </div>
    <button
      class="btn icon"
      type="button"
      [attr.aria-label]="labels.explain(failure().text)"
      (click)="failures.explain(failure())"
    >
      <dfs-icon [path]="icons.explain" />
    </button>
    @if (failure().again) {
      <button
        [dfsAct]="icons.again"
        tip="Try again"
        i18n-tip
        [label]="labels.again(failure().text)"
        (click)="failures.retry(failure())"
      ></button>
    }
    <button
      [dfsAct]="icons.leave"
      tip="Leave it"
      i18n-tip
      [label]="labels.leave(failure().text)"
      (click)="failures.leave(failure())"
    ></button>
  `,
  styles: `
    :host {
      display: flex;
      align-items: flex-start;
      gap: 2px;
      padding: 10px 6px 10px 16px;
    }
    .bad {
      flex: none;
      margin: 1px 10px 0 0;
      color: var(--bad);
    }
    .words {
      flex: 1;
      min-width: 0;
    }
    .text,
    .line {
      overflow-wrap: anywhere;
    }
    .text {
      font-weight: 500;
    }
    .line {
      color: var(--text-2);
      font-size: 12.5px;
    }
  `,
})
export class FailureRow {
  readonly #clock = inject(Clock);
  readonly failure = input.required<KeptFailure>();
  protected readonly failures = inject(Failures);
  protected readonly line = computed(() => lineOfFailure(this.failure()));
  protected readonly ago = computed(() => formatAgo(new Date(this.failure().at).toISOString(), this.#clock.slow()));
  protected readonly labels = {
    explain: (what: string) => $localize`What happened: ${what}:name:`,
    again: (what: string) => $localize`Try again: ${what}:what:`,
    leave: (what: string) => $localize`Leave it: ${what}:what:`,
  };
  protected readonly icons = {
    failed: mdiAlertCircleOutline,
    explain: mdiInformationOutline,
    again: mdiRefresh,
    leave: mdiClose,
  };
}
