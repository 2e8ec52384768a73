import { Service, inject } from '@angular/core';
import { takeUntilDestroyed } from '@angular/core/rxjs-interop';
import { EventStream, FilesApi } from '@dfs/client-data';
import type { FileBatch } from '@dfs/contracts';
import { debounceTime, merge } from 'rxjs';
import { FileWindow, type FileChange } from './file-window.js';

/** After a change among the peers the engine needs a moment before copies are counted anew. */
const PEERS_SETTLE_MS = 700;
/** A file told by an event alone gets its replication read, if no event has brought it by then. */
const REPLICATION_WAIT_MS = 1500;

/** The list of files, kept true by events. */
@Service()
export class FilesState {
  readonly #api = inject(FilesApi);
  readonly #events = inject(EventStream);
  readonly window = new FileWindow({ list: (query) => this.#api.list(query) });

  constructor() {
    const events = this.#events;
    const put = (batch: FileBatch, isNew: boolean, conflict = false) =>
      this.window.apply(
        batch.files.map((file): FileChange => ({ kind: 'put', file, isNew, conflict, at: Date.now() })),
      );
    const until = takeUntilDestroyed<unknown>();
    events.all.pipe(takeUntilDestroyed()).subscribe((event) => {
      if (event.type === 'file.uploaded' || event.type === 'file.restored') put(event.data, true);
      if (event.type === 'file.updated') put(event.data, false);
      if (event.type === 'file.conflict') put(event.data, false, true);
      if (event.type === 'file.deleted') {
        this.window.apply(event.data.files.map(({ id, path }) => ({ kind: 'gone', id, path })));
      }
      if (event.type === 'file.replication') {
        this.window.apply(event.data.files.map(({ id, replication }) => ({ kind: 'replication', id, replication })));
      }
    });
    merge(events.live, events.resync)
      .pipe(until)
      .subscribe(() => this.window.refresh());
    merge(events.on('peer.connected'), events.on('peer.disconnected'), events.on('peer.removed'))
      .pipe(debounceTime(PEERS_SETTLE_MS), until)
      .subscribe(() => this.window.refresh());
    merge(events.on('file.uploaded'), events.on('file.updated'), events.on('file.restored'))
      .pipe(debounceTime(REPLICATION_WAIT_MS), until)
      .subscribe(() => {
        if (this.window.loadedRows().some((row) => row.replication === null)) this.window.refresh();
      });
  }
}
