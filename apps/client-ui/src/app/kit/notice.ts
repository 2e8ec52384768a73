import { Component, input, output } from '@angular/core';
import { mdiAlertCircleOutline, mdiInformationOutline, mdiRefresh } from '@mdi/js';
import type { ApiProblem } from '@dfs/client-data';
import { Icon } from './icon.js';
import { visibleName } from './words/names.js';

/** A problem in plain language, with what to do next and a way to try again; a refusal where nothing is wrong, as information. */
@Component({
  selector: 'dfs-notice',
  imports: [Icon],
  template: `
    <div class="notice" [class.harmless]="problem().harmless" [attr.role]="problem().harmless ? 'status' : 'alert'">
      <dfs-icon class="sign" [path]="problem().harmless ? information : alert" />
      <div class="words">
        <p class="title">{{ problem().title }}</p>
        <p class="detail" dir="auto">{{ visibleName(problem().detail) }}</p>
        @if (problem().requestId; as id) {
          <p i18n class="id">
            Request <code>{{ id }}</code>
          </p>
        }
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
      margin-top: 4px;
      font-size: 12px;
      color: var(--text-2);
      overflow-wrap: anywhere;
    }
  `,
})
export class Notice {
  readonly problem = input.required<ApiProblem>();
  readonly retryable = input(true);
  readonly retry = output();
  protected readonly alert = mdiAlertCircleOutline;
  protected readonly information = mdiInformationOutline;
  protected readonly refresh = mdiRefresh;
  protected readonly visibleName = visibleName;
}
