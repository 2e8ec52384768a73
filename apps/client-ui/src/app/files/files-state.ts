import { Service, inject, signal } from '@angular/core';
import { takeUntilDestroyed } from '@angular/core/rxjs-interop';
import { EventStream, FilesApi } from '@dfs/client-data';
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
/** They tell of files with new contents. */
const FRESH_EVENTS = ['file.uploaded', 'file.updated', 'file.restored'] as const;
const FILE_EVENTS = [...FRESH_EVENTS, 'file.deleted', 'file.conflict', 'file.purged'] as const;

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
    const copied = events.on('file.replication');
    const turning = copied.pipe(filter(({ data }) => this.window.turnsWith(data.files.map(({ path }) => path))));
    merge(turning, inject(SummaryState).turned)
      .pipe(throttleTime(APART_MS, undefined, { leading: false, trailing: true }), until)
      .subscribe(() => this.window.refresh());
    copied.pipe(takeUntilDestroyed()).subscribe(({ data }) => {
      for (const { id, replication } of data.files) this.window.patch(id, replication);
    });
    events
      .on(...FRESH_EVENTS)
      .pipe(takeUntilDestroyed())
      .subscribe(({ data }) => {
        const now = Date.now();
        const fresh = [...this.#fresh(), ...data.files.map(({ id }) => [id, now] as const)];
        this.#fresh.set(new Map(fresh.slice(-MAX_FRESH)));
      });
    merge(events.live, events.resync)
      .pipe(until)
      .subscribe(() => this.window.refresh());
    events
      .on('file.states', 'peer.connected', 'peer.disconnected', 'peer.removed')
      .pipe(debounceTime(PEERS_SETTLE_MS), until)
      .subscribe(() => this.window.refresh());
    events
      .on(...FILE_EVENTS)
      .pipe(throttleTime(SETTLE_MS, undefined, { leading: true, trailing: true }), until)
      .subscribe(() => this.window.refresh());
  }
}
