import { Service, computed, inject, signal } from '@angular/core';
import { takeUntilDestroyed } from '@angular/core/rxjs-interop';
import { EventStream, NodeApi, toApiProblem, type ApiProblem } from '@dfs/client-data';
import type { AnyEvent, EventMap } from '@dfs/contracts';
import { merge, of, startWith, switchMap } from 'rxjs';
import { Quiet } from '../kit/quiet.js';

/** How much of the past is kept in the browser. */
const KEPT_EVENTS = 300;
/** How much of it the frame of the console asks for, which tells of warnings alone; and the page of activity. */
const NEWEST_EVENTS = 25;
const SHOWN_EVENTS = 150;

/** Recent events, newest first. */
@Service()
export class ActivityState {
  readonly #api = inject(NodeApi);
  readonly #events = inject(EventStream);
  readonly #entries = signal<readonly AnyEvent[]>([]);
  readonly #loaded = signal(false);
  readonly #problem = signal<ApiProblem | null>(null);
  readonly #quiet = inject(Quiet);
  #wanted = NEWEST_EVENTS;
  #isLooked = false;

  readonly entries = this.#entries.asReadonly();
  /** False until the past has been asked for. */
  readonly loaded = this.#loaded.asReadonly();
  readonly problem = this.#problem.asReadonly();
  /** Warnings whose cause is still there, one per code. */
  readonly warnings = computed(() => {
    const newest = new Map<string, EventMap['node.warning']>();
    for (const entry of this.#entries()) {
      if (entry.type === 'node.warning' && !newest.has(entry.data.code)) newest.set(entry.data.code, entry.data);
    }
    return [...newest.values()].filter((warning) => warning.active);
  });

  constructor() {
    this.#events.all.pipe(takeUntilDestroyed()).subscribe((event) => this.#take(event));
    const known = this.#events.lastSeq === null ? [] : [undefined];
    merge(this.#events.live, this.#events.resync)
      .pipe(
        startWith(...known),
        switchMap(() => (this.#isLooked || this.#quiet.reached() ? of(undefined) : this.#quiet.once)),
        takeUntilDestroyed(),
      )
      .subscribe(() => this.refresh());
  }

  /** A person looks at what happened: from now on so much of the past is read as the page shows. */
  look(): void {
    this.#isLooked = true;
    this.#wanted = SHOWN_EVENTS;
    this.#loaded.set(false);
    this.refresh();
  }

  /** Reads the past anew. */
  refresh(): void {
    const last = this.#events.lastSeq;
    if (last === null) return;
    this.#api.events(last - this.#wanted).subscribe({
      next: (page) => {
        this.#loaded.set(true);
        this.#problem.set(null);
        const numbers = new Set(page.items.map((event) => event.seq));
        const newer = this.#entries().filter((e) => e.stream === page.stream && !numbers.has(e.seq));
        this.#keep([...newer, ...page.items]);
      },
      error: (error: unknown) => this.#problem.set(toApiProblem(error)),
    });
  }

  #take(event: AnyEvent): void {
    if (event.seq !== null) this.#keep([event, ...this.#entries()]);
  }

  #keep(events: readonly AnyEvent[]): void {
    this.#entries.set([...events].sort((a, b) => (b.seq ?? 0) - (a.seq ?? 0)).slice(0, KEPT_EVENTS));
  }
}
