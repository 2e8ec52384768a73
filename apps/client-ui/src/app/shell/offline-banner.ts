import { Component, computed, inject } from '@angular/core';
import { EventStream } from '@dfs/client-data';
import { mdiLanDisconnect } from '@mdi/js';
import { Clock } from '../kit/clock.js';
import { Icon } from '../kit/icon.js';

/** The node cannot be reached: what that means, when it is tried again, and a way not to wait. */
@Component({
  selector: 'dfs-offline-banner',
  imports: [Icon],
  template: `
    @if (offline()) {
      <div class="banner" role="status">
        <dfs-icon [path]="icon" />
        <p>
          <strong i18n>Not connected to this node.</strong>&ngsp;
          <ng-container i18n>This page may be out of date. Check that the node is running.</ng-container>&ngsp;
          <span class="num" aria-hidden="true">{{ when() }}</span>
        </p>
        <button i18n class="btn" type="button" (click)="retry()">Try now</button>
      </div>
    }
  `,
  styleUrl: './offline-banner.scss',
})
export class OfflineBanner {
  readonly #events = inject(EventStream);
  readonly #clock = inject(Clock);
  protected readonly icon = mdiLanDisconnect;
  protected readonly offline = computed(() => this.#events.state() === 'offline');
  protected readonly when = computed(() => {
    const at = this.#events.retryAt();
    if (at === null) return $localize`Trying now…`;
    return $localize`Trying again in ${Math.max(1, Math.ceil((at - this.#clock.now()) / 1000))}:seconds: s.`;
  });

  protected retry(): void {
    this.#events.retryNow();
  }
}
