import { DfsError } from '@dfs/runtime';
import { NOTABLE_BYTES } from './limits.js';
import type { Transfer, TransferOptions, Transfers } from './transfers.js';

/**
 * One movement of bytes that is listed once it is large enough for a person to care, or once something comes from a peer:
 * smaller ones are over before anyone could look.
 */
export class NotableTransfer {
  private readonly control = new AbortController();
  private transfer: Transfer | undefined;
  /** Bytes that came before it was listed. */
  private early = 0;

  /** @param options listed from the start where `bytes` are announced that are enough */
  constructor(
    private readonly transfers: Pick<Transfers, 'track'>,
    private readonly options: TransferOptions,
  ) {
    if ((options.bytes ?? 0) >= NOTABLE_BYTES) this.track();
  }

  /** Aborted when a person cancels it. */
  get signal(): AbortSignal {
    return this.control.signal;
  }

  /** As Transfer. */
  progress(bytes: number, source?: string): void {
    if (!this.transfer) {
      const isNotable = source !== undefined || this.early + bytes >= NOTABLE_BYTES;
      if (!isNotable) return void (this.early += bytes);
      this.track();
    }
    this.transfer?.progress(bytes, source);
  }

  /** As Transfer; facts of one that is not listed are nobody's. */
  describe(facts: Parameters<Transfer['describe']>[0]): void {
    this.transfer?.describe(facts);
  }

  finish(): void {
    this.transfer?.finish();
  }

  fail(error: unknown): void {
    this.transfer?.fail(error);
  }

  private track(): void {
    const { kind } = this.options;
    const transfer = this.transfers.track(this.options);
    const cancel = (): void => this.control.abort(new DfsError('aborted', `The ${kind} was cancelled.`));
    transfer.signal.addEventListener('abort', cancel, { once: true });
    this.transfer = transfer;
    if (this.early > 0) transfer.progress(this.early);
  }
}
