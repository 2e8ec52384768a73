import { Service, computed, signal } from '@angular/core';
import { KeptUploads } from '../files/upload/kept-uploads.js';

/** Uploads of this browser, in numbers. */
export interface WorkSigns {
  /** Under way, or about to be. */
  active: number;
  /** Those that wait for a person. */
  waiting: number;
  /** There is something to show. */
  any: boolean;
}

/** The little that the frame of the console knows of work: whether there is some, and whether its drawer is open. */
@Service()
export class WorkBeacon {
  readonly #signs = signal<WorkSigns>({ active: 0, waiting: 0, any: KeptUploads.any() });
  readonly #open = signal(true);
  readonly #asked = signal(false);
  readonly #near = signal(false);
  readonly #pages = signal(0);

  readonly signs = this.#signs.asReadonly();
  /** The drawer is to be there; not beside the page that shows the same. */
  readonly shown = computed(() => this.#open() && this.#pages() === 0 && (this.signs().any || this.#asked()));
  /** The part that shows work is needed, or may be in a moment. */
  readonly wanted = computed(() => this.shown() || this.#near());

  /** Files are held over the window: there will be work. */
  expect(): void {
    this.#near.set(true);
  }

  /** The page of work is shown; answers what is to be called when it is left. */
  page(): () => void {
    this.#pages.update((n) => n + 1);
    return () => this.#pages.update((n) => n - 1);
  }

  tell(signs: WorkSigns): void {
    if (JSON.stringify(signs) === JSON.stringify(this.#signs())) return;
    if (signs.any && !this.#signs().any) this.#open.set(true);
    this.#signs.set(signs);
  }

  toggle(): void {
    const isShown = this.shown();
    this.#open.set(!isShown);
    this.#asked.set(!isShown);
  }

  close(): void {
    this.#open.set(false);
    this.#asked.set(false);
  }
}
