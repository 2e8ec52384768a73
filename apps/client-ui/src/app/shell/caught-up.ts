import { Service, inject } from '@angular/core';
import { takeUntilDestroyed } from '@angular/core/rxjs-interop';
import { EventStream } from '@dfs/client-data';
import type { AnyEvent } from '@dfs/contracts';
import { counted } from '../kit/words/sizes.js';
import { Toasts } from '../kit/toasts.js';

/** The message stays so long. Milliseconds. */
const SHOWN_MS = 6000;

/** After a time without the node: one line on how much was missed. Each change is shown where it stands. */
@Service()
export class CaughtUp {
  readonly #events = inject(EventStream);
  readonly #toasts = inject(Toasts);
  /** The console listens before its frame is there. */
  #wasLive = this.#events.state() === 'live';
  #missed = 0;

  constructor() {
    this.#events.all.pipe(takeUntilDestroyed()).subscribe((event) => {
      // Missed events come before the stream is live again.
      if (this.#wasLive && this.#events.state() !== 'live') this.#missed += changesOf(event);
    });
    this.#events.resync.pipe(takeUntilDestroyed()).subscribe(() => (this.#missed = Infinity));
    this.#events.live.pipe(takeUntilDestroyed()).subscribe(() => this.#tell());
  }

  #tell(): void {
    const missed = this.#missed;
    this.#missed = 0;
    if (!this.#wasLive) this.#wasLive = true;
    else if (missed === Infinity) {
      this.#toasts.show({ text: $localize`Caught up: everything was read anew.`, durationMs: SHOWN_MS });
    } else if (missed > 0) {
      this.#toasts.show({ text: $localize`Caught up, ${counted(missed, 'change')}:changes:.`, durationMs: SHOWN_MS });
    }
  }
}

/** Each file of an event counts; what is forgotten at once does not. */
function changesOf(event: AnyEvent): number {
  if (event.seq === null) return 0;
  return 'files' in event.data ? event.data.files.length : 1;
}
