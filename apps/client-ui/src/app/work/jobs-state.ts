import { Service, computed, inject, signal } from '@angular/core';
import { takeUntilDestroyed } from '@angular/core/rxjs-interop';
import { EventStream, NodeApi } from '@dfs/client-data';
import type { TransferInfo, TransferKind } from '@dfs/contracts';
import { merge } from 'rxjs';

/** Ended ones that are kept in the browser. */
const KEPT = 100;
/** Of these kinds each ended one is told, of the others those that failed: copies are made all the time. */
const TOLD: ReadonlySet<TransferKind> = new Set(['act', 'drain']);

/** Work of the node: what it moves and changes, under way or lately ended. */
@Service()
export class JobsState {
  readonly #api = inject(NodeApi);
  readonly #all = signal<ReadonlyMap<string, TransferInfo>>(new Map());

  /** Under way. */
  readonly running = computed(() => [...this.#all().values()].filter(({ state }) => state === 'running'));
  /** Lately ended ones that a person may want to know of, the newest first. */
  readonly ended = computed(() =>
    [...this.#all().values()]
      .filter(({ state, kind }) => state === 'failed' || (state !== 'running' && TOLD.has(kind)))
      .sort((a, b) => (b.finishedAt ?? '').localeCompare(a.finishedAt ?? '')),
  );

  constructor() {
    const events = inject(EventStream);
    events
      .on('transfer.progress')
      .pipe(takeUntilDestroyed())
      .subscribe(({ data }) => this.#take(data.transfers));
    events
      .on('transfer.finished', 'transfer.failed')
      .pipe(takeUntilDestroyed())
      .subscribe(({ data }) => this.#take([data.transfer]));
    merge(events.live, events.resync)
      .pipe(takeUntilDestroyed())
      .subscribe(() => this.refresh());
    if (events.state() === 'live') this.refresh();
  }

  /** Reads what runs, and what ended lately. */
  refresh(): void {
    this.#api.transfers().subscribe({
      next: ({ items }) => {
        this.#all.set(new Map());
        this.#take(items);
      },
      // Events tell of transfers as well; a failed read of them is not worth a person's attention.
      error: () => undefined,
    });
  }

  #take(transfers: readonly TransferInfo[]): void {
    const all = new Map(this.#all());
    for (const transfer of transfers) {
      // The newest at the end.
      if (transfer.state !== 'running') all.delete(transfer.id);
      all.set(transfer.id, transfer);
    }
    const ended = [...all.values()].filter(({ state }) => state !== 'running');
    for (const { id } of ended.slice(0, Math.max(0, ended.length - KEPT))) all.delete(id);
    this.#all.set(all);
  }
}
