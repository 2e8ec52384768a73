import { Service, computed, signal } from '@angular/core';
import { KeptUploads } from '../files/upload/kept-uploads.js';

/** Work of this browser, in numbers. */
export interface WorkSigns {
  /** Under way, or about to be. */
  active: number;
  /** Those that wait for a person. */
  waiting: number;
  /** There is something to show. */
  any: boolean;
}

/** So long what is to come is held back for the drawer: it may be that its part cannot be loaded, or nothing is drawn. Milliseconds. */
const DRAWN_MS = 3000;

/** The little that the frame of the console knows of work: whether there is some, and whether its drawer is open. */
@Service()
export class WorkBeacon {
  readonly #uploads = signal<WorkSigns>({ active: 0, waiting: 0, any: KeptUploads.any() });
  readonly #failures = signal(0);
  readonly #open = signal(true);
  readonly #asked = signal(false);
  readonly #near = signal(false);
  readonly #pages = signal(0);
  /** Those that wait for the drawer to be drawn. */
  readonly #waiting = new Set<() => void>();
  #isDrawn = false;

  readonly signs = computed<WorkSigns>(() => {
    const { active, waiting, any } = this.#uploads();
    const failures = this.#failures();
    return { active, waiting: waiting + failures, any: any || failures > 0 };
  });
  /** The drawer is to be there; not beside the page that shows the same. */
  readonly shown = computed(() => this.#open() && this.#pages() === 0 && (this.signs().any || this.#asked()));
  /** The part that shows work is needed, or may be in a moment. */
  readonly wanted = computed(() => this.shown() || this.#near());

  /** The drawer was drawn, or is there no more. */
  drew(isDrawn: boolean): void {
    this.#isDrawn = isDrawn;
    for (const tell of isDrawn ? this.#waiting : []) tell();
    if (isDrawn) this.#waiting.clear();
  }

  /** Answers once a person sees the drawer; at once where it is not to be there. */
  async drawn(): Promise<void> {
    if (this.#isDrawn || !this.shown()) return;
    await new Promise<void>((done) => {
      this.#waiting.add(done);
      setTimeout(done, DRAWN_MS);
    });
  }

  /** Files are held over the window: there will be work. */
  expect(): void {
    this.#near.set(true);
  }

  /** The page of work is shown; answers what is to be called when it is left. */
  page(): () => void {
    this.#pages.update((n) => n + 1);
    return () => this.#pages.update((n) => n - 1);
  }

  /** How uploads are. */
  tell(uploads: WorkSigns): void {
    if (JSON.stringify(uploads) === JSON.stringify(this.#uploads())) return;
    if (uploads.any && !this.signs().any) this.#open.set(true);
    this.#uploads.set(uploads);
  }

  /** So many acts have failed, and wait for a person. */
  fail(failures: number): void {
    this.#failures.set(failures);
  }

  /** Something has come that a person should see. */
  open(): void {
    this.#open.set(true);
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
