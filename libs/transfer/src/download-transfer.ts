import type { Cid } from '@dfs/protocol';
import { NotableTransfer } from './notable-transfer.js';
import type { Transfers } from './transfers.js';

/** A download in the list of transfers: from the start if it is large, otherwise once something comes from a peer. */
export class DownloadTransfer extends NotableTransfer {
  private isRemote = false;

  constructor(transfers: Transfers, facts: { contentId: Cid; bytes: number; path: string | undefined }) {
    const { contentId, bytes, path = null } = facts;
    super(transfers, { kind: 'download', contentId, bytes, path });
  }

  received(bytes: number, peerId: string): void {
    this.isRemote = true;
    this.progress(bytes, peerId);
  }

  /** Bytes that the reader got and that came from no peer were here. */
  delivered(bytes: number): void {
    if (!this.isRemote) this.progress(bytes);
  }
}
