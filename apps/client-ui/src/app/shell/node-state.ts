import { Service, computed, inject, linkedSignal } from '@angular/core';
import { takeUntilDestroyed } from '@angular/core/rxjs-interop';
import { EventStream, NodeApi, Session } from '@dfs/client-data';
import { filter, merge, of } from 'rxjs';
import { reading } from '../kit/reading.js';
import type { Running } from '../kit/parts/uptime.js';

/** This node, as last told by `GET /node` and `node.status`. */
@Service()
export class NodeState {
  readonly #api = inject(NodeApi);
  readonly #events = inject(EventStream);
  readonly #session = inject(Session);
  /** The first answer is that of the sign-in. */
  #isGiven = false;
  readonly #reading = reading(
    () => {
      const given = this.#session.takeNode();
      this.#isGiven = given !== null;
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
    // The page begins to listen after the sign-in: what that answered is not asked for again. A later time it may have changed.
    let begins = this.#events.state() === 'connecting';
    const live = this.#events.live.pipe(
      filter(() => {
        const isKnown = begins && this.#isGiven;
        begins = false;
        return !isKnown;
      }),
    );
    merge(live, this.#events.resync)
      .pipe(takeUntilDestroyed())
      .subscribe(() => this.refresh());
  }

  refresh(): void {
    this.#reading.refresh();
  }
}
