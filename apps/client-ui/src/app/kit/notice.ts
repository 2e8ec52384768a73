import { Component, computed, input, output } from '@angular/core';
import { mdiAlertCircleOutline, mdiInformationOutline, mdiRefresh } from '@mdi/js';
import type { ApiProblem } from '@dfs/client-data';
import { CopyButton } from './copy-button.js';
import { Icon } from './icon.js';
import { codeOf, problemFacts } from './problem-facts.js';
import { visibleName } from './words/names.js';

/** A problem in plain language, with what to do next, its code, the details to copy, and a way to try again; a refusal where nothing is wrong, as information. */
@Component({
  selector: 'dfs-notice',
  imports: [CopyButton, Icon],
  template: `
    <div class="notice" [class.harmless]="problem().harmless" [attr.role]="problem().harmless ? 'status' : 'alert'">
      <dfs-icon class="sign" [path]="problem().harmless ? information : alert" />
      <div class="words">
        <p class="title">{{ problem().title }}</p>
        <p class="detail" dir="auto">{{ visibleName(problem().detail) }}</p>
        <p class="id">
          <code>{{ code() }}</code><dfs-copy-button [text]="details()" label="Copy the details" i18n-label />
        </p>
      </div>
      @if (retryable()) {
        <button class="btn" type="button" (click)="retry.emit()">
          <dfs-icon [path]="refresh" [size]="18" /><ng-container i18n>Try again</ng-container>
        </button>
      }
    </div>
  `,
  styles: `
    .notice {
      display: flex;
      flex-wrap: wrap;
      gap: 12px;
      align-items: flex-start;
      padding: 12px 14px;
      border: 1px solid color-mix(in srgb, var(--bad) 30%, transparent);
      border-radius: var(--radius);
      background: var(--bad-soft);
    }
    .sign {
      color: var(--bad);
      margin-top: 1px;
    }
    .harmless {
      border-color: var(--line);
      background: var(--info-soft);
    }
    .harmless .sign {
      color: var(--info);
    }
    .words {
      flex: 1 1 200px;
      min-width: 0;
    }
    .title {
      font-weight: 500;
    }
    .detail {
      overflow-wrap: anywhere;
      color: var(--text-2);
    }
    .id {
      display: flex;
      align-items: center;
      gap: 4px;
      color: var(--text-2);
      overflow-wrap: anywhere;
    }
    code {
      font-size: 12px;
    }
  `,
})
export class Notice {
  readonly problem = input.required<ApiProblem>();
  readonly retryable = input(true);
  readonly retry = output();
  protected readonly code = computed(() => codeOf(this.problem()));
  /** Of the moment at which the problem is shown. */
  protected readonly details = computed(() => problemFacts(this.problem(), Date.now()).join('\n'));
  protected readonly alert = mdiAlertCircleOutline;
  protected readonly information = mdiInformationOutline;
  protected readonly refresh = mdiRefresh;
  protected readonly visibleName = visibleName;
}
