import { Component, DOCUMENT, ElementRef, computed, effect, inject, viewChild } from '@angular/core';
import { RouterLink } from '@angular/router';
import type { SummaryProblem } from '@dfs/contracts';
import { mdiAlertOutline, mdiCheckCircleOutline } from '@mdi/js';
import { Icon } from '../kit/icon.js';
import { Sights } from '../safety/sights.js';
import { visibleName } from '../kit/words/names.js';
import { counted, formatBytes, formatCount } from '../kit/words/sizes.js';
import { SummaryState } from './summary-state.js';
import { badge } from './badge.js';
import { healthOf } from './health-words.js';

/** Where the files of a problem are listed. */
const LISTS: Readonly<Record<string, Record<string, string>>> = {
  unavailable: { copies: 'trouble' },
  'at-risk': { copies: 'trouble' },
  'out-of-reach': { copies: 'trouble' },
  'few-members': { copies: 'short' },
  'no-space': { copies: 'short' },
  conflicts: { show: 'conflict' },
};

/** On every page: are all files safe, and if not, what is so and what to do. */
@Component({
  selector: 'dfs-health',
  imports: [Icon, RouterLink],
  template: `
    @if (health(); as now) {
      <details #box>
        <summary [class]="now.tone">
          <i class="block" [class]="now.block" aria-hidden="true"></i><span class="words num">{{ now.text }}</span>
        </summary>
        <div class="sheet">
          @if (summary(); as sum) {
            <p i18n class="num">
              {{ counted(sum.reachable.enough.files, 'file') }} of {{ formatCount(sum.files.files) }} with
              {{ sum.target }} copies in reach · {{ formatBytes(sum.files.bytes) }} in all
            </p>
            <ul>
              @for (problem of sum.problems; track problem.code) {
                <li [class]="problem.severity">
                  <dfs-icon [path]="icons.problem" [size]="18" />
                  <div>
                    <p>{{ visibleName(problem.detail) }}</p>
                    @if (problem.action; as action) {
                      <p class="action">{{ action }}</p>
                    }
                    @if (listOf(problem); as query) {
                      <a i18n routerLink="/files" [queryParams]="query" (click)="close()">Show them</a>
                    } @else if (problem.code === 'folders') {
                      <a i18n routerLink="/folders" (click)="close()">Show them</a>
                    }
                  </div>
                </li>
              } @empty {
                <li class="ok">
                  <dfs-icon [path]="icons.fine" [size]="18" />
                  <p i18n>Nothing needs your attention.</p>
                </li>
              }
            </ul>
          }
        </div>
      </details>
    }
  `,
  styleUrl: './health.scss',
  host: { '(document:click)': 'outside($event)', '(keydown.escape)': 'close()' },
})
export class Health {
  readonly #sights = inject(Sights);
  readonly #host = inject<ElementRef<HTMLElement>>(ElementRef).nativeElement;
  private readonly box = viewChild<ElementRef<HTMLDetailsElement>>('box');
  protected readonly summary = inject(SummaryState).value;
  protected readonly health = computed(() => {
    const summary = this.summary();
    return summary && healthOf(summary, this.#sights.now());
  });
  protected readonly icons = { problem: mdiAlertOutline, fine: mdiCheckCircleOutline };
  protected readonly counted = counted;
  protected readonly formatBytes = formatBytes;
  protected readonly formatCount = formatCount;
  protected readonly visibleName = visibleName;

  constructor() {
    const document = inject(DOCUMENT);
    effect(() => badge(document, this.health()?.block ?? null));
  }

  protected listOf({ code, files }: SummaryProblem): Record<string, string> | null {
    return files || code === 'conflicts' ? (LISTS[code] ?? null) : null;
  }

  protected close(): void {
    const box = this.box()?.nativeElement;
    if (box) box.open = false;
  }

  protected outside(event: Event): void {
    if (event.target instanceof Node && !this.#host.contains(event.target)) this.close();
  }
}
