import { Service, inject } from '@angular/core';
import { takeUntilDestroyed } from '@angular/core/rxjs-interop';
import { EventStream, LiveFoldersApi, Session } from '@dfs/client-data';
import { debounceTime, filter, map, merge } from 'rxjs';
import { reading } from '../kit/reading.js';

/** Events of one moment cause one read. */
const SETTLE_MS = 120;

/** The live folders of this node, read anew whenever an event says that something about one changed. */
@Service()
export class FoldersState {
  readonly #api = inject(LiveFoldersApi);
  readonly #events = inject(EventStream);
  readonly #session = inject(Session);
  readonly #reading = reading(
    () => this.#api.list().pipe(map(({ items }) => [...items].sort((a, b) => a.name.localeCompare(b.name)))),
    // Once events are told, so that nothing happens unseen between the answer and them, and it is not asked twice.
    () => (this.#session.status() === 'signed-in' && this.#events.state() !== 'connecting' ? true : undefined),
  );
  /** Something about a live folder changed: what is shown of one is to be read again. */
  readonly changed = merge(
    this.#events.on('folder.state', 'folder.held', 'folder.issue'),
    this.#events.live,
    this.#events.resync,
  ).pipe(
    // The first answer has all that came before.
    filter(() => this.#reading.isAsked()),
    debounceTime(SETTLE_MS),
  );

  /** By name; undefined until the first answer. */
  readonly folders = this.#reading.value.asReadonly();
  readonly problem = this.#reading.problem;

  constructor() {
    this.changed.pipe(takeUntilDestroyed()).subscribe(() => this.refresh());
  }

  refresh(): void {
    this.#reading.refresh();
  }
}
