import { Component, Injector, computed, effect, inject, signal, untracked } from '@angular/core';
import { mdiSwapVertical } from '@mdi/js';
import { Icon } from '../kit/icon.js';
import { Tip } from '../kit/tip.js';
import { FoldersState } from '../folders/folders-state.js';
import { SummaryState } from '../shell/summary-state.js';
import { WorkBeacon } from './work-beacon.js';

/** Opens and closes the drawer of work; its badge counts what is under way, or else what waits for a person. */
@Component({
  selector: 'dfs-work-button',
  imports: [Icon, Tip],
  template: `
    <button
      class="btn icon"
      type="button"
      dfsTip="Uploads and other work"
      i18n-dfsTip
      [attr.aria-label]="label()"
      [attr.aria-expanded]="beacon.shown()"
      (click)="beacon.toggle()"
    >
      <dfs-icon [path]="icon" />
      @if (count(); as text) {
        <span class="badge num" [class.busy]="beacon.signs().active > 0">{{ text }}</span>
      }
    </button>
  `,
  styles: `
    button {
      position: relative;
    }
    .badge {
      position: absolute;
      inset: -4px -6px auto auto;
      min-width: 18px;
      padding: 0 5px;
      border-radius: 9px;
      background: var(--bad-soft);
      color: var(--bad);
      font-size: 12px;
      line-height: 18px;
    }
    .busy {
      background: var(--accent-soft);
      color: var(--accent-strong);
    }
  `,
})
export class WorkButton {
  protected readonly beacon = inject(WorkBeacon);
  readonly #folders = signal<FoldersState | null>(null);
  /** Live folders with deletions that wait for an answer. */
  readonly #held = computed(() => (this.#folders()?.folders() ?? []).filter(({ held }) => held > 0).length);
  protected readonly count = computed(() => {
    const { active, waiting } = this.beacon.signs();
    const count = active || waiting + this.#held();
    return count > 999 ? '999+' : count > 0 ? String(count) : '';
  });
  protected readonly label = computed(() =>
    this.count() === '' ? $localize`Work` : $localize`Work, ${this.count()}:count:`,
  );
  protected readonly icon = mdiSwapVertical;

  constructor() {
    const injector = inject(Injector);
    const summary = inject(SummaryState).value;
    // The folders are asked for once the node says that one of them is not well.
    effect(() => {
      if (summary()?.problems.some(({ code }) => code === 'folders'))
        untracked(() => this.#folders.set(injector.get(FoldersState)));
    });
  }
}
