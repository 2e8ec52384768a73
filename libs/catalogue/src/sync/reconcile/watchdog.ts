import { DfsError } from '@dfs/runtime';
import type { SyncChannel } from '../../ports.js';

/** Cuts a stream on which nothing has moved for too long. */
export class Watchdog {
  private timer: NodeJS.Timeout;

  constructor(
    private readonly channel: Pick<SyncChannel, 'abort'>,
    private readonly patience: number,
  ) {
    this.timer = this.set();
  }

  /** Something moved. */
  alive(): void {
    clearTimeout(this.timer);
    this.timer = this.set();
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  private set(): NodeJS.Timeout {
    const late = (): void =>
      this.channel.abort(
        new DfsError('timeout', 'The peer was silent for too long during a comparison of catalogues.'),
      );
    return setTimeout(late, this.patience).unref();
  }
}
