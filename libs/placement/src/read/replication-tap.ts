import { hashesTo, type Cid } from '@dfs/protocol';
import type { BlockSource } from './content-reader.js';
import { REASK_AFTER } from '@dfs/transfer';
import { pause } from '@dfs/runtime';

/** Blocks that are on their way to this node's disk anyway. */
export interface Incoming {
  /** A block that is being fetched anyway, once it has come; undefined if it is not to be had so. */
  take(id: Cid): Promise<Uint8Array | undefined>;
  /** Grows with each block that comes by the fetch that `take` waits for. */
  progress(id: Cid): number;
}

/** Blocks for a reader: those that replication is fetching are taken from it rather than fetched twice. */
export class ReplicationTap implements BlockSource {
  constructor(
    private readonly incoming: Incoming,
    private readonly remote: BlockSource,
    private readonly signal: AbortSignal,
  ) {}

  async get(id: Cid, size?: number, extent?: number): Promise<Uint8Array> {
    return (await this.fromIncoming(id)) ?? this.remote.get(id, size, extent);
  }

  /** Nobody waits for a replication that does not get on longer than for a slow holder. */
  private async fromIncoming(id: Cid): Promise<Uint8Array | undefined> {
    const taken = this.incoming.take(id);
    for (;;) {
      const seen = this.incoming.progress(id);
      const over = new AbortController();
      const late = pause(REASK_AFTER, AbortSignal.any([this.signal, over.signal])).then(
        () => 'late' as const,
        () => undefined,
      );
      const bytes = await Promise.race([taken, late]);
      over.abort();
      if (bytes === 'late' && this.incoming.progress(id) > seen) continue;
      if (bytes === 'late' || !bytes) return undefined;
      // It may have been read back from disk.
      return hashesTo(bytes, id) ? bytes : undefined;
    }
  }
}
