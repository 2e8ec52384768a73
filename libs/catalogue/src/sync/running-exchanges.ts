import { DfsError } from '@dfs/runtime';
import type { SyncChannel } from '../ports.js';

/** Exchanges under way with other members: a node that stops cuts them short, and waits for their end. */
export class RunningExchanges {
  private readonly running = new Set<Promise<void>>();
  private stopping = new AbortController();

  /** Aborts when the node stops. */
  get signal(): AbortSignal {
    return this.stopping.signal;
  }

  begin(): void {
    this.stopping = new AbortController();
  }

  async end(): Promise<void> {
    this.stopping.abort(new DfsError('shutting-down', 'The node is shutting down.'));
    await Promise.allSettled([...this.running]);
  }

  /** So that `end` waits for it. */
  track<T>(work: Promise<T>): Promise<T> {
    const settled = work.then(
      () => undefined,
      () => undefined,
    );
    this.running.add(settled);
    void settled.finally(() => this.running.delete(settled));
    return work;
  }

  /** Work on a channel, which `end` cuts. */
  on<T>(channel: SyncChannel, work: Promise<T>): Promise<T> {
    return this.track(this.cut(channel, work));
  }

  private async cut<T>(channel: SyncChannel, work: Promise<T>): Promise<T> {
    const { signal } = this.stopping;
    const stop = (): void => channel.abort(signal.reason as Error);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    try {
      return await work;
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }
}
