import { DfsError, MiB } from '@dfs/runtime';
import type { Cid } from '@dfs/protocol';
import type { Transfer } from '@dfs/transfer';
import type { ContentPlacement } from '../ports.js';

/** Smaller uploads are over before anyone could look. */
const NOTABLE_BYTES = 4 * MiB;

/** One upload in the list of transfers, as soon as it is known to be large enough for anyone to care. */
export class UploadProgress {
  private readonly cancelled = new AbortController();
  private transfer: Transfer | undefined;
  private counted = 0;

  /** @param size bytes the client announced */
  constructor(
    private readonly placement: Pick<ContentPlacement, 'transfers'>,
    private readonly path: string,
    private readonly size: number | undefined,
  ) {
    if ((size ?? 0) >= NOTABLE_BYTES) this.begin();
  }

  /** Aborted when a person cancels the transfer, or by the signal given. */
  or(signal: AbortSignal | undefined): AbortSignal {
    return signal ? AbortSignal.any([signal, this.cancelled.signal]) : this.cancelled.signal;
  }

  /** So many bytes of it are here in all. */
  arrived(bytes: number): void {
    if (!this.transfer && bytes >= NOTABLE_BYTES) this.begin();
    if (!this.transfer) return;
    this.transfer.progress(bytes - this.counted);
    this.counted = bytes;
  }

  finish(contentId: Cid): void {
    this.transfer?.describe({ contentId, bytes: this.counted });
    this.transfer?.finish();
  }

  /** The error the client is to be told of: one whose upload a person has cancelled has not gone away itself. */
  fail(error: unknown): unknown {
    this.transfer?.fail(error);
    return this.cancelled.signal.aborted
      ? new DfsError('conflict', 'The upload was cancelled at this node. Nothing was stored.', { cause: error })
      : error;
  }

  private begin(): void {
    const transfer = this.placement.transfers.track({ kind: 'upload', path: this.path, bytes: this.size ?? null });
    const cancel = (): void => this.cancelled.abort(new DfsError('aborted', 'The upload was cancelled.'));
    transfer.signal.addEventListener('abort', cancel, { once: true });
    this.transfer = transfer;
  }
}
