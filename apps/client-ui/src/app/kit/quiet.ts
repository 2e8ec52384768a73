import { ApplicationRef, Service, inject, signal } from '@angular/core';
import { toObservable } from '@angular/core/rxjs-interop';
import { delay, filter, map, take, type Observable } from 'rxjs';

/** From the first picture until what nobody has asked for yet is fetched. Milliseconds. */
const QUIET_MS = 10_000;

/** The first load is over: what was asked for is drawn, and nobody waits for the node. */
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
    inject(ApplicationRef)
      .isStable.pipe(filter(Boolean), take(1), delay(QUIET_MS))
      .subscribe(() => this.#reached.set(true));
  }
}
