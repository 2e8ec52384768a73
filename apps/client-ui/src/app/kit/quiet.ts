import { ApplicationRef, Service, inject, signal } from '@angular/core';
import { toObservable } from '@angular/core/rxjs-interop';
import { EventStream } from '@dfs/client-data';
import { delay, filter, map, switchMap, take, type Observable } from 'rxjs';

/** From the first picture until what nobody has asked for yet is fetched. Milliseconds. */
const QUIET_MS = 10_000;

/**
 * The first load is over: what was asked for is drawn, and nobody waits for the node. That is there: a part that cannot be loaded once
 * cannot be loaded by this page again.
 */
@Service()
export class Quiet {
  readonly #reached = signal(false);
  readonly reached = this.#reached.asReadonly();
  /** Once, as soon as it is so. */
  readonly once: Observable<void> = toObservable(this.#reached).pipe(
    filter(Boolean),
    take(1),
    map(() => undefined),
  );

  constructor() {
    const live = toObservable(inject(EventStream).state).pipe(filter((state) => state === 'live'));
    inject(ApplicationRef)
      .isStable.pipe(
        filter(Boolean),
        take(1),
        delay(QUIET_MS),
        switchMap(() => live),
        take(1),
      )
      .subscribe(() => this.#reached.set(true));
  }
}
