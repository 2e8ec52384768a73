import { Service, computed, inject, linkedSignal } from '@angular/core';
import { takeUntilDestroyed } from '@angular/core/rxjs-interop';
import { EventStream, NodeApi, Session } from '@dfs/client-data';
import { merge, of } from 'rxjs';
import { reading } from '../kit/reading.js';
import type { Running } from '../kit/parts/uptime.js';

/** This node, as last told by `GET /node` and `node.status`. */
@Service()
export class NodeState {
  readonly #api = inject(NodeApi);
  readonly #events = inject(EventStream);
  readonly #session = inject(Session);
  readonly #reading = reading(
    () => {
      // The first answer is that of the sign-in.
      const given = this.#session.takeNode();
      return given === null ? this.#api.info() : of(given);
    },
    () => (this.#session.status() === 'signed-in' ? true : undefined),
  );

  readonly info = this.#reading.value.asReadonly();
  readonly problem = this.#reading.problem;

  readonly #running = linkedSignal(() => {
    const seconds = this.info()?.uptimeSeconds;
    return seconds === undefined ? null : { seconds, at: Date.now() };
  });
  /** Null while nobody knows whether the node runs. */
  readonly running = computed<Running | null>(() => (this.#events.state() === 'offline' ? null : this.#running()));

  constructor() {
    this.#events
      .on('node.status')
      .pipe(takeUntilDestroyed())
      .subscribe(({ data: { uptimeSeconds, storage, fileTotals: files, network } }) =>
        this.#reading.value.update((info) => info && { ...info, uptimeSeconds, storage, files, network }),
      );
    // The page begins to listen right after the sign-in: what was answered then is not asked for again. After a break it may have changed.
    merge(this.#events.back, this.#events.resync)
      .pipe(takeUntilDestroyed())
      .subscribe(() => this.refresh());
  }

  refresh(): void {
    this.#reading.refresh();
  }
}
