import type { Unsubscribe } from '@dfs/runtime';

/** Work that ends with a key or a session: sockets, transfers, and others that ask to be told. */
export class Ends {
  private readonly controllers = new Map<string, AbortController>();

  /** Aborts when that which has this id ends. */
  of(id: string): AbortSignal {
    const controller = this.controllers.get(id) ?? new AbortController();
    this.controllers.set(id, controller);
    return controller.signal;
  }

  end(id: string): void {
    this.controllers.get(id)?.abort();
    this.controllers.delete(id);
  }
}

/** Calls the listener once, when the signal aborts: at once if that was before. */
export function onAbort(signal: AbortSignal, listener: () => void): Unsubscribe {
  if (signal.aborted) {
    listener();
    return () => undefined;
  }
  signal.addEventListener('abort', listener, { once: true });
  return () => signal.removeEventListener('abort', listener);
}
