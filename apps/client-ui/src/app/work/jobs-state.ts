import { Service, computed, inject, signal } from '@angular/core';
import { takeUntilDestroyed } from '@angular/core/rxjs-interop';
import { EventStream, NodeApi } from '@dfs/client-data';
import type { TransferInfo, TransferKind } from '@dfs/contracts';
import { merge, type Subscription } from 'rxjs';

/** Ended ones that are kept in the browser. */
const KEPT = 100;
/** Of these kinds each ended one is told, of the others those that failed: copies are made all the time. */
const TOLD: ReadonlySet<TransferKind> = new Set(['act', 'drain']);

/** Work of the node: what it moves and changes, under way or lately ended. */
@Service()
export class JobsState {
  readonly #api = inject(NodeApi);
  readonly #all = signal<ReadonlyMap<string, TransferInfo>>(new Map());
  #reading: Subscription | undefined;
  /** Told while the answer is under way. */
  #heard: TransferInfo[] = [];

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
    events.transfers.pipe(takeUntilDestroyed()).subscribe((transfers) => this.#hear(transfers));
    merge(events.live, events.resync)
      .pipe(takeUntilDestroyed())
      .subscribe(() => this.refresh());
    if (events.state() === 'live') this.refresh();
  }

  /** Reads what runs, and what ended lately. */
  refresh(): void {
    this.#reading?.unsubscribe();
    this.#heard = [];
    this.#reading = this.#api.transfers().subscribe({
      next: ({ items }) => {
        const ended = new Set(items.filter(({ state }) => state !== 'running').map(({ id }) => id));
        this.#all.set(new Map());
        this.#take(items);
        // The answer may be older than what was told meanwhile; nothing that has ended goes on.
        this.#take(this.#heard.filter(({ id, state }) => state !== 'running' || !ended.has(id)));
      },
      // Events tell of transfers as well; a failed read of them is not worth a person's attention.
      error: () => undefined,
    });
  }

  #hear(transfers: readonly TransferInfo[]): void {
    if (this.#reading?.closed === false) this.#heard.push(...transfers);
    this.#take(transfers);
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
