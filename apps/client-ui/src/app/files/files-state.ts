import { Service, inject } from '@angular/core';
import { takeUntilDestroyed } from '@angular/core/rxjs-interop';
import { EventStream, FilesApi } from '@dfs/client-data';
import type { FileBatch } from '@dfs/contracts';
import { auditTime, debounceTime, merge } from 'rxjs';
import { FileWindow, type FileChange } from './file-window.js';

/** After a change among the peers the engine needs a moment before copies are counted anew. */
const PEERS_SETTLE_MS = 700;
/** From the first event of a burst to the read that corrects what was made of it. */
const CORRECT_MS = 2000;

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
    // Events put rows in place at once; what they cannot say (copies, the exact count) is read a little later.
    merge(events.on('file.uploaded'), events.on('file.updated'), events.on('file.restored'), events.on('file.deleted'))
      .pipe(auditTime(CORRECT_MS), until)
      .subscribe(() => this.window.refresh());
  }
}
