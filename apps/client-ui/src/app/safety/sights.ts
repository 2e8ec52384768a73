import { Service, computed, inject } from '@angular/core';
import { EventStream } from '@dfs/client-data';
import { PeersState } from '../peers/peers-state.js';
import { SummaryState } from '../shell/summary-state.js';
import type { Sight } from './verdict.js';

/** The view of this browser on the network: the same for all files, and the same as the page Peers shows. */
@Service()
export class Sights {
  readonly #peers = inject(PeersState);
  readonly #events = inject(EventStream);
  readonly #summary = inject(SummaryState);

  readonly now = computed<Sight>(() => {
    const connected = this.#peers.connected();
    return {
      current: this.#events.state() !== 'offline',
      nodes: connected === null ? null : connected + 1,
      target: this.#summary.value()?.target ?? null,
    };
  });
}
