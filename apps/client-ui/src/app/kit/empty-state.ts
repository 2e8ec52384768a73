import { Component, input } from '@angular/core';

/** The drawings of empty places. */
export type Drawing = 'files' | 'folder' | 'search' | 'trash' | 'network' | 'activity' | 'conflict';

/** Nothing is here yet: a drawing, what this place is for, and the first thing to do. Actions go inside. */
@Component({
  selector: 'dfs-empty-state',
  template: `
    <svg viewBox="0 0 160 96" width="160" height="96" aria-hidden="true" focusable="false">
      @switch (drawing()) {
        @case ('files') {
          <g class="line">
            <rect x="10" y="40" width="36" height="44" rx="6" />
            <rect x="62" y="40" width="36" height="44" rx="6" />
            <rect x="114" y="40" width="36" height="44" rx="6" />
            <path d="M28 28V16M80 28V10M132 28V16" stroke-dasharray="2 5" />
            <path d="M18 76h20M70 76h20M122 76h20" />
          </g>
          <rect class="hue" x="72" y="50" width="16" height="16" rx="4" />
          <g class="soft">
            <rect x="20" y="50" width="16" height="16" rx="4" />
            <rect x="124" y="50" width="16" height="16" rx="4" />
          </g>
        }
        @case ('folder') {
          <path class="line" d="M34 30a6 6 0 0 1 6-6h22l8 9h50a6 6 0 0 1 6 6v39a6 6 0 0 1-6 6H40a6 6 0 0 1-6-6z" />
          <path class="line" d="M80 14v-8m-5 4 5 5 5-5" />
          <rect class="hue" x="72" y="50" width="16" height="16" rx="4" />
        }
        @case ('search') {
          <g class="line">
            <circle cx="72" cy="44" r="28" />
            <path d="m93 65 20 20" />
          </g>
          <g class="soft">
            <rect x="54" y="34" width="14" height="14" rx="4" />
          </g>
          <rect class="open" x="74" y="34" width="14" height="14" rx="4" />
        }
        @case ('trash') {
          <g class="line">
            <path d="M56 34h48l-5 46a6 6 0 0 1-6 5H67a6 6 0 0 1-6-5z" />
            <path d="M50 34h60M70 34v-7a4 4 0 0 1 4-4h12a4 4 0 0 1 4 4v7" />
            <path d="M124 62c10-6 12-20 2-28m0 0 9-1m-9 1 1 9" />
          </g>
          <rect class="hue" x="72" y="50" width="16" height="16" rx="4" />
        }
        @case ('network') {
          <g class="line">
            <rect x="62" y="10" width="36" height="26" rx="6" />
            <rect x="16" y="60" width="36" height="26" rx="6" stroke-dasharray="4 5" />
            <rect x="108" y="60" width="36" height="26" rx="6" stroke-dasharray="4 5" />
            <path d="m68 40-24 16M92 40l24 16" stroke-dasharray="2 5" />
          </g>
          <rect class="hue" x="73" y="16" width="14" height="14" rx="4" />
        }
        @case ('activity') {
          <path class="line" d="M14 52h30l10-26 16 48 14-34 8 12h54" />
          <rect class="hue" x="76" y="36" width="16" height="16" rx="4" />
        }
        @case ('conflict') {
          <g class="line">
            <path d="M24 74V42a10 10 0 0 1 10-10h30M136 74V42a10 10 0 0 0-10-10H96" />
          </g>
          <rect class="hue" x="16" y="70" width="16" height="16" rx="4" />
          <rect class="hue" x="128" y="70" width="16" height="16" rx="4" />
          <rect class="open" x="72" y="24" width="16" height="16" rx="4" />
        }
      }
    </svg>
    <h2>{{ heading() }}</h2>
    <p>{{ text() }}</p>
    <div class="actions"><ng-content /></div>
  `,
  styles: `
    :host {
      display: flex;
      flex-direction: column;
      align-items: center;
      padding: 40px 24px;
      text-align: center;
    }
    .line {
      fill: none;
      stroke: var(--edge);
      stroke-width: 2;
      stroke-linecap: round;
      stroke-linejoin: round;
    }
    .hue {
      fill: var(--accent);
    }
    .soft {
      fill: color-mix(in srgb, var(--accent) 30%, var(--surface));
    }
    .open {
      fill: none;
      stroke: var(--accent);
      stroke-width: 2;
      stroke-dasharray: 3 3;
    }
    h2 {
      margin: 20px 0 4px;
      font-size: 18px;
      line-height: 24px;
    }
    p {
      max-width: 52ch;
      color: var(--text-2);
      text-wrap: balance;
    }
    .actions {
      display: flex;
      flex-wrap: wrap;
      gap: 8px;
      justify-content: center;
      margin-top: 20px;
    }
    .actions:empty {
      display: none;
    }
  `,
})
export class EmptyState {
  readonly drawing = input.required<Drawing>();
  readonly heading = input.required<string>();
  readonly text = input.required<string>();
}
