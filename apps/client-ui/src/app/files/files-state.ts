import { Service, inject, signal } from '@angular/core';
import { takeUntilDestroyed } from '@angular/core/rxjs-interop';
import { EventStream, FilesApi } from '@dfs/client-data';
import type { EventType } from '@dfs/contracts';
import { debounceTime, filter, merge, throttleTime } from 'rxjs';
import { SummaryState } from '../shell/summary-state.js';
import { FileWindow } from './list/file-window.js';

/** After a change among the peers the engine needs a moment before copies are counted anew. */
const PEERS_SETTLE_MS = 400;
/** The first event causes a read at once, those of the next moment one more. */
const SETTLE_MS = 200;
/** The engine works out the worst state of a folder every two seconds: asking sooner is of no use. */
const APART_MS = 2000;
/** Ids that just arrived and are remembered as such. */
const MAX_FRESH = 2000;
const FILE_EVENTS: ReadonlySet<EventType> = new Set([
  'file.uploaded',
  'file.updated',
  'file.deleted',
  'file.restored',
  'file.conflict',
  'file.purged',
]);

/** The list of files, kept true by events. */
@Service()
export class FilesState {
  readonly #api = inject(FilesApi);
  readonly #fresh = signal<ReadonlyMap<string, number>>(new Map());
  readonly window = new FileWindow({ list: (query) => this.#api.list(query) });
  /** When an event last told of files, by their ids: milliseconds since 1970. */
  readonly fresh = this.#fresh.asReadonly();

  constructor() {
    const events = inject(EventStream);
    const until = takeUntilDestroyed<unknown>();
    const copied = events
      .on('file.replication')
      .pipe(filter(({ data }) => this.window.turnsWith(data.files.map(({ path }) => path))));
    merge(copied, inject(SummaryState).turned)
      .pipe(throttleTime(APART_MS, undefined, { leading: false, trailing: true }), until)
      .subscribe(() => this.window.refresh());
    events.all.pipe(takeUntilDestroyed()).subscribe((event) => {
      if (event.type === 'file.uploaded' || event.type === 'file.updated' || event.type === 'file.restored') {
        const now = Date.now();
        const fresh = [...this.#fresh(), ...event.data.files.map(({ id }) => [id, now] as const)];
        this.#fresh.set(new Map(fresh.slice(-MAX_FRESH)));
      }
      if (event.type === 'file.replication') {
        for (const { id, replication } of event.data.files) this.window.patch(id, replication);
      }
    });
    merge(events.live, events.resync)
      .pipe(until)
      .subscribe(() => this.window.refresh());
    merge(
      events.on('file.states'),
      events.on('peer.connected'),
      events.on('peer.disconnected'),
      events.on('peer.removed'),
    )
      .pipe(debounceTime(PEERS_SETTLE_MS), until)
      .subscribe(() => this.window.refresh());
    events.all
      .pipe(
        filter(({ type }) => FILE_EVENTS.has(type)),
        throttleTime(SETTLE_MS, undefined, { leading: true, trailing: true }),
        until,
      )
      .subscribe(() => this.window.refresh());
  }
}
