import { Service, computed, inject } from '@angular/core';
import { EventStream } from '@dfs/client-data';
import { PeersState } from '../peers/peers-state.js';
import type { Sight } from './verdict.js';

/** What this browser sees of the network now: the same for all files, and the same as the page Peers shows. */
@Service()
export class Sights {
  readonly #peers = inject(PeersState);
  readonly #events = inject(EventStream);

  readonly now = computed<Sight>(() => {
    const connected = this.#peers.connected();
    return {
      current: this.#events.state() !== 'offline',
      nodes: connected === null ? null : connected + 1,
    };
  });
}
