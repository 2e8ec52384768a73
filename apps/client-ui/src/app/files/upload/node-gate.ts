import { signal } from '@angular/core';
import { RETRY, retryPolicy, type ApiProblem, type EventStream } from '@dfs/client-data';
import { NEVER, Subject, firstValueFrom, race, take, timer } from 'rxjs';

/** Shut while the node is away: opens when it is heard of again, or when it is time to ask. */
export class NodeGate {
  readonly #events: Pick<EventStream, 'live' | 'state'>;
  readonly #shut = signal<{ until: number } | null>(null);
  readonly #opened = new Subject<void>();
  #losses = 0;

  /** When the node is asked for again (milliseconds since 1970); null while it is not away. */
  readonly shut = this.#shut.asReadonly();

  constructor(events: Pick<EventStream, 'live' | 'state'>) {
    this.#events = events;
  }

  /** Shuts it, unless it is shut; answers when it opens. */
  async wait(problem: ApiProblem): Promise<void> {
    const opened = firstValueFrom(this.#opened);
    if (this.#shut() === null) {
      const delay = retryPolicy(++this.#losses, problem, { attempts: Infinity }) ?? RETRY.maxDelayMs;
      this.#shut.set({ until: Date.now() + delay });
      const heard = this.#events.state() === 'live' ? NEVER : this.#events.live;
      race(timer(delay), heard)
        .pipe(take(1))
        .subscribe(() => this.open());
    }
    return opened;
  }

  open(): void {
    if (this.#shut() === null) return;
    this.#shut.set(null);
    this.#opened.next();
  }

  /** The node has answered. */
  heard(): void {
    this.#losses = 0;
  }
}
