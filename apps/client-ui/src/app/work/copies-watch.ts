import { Service, inject } from '@angular/core';
import { takeUntilDestroyed } from '@angular/core/rxjs-interop';
import { EventStream, FilesApi } from '@dfs/client-data';
import { filter, merge, throttleTime } from 'rxjs';
import { UploadQueue } from '../files/upload/upload-queue.js';
import type { UploadItem } from '../files/upload/upload-item.js';
import { SummaryState } from '../shell/summary-state.js';

/** Paths of one look-up: the engine's limit. */
const MAX_LOOKUP = 1000;
/** States are two seconds old at most: asking sooner is of no use. Milliseconds. */
const APART_MS = 2000;

/** Follows the copies of what was uploaded, until all that are wanted can be reached. */
@Service()
export class CopiesWatch {
  readonly #queue = inject(UploadQueue);
  readonly #files = inject(FilesApi);

  constructor() {
    const events = inject(EventStream);
    events
      .on('file.replication')
      .pipe(takeUntilDestroyed())
      .subscribe(({ data }) => {
        const open = new Map(this.#open().map((item) => [item.made()?.id, item] as const));
        for (const { id, replication } of data.files) open.get(id)?.copied(replication);
      });
    merge(inject(SummaryState).turned, events.live, events.resync, events.on('node.status'))
      .pipe(
        filter(() => this.#open().length > 0),
        throttleTime(APART_MS, undefined, { leading: true, trailing: true }),
        takeUntilDestroyed(),
      )
      .subscribe(() => this.#ask());
  }

  #open(): UploadItem[] {
    return this.#queue.items().filter((item) => {
      const replication = item.replication();
      return item.state() === 'done' && replication !== null && replication.reachable < replication.target;
    });
  }

  #ask(): void {
    const open = this.#open().slice(0, MAX_LOOKUP);
    if (open.length === 0) return;
    this.#files.lookUp(open.map(({ path }) => path)).subscribe({
      next: (found) =>
        open.forEach((item, n) => {
          const file = found[n]?.file;
          if (file && file.id === item.made()?.id) item.copied(file.replication);
        }),
      // The next event asks again.
      error: () => undefined,
    });
  }
}
