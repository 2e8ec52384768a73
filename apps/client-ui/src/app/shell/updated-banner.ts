import { Component, DOCUMENT, computed, inject, linkedSignal } from '@angular/core';
import { mdiUpdate } from '@mdi/js';
import { Icon } from '../kit/icon.js';
import { NodeState } from './node-state.js';

/** The node runs another version than the one that this page came from: the page is to be loaded anew. */
@Component({
  selector: 'dfs-updated-banner',
  imports: [Icon],
  template: `
    @if (updated(); as version) {
      <div class="banner" role="status">
        <dfs-icon [path]="icon" />
        <p i18n>The node was updated to version {{ version }}. This page is older: reload it.</p>
        <button i18n class="btn" type="button" (click)="reload()">Reload</button>
      </div>
    }
  `,
  styleUrl: './updated-banner.scss',
})
export class UpdatedBanner {
  readonly #window = inject(DOCUMENT).defaultView;
  readonly #node = inject(NodeState);
  readonly #version = computed(() => this.#node.info()?.version);
  /** The version that was told first: the page came from it. */
  readonly #first = linkedSignal<string | undefined, string | undefined>({
    source: this.#version,
    computation: (now, previous) => previous?.value ?? now,
  });
  protected readonly icon = mdiUpdate;
  protected readonly updated = computed(() => (this.#version() === this.#first() ? null : (this.#version() ?? null)));

  protected reload(): void {
    this.#window?.location.reload();
  }
}
