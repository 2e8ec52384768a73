import { Location } from '@angular/common';
import { Service, inject, signal } from '@angular/core';
import { Router } from '@angular/router';
import { EventStream } from '@dfs/client-data';
import { take } from 'rxjs';

/**
 * Loads the page anew once the node answers. A part that could not be loaded comes with that alone: a browser keeps the failure for as
 * long as the page is there, and where the node was updated, its parts have other names.
 */
@Service()
export class Reload {
  readonly #events = inject(EventStream);
  readonly #location = inject(Location);
  readonly #router = inject(Router);
  readonly #waits = signal(false);

  /** The node did not answer: the page is loaded once it does. */
  readonly waits = this.#waits.asReadonly();

  /**
   * @param url within the console; the present one where it is left out
   * @param age of the page before it may load itself anew, in milliseconds
   */
  async soon(url = this.#router.url, age = 0): Promise<void> {
    const address = this.#location.prepareExternalUrl(url);
    const reload = () => globalThis.location.assign(address);
    try {
      await fetch(address, { method: 'HEAD', cache: 'no-store' });
      setTimeout(reload, Math.max(0, age - performance.now()));
    } catch {
      if (this.#waits()) return;
      this.#waits.set(true);
      this.#events.live.pipe(take(1)).subscribe(reload);
    }
  }
}
