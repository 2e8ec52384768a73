import { Service, computed, inject } from '@angular/core';
import { takeUntilDestroyed, toObservable } from '@angular/core/rxjs-interop';
import { EventStream, NodeApi, Session } from '@dfs/client-data';
import type { EventType } from '@dfs/contracts';
import { filter, merge, pairwise, throttleTime } from 'rxjs';
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
  'folder.state',
  'folder.held',
]);

/** The whole network at a glance, read anew whenever an event says that something about it changed. */
@Service()
export class SummaryState {
  readonly #api = inject(NodeApi);
  readonly #events = inject(EventStream);
  readonly #session = inject(Session);
  readonly #reading = reading(
    () => this.#api.summary(),
    // Once events are told, so that nothing happens unseen between the answer and them, and it is not asked twice.
    () => (this.#session.status() === 'signed-in' && this.#events.state() !== 'connecting' ? true : undefined),
  );
  /** Undefined until the first answer. */
  readonly value = this.#reading.value.asReadonly();

  readonly #counts = computed(() => {
    const summary = this.value();
    if (!summary) return null;
    const { target, files, promised, reachable, local, conflicts } = summary;
    return JSON.stringify([target, files, promised, reachable, local, conflicts]);
  });
  /** Files are in other states than the last answer said: what was read of single files and folders may be old. */
  readonly turned = toObservable(this.#counts).pipe(
    filter((counts) => counts !== null),
    pairwise(),
  );

  constructor() {
    const { all } = this.#events;
    const changes = all.pipe(filter(({ type }) => CHANGES.has(type)));
    // Nobody tells of each file that turns: while some are not as they should be, the node's own beat asks.
    const waiting = this.#events.on('node.status').pipe(filter(() => !this.#isSettled()));
    const happened = merge(changes, waiting).pipe(
      // Missed events come before the stream is live, which causes a read of its own.
      filter(() => this.#events.state() === 'live' && this.#reading.isAsked()),
      throttleTime(APART_MS, undefined, { leading: false, trailing: true }),
    );
    // The first time its state alone causes the read.
    const missed = merge(this.#events.live, this.#events.resync).pipe(filter(() => this.#reading.isAsked()));
    merge(happened, missed)
      .pipe(takeUntilDestroyed())
      .subscribe(() => this.#reading.refresh());
  }

  #isSettled(): boolean {
    const summary = this.value();
    return (
      summary?.promised.safe.files === summary?.files.files && summary?.reachable.enough.files === summary?.files.files
    );
  }
}
