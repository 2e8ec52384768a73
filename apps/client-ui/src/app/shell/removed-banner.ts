import { Component, computed, inject } from '@angular/core';
import { RouterLink } from '@angular/router';
import { mdiAccountCancelOutline } from '@mdi/js';
import { Icon } from '../kit/icon.js';
import { visibleName } from '../kit/words/names.js';
import { NodeState } from './node-state.js';

/** On every page of a node that its network has removed: what happened, and what can be done. */
@Component({
  selector: 'dfs-removed-banner',
  imports: [Icon, RouterLink],
  template: `
    @if (removed()) {
      <div class="banner" role="alert">
        <dfs-icon [path]="icon" />
        <p i18n>
          <strong
            >This node was removed from the network “<bdi>{{ network() }}</bdi
            >”.</strong
          >
          It neither sends nor receives anything. Files whose bytes are here can still be downloaded. To come back, ask
          an owner of the network for a new invite and use it under
          <a routerLink="/peers">Peers, Join a network</a>.
        </p>
      </div>
    }
  `,
  styles: `
    .banner {
      display: flex;
      align-items: center;
      gap: 12px;
      padding: 8px 20px;
      border-bottom: 1px solid color-mix(in srgb, var(--bad) 30%, transparent);
      background: var(--bad-soft);
    }
    dfs-icon {
      flex: none;
      color: var(--bad);
    }
    p {
      min-width: 0;
      overflow-wrap: anywhere;
    }
  `,
})
export class RemovedBanner {
  readonly #node = inject(NodeState);
  protected readonly icon = mdiAccountCancelOutline;
  protected readonly removed = computed(() => this.#node.info()?.network.removed === true);
  protected readonly network = computed(() => visibleName(this.#node.info()?.network.name ?? ''));
}
