import { Service, inject } from '@angular/core';
import { takeUntilDestroyed } from '@angular/core/rxjs-interop';
import { EventStream, NodeApi, Session } from '@dfs/client-data';
import type { EventType } from '@dfs/contracts';
import { filter, merge, throttleTime } from 'rxjs';
import { reading } from '../kit/reading.js';

/** The node's figures are two seconds old at most: asking sooner is of no use. Milliseconds. */
const APART_MS = 2000;
/** After these the figures may be others. */
const CHANGES: ReadonlySet<EventType> = new Set([
  'file.states',
  'file.uploaded',
  'file.updated',
  'file.deleted',
  'file.restored',
  'file.conflict',
  'file.replication',
  'peer.connected',
  'peer.disconnected',
  'peer.removed',
  'node.warning',
]);

/** The whole network at a glance, read anew whenever an event says that something about it changed. */
@Service()
export class SummaryState {
  readonly #api = inject(NodeApi);
  readonly #events = inject(EventStream);
  readonly #session = inject(Session);
  readonly #reading = reading(
    () => this.#api.summary(),
    () => (this.#session.status() === 'signed-in' ? true : undefined),
  );
  /** Undefined until the first answer. */
  readonly value = this.#reading.value.asReadonly();

  constructor() {
    const changes = this.#events.all.pipe(filter(({ type }) => CHANGES.has(type)));
    merge(changes, this.#events.live, this.#events.resync)
      .pipe(throttleTime(APART_MS, undefined, { leading: false, trailing: true }), takeUntilDestroyed())
      .subscribe(() => this.#reading.refresh());
  }
}
