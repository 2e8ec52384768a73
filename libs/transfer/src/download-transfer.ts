import { DfsError } from '@dfs/runtime';
import type { Cid } from '@dfs/protocol';
import { NOTABLE_BYTES } from './limits.js';
import type { Transfer, Transfers } from './transfers.js';

/** A download in the list of transfers: from the start if it is large, otherwise once something comes from a peer. */
export class DownloadTransfer {
  private readonly control = new AbortController();
  private transfer: Transfer | undefined;
  private local = 0;
  private remote = 0;

  constructor(
    private readonly transfers: Transfers,
    private readonly facts: { contentId: Cid; bytes: number; path: string | undefined },
  ) {
    if (facts.bytes >= NOTABLE_BYTES) this.track();
  }

  /** Aborted when a person cancels it. */
  get signal(): AbortSignal {
    return this.control.signal;
  }

  received(bytes: number, peerId: string): void {
    this.remote += bytes;
    this.track().progress(bytes, peerId);
  }

  /** Bytes that the reader got and that came from no peer were here. */
  delivered(bytes: number): void {
    this.local += bytes;
    if (this.transfer && this.remote === 0) this.transfer.progress(bytes);
  }

  finish(): void {
    this.transfer?.finish();
  }

  fail(error: unknown): void {
    this.transfer?.fail(error);
  }

  private track(): Transfer {
    if (this.transfer) return this.transfer;
    const { contentId, bytes, path } = this.facts;
    const transfer = this.transfers.track({ kind: 'download', contentId, bytes, path: path ?? null });
    const cancel = (): void => this.control.abort(new DfsError('aborted', 'The download was cancelled.'));
    transfer.signal.addEventListener('abort', cancel, { once: true });
    this.transfer = transfer;
    if (this.local > 0) transfer.progress(this.local);
    return transfer;
  }
}
