import { Service, inject } from '@angular/core';
import type { PreloadingStrategy, Route } from '@angular/router';
import { Subject, filter, merge, of, switchMap, take, type Observable } from 'rxjs';
import { Quiet } from '../kit/quiet.js';

/**
 * Loads a page before it is opened: when one points at its name, or once the first load is over, so that pages are there
 * also when the node is not.
 */
@Service()
export class PagePreload implements PreloadingStrategy {
  readonly #quiet = inject(Quiet);
  readonly #pointed = new Subject<string>();

  /** @param path of the page, with its `/` */
  point(path: string): void {
    this.#pointed.next(path);
  }

  preload({ path, loadComponent }: Route, load: () => Observable<unknown>): Observable<unknown> {
    if (!loadComponent) return of(null);
    const pointed = this.#pointed.pipe(filter((at) => at === `/${path}`));
    return merge(pointed, this.#quiet.once).pipe(take(1), switchMap(load));
  }
}
