import { Component, inject } from '@angular/core';
import { Progress } from './progress.js';

/** All uploads as one bar in three parts, each of which lies on the one before: sent, stored, safe. */
@Component({
  selector: 'dfs-progress-bar',
  template: `
    <div
      class="bar"
      role="progressbar"
      aria-label="All uploads"
      i18n-aria-label
      aria-valuemin="0"
      aria-valuemax="100"
      [attr.aria-valuenow]="(progress.shares().stored * 100).toFixed(0)"
      [attr.aria-valuetext]="progress.parts()"
    >
      <span class="sent" [style.inline-size.%]="progress.shares().sent * 100"></span>
      <span class="stored" [style.inline-size.%]="progress.shares().stored * 100"></span>
      <span class="safe" [style.inline-size.%]="progress.shares().safe * 100"></span>
    </div>
    <p class="num">{{ progress.parts() }}</p>
  `,
  styles: `
    :host {
      display: block;
      padding: 0 16px 8px;
    }
    .bar {
      position: relative;
      height: 8px;
      border-radius: 4px;
      background: var(--sunken);
      overflow: hidden;
    }
    span {
      position: absolute;
      inset-block: 0;
      inset-inline-start: 0;
      transition: inline-size 150ms linear;
    }
    .sent {
      background: repeating-linear-gradient(135deg, var(--accent) 0 2px, var(--accent-soft) 2px 5px);
    }
    .stored {
      background: var(--accent);
    }
    .safe {
      background: var(--ok-fill);
    }
    p {
      margin-top: 4px;
      color: var(--text-2);
      font-size: 12.5px;
    }
    @media (forced-colors: active) {
      .bar {
        border: 1px solid CanvasText;
      }
      .stored,
      .safe {
        background: Highlight;
        forced-color-adjust: none;
      }
    }
  `,
})
export class ProgressBar {
  protected readonly progress = inject(Progress);
}
