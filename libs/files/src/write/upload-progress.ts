import { DfsError } from '@dfs/runtime';
import type { Cid } from '@dfs/protocol';
import { NotableTransfer } from '@dfs/transfer';
import type { ContentPlacement } from '../ports.js';

/** One upload in the list of transfers, as soon as it is known to be large enough for anyone to care. */
export class UploadProgress {
  private readonly transfer: NotableTransfer;
  private counted = 0;

  /** @param size bytes the client announced */
  constructor(placement: Pick<ContentPlacement, 'transfers'>, path: string, size: number | undefined) {
    this.transfer = new NotableTransfer(placement.transfers, { kind: 'upload', path, bytes: size ?? null });
  }

  /** Aborted when a person cancels the transfer, or by the signal given. */
  or(signal: AbortSignal | undefined): AbortSignal {
    return signal ? AbortSignal.any([signal, this.transfer.signal]) : this.transfer.signal;
  }

  /** So many bytes of it are here in all. */
  arrived(bytes: number): void {
    this.transfer.progress(bytes - this.counted);
    this.counted = bytes;
  }

  /** @param bytes of the file; those that have arrived when left out */
  finish(contentId: Cid, bytes: number = this.counted): void {
    this.transfer.describe({ contentId, bytes });
    this.transfer.finish();
  }

  /** The error the client is to be told of: one whose upload a person has cancelled has not gone away itself. */
  fail(error: unknown): unknown {
    this.transfer.fail(error);
    return this.transfer.signal.aborted
      ? new DfsError('conflict', 'The upload was cancelled at this node. Nothing was stored.', { cause: error })
      : error;
  }
}
