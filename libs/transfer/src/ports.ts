import type { ReadBlock } from '@dfs/chunks';
import type { Reader } from '@dfs/database';
import type { Cid, PinsRequest, PromiseRequest } from '@dfs/protocol';
import type { Channel } from '@dfs/transport';

// Other layers, as far as moving blocks uses them: their classes fit these as they are.

/** Blocks on this node's disk. */
export interface BlockReader {
  /** @param reader a unit of work, for an answer that holds until its end */
  has(ids: readonly Cid[], reader?: Reader): Promise<Set<Cid>>;
  get(id: Cid, options?: { signal?: AbortSignal }): Promise<Uint8Array>;
  getMany(
    ids: readonly Cid[],
    options?: { signal?: AbortSignal; reuse?: boolean; unhashed?: boolean },
  ): AsyncIterable<ReadBlock>;
}

/** Answers the requests of the chunks protocol that are about pins: what they mean is not known here. */
export interface PinAnswers {
  pins(channel: Channel, request: PinsRequest): Promise<void>;
  promise(channel: Channel, request: PromiseRequest): Promise<void>;
}
