import { chunksFrom, type BlockPlace } from '@dfs/chunks';
import { cidDigest, EMPTY_CONTENT, type Cid } from '@dfs/protocol';
import { isDfsError } from '@dfs/runtime';
import type { Arrivals } from '../ahead/arrivals.js';
import type { BlockStore } from '../ports.js';
import type { Replicator } from '../replicate/replicator.js';

/** The parts by which contents of this node are read. `signal` ends all of it. */
export interface ContentsHereComponents {
  chunks: Pick<BlockStore, 'has' | 'get' | 'getMany' | 'places'>;
  replicator: Pick<Replicator, 'untilHere'>;
  arrivals: Pick<Arrivals, 'has' | 'settle'>;
  signal: AbortSignal;
}

/** A block of a content: whoever reads it holds its bytes against the digest, since nobody has done so. */
export interface BlockHere extends BlockPlace {
  readonly digest: Uint8Array;
}

/** So few small contents are fetched sooner one by one. */
const FEW = 8;

/** Contents as far as this node has them, without asking another one. */
export class ContentsHere {
  constructor(private readonly components: ContentsHereComponents) {}

  /**
   * Bytes of contents of one chunk each, by their ids: those that are here, and of many also those that are on their way here anyway, when
   * they have come. Others are left out, and what does not read well: `fetch` may find it.
   * @throws DfsError `aborted`
   */
  async small(contents: Iterable<Cid>, signal: AbortSignal): Promise<Map<Cid, Uint8Array>> {
    const found = new Map<Cid, Uint8Array>([[EMPTY_CONTENT, new Uint8Array(0)]]);
    const wanted = new Set(contents);
    wanted.delete(EMPTY_CONTENT);
    const ends = AbortSignal.any([this.components.signal, signal]);
    await this.read([...wanted], found, ends);
    const missing = [...wanted].filter((id) => !found.has(id));
    if (missing.length < FEW) return found;
    await this.components.replicator.untilHere(missing, ends);
    await this.read(missing, found, ends);
    return found;
  }

  /**
   * Where the blocks of a content lie on the disk of this node, in order, for a reader in another process; once they have come, where they
   * are on their way here anyway. Undefined where one is not here, or there are more than `most`.
   * @throws DfsError `aborted`
   */
  async blocks(content: Cid, size: number, most: number, signal: AbortSignal): Promise<BlockHere[] | undefined> {
    const { arrivals, replicator } = this.components;
    const ends = AbortSignal.any([this.components.signal, signal]);
    // A content that is here is not waited for, whatever a member says that it sends.
    const here = await this.placesOf(content, size, most, ends);
    if (here) return here;
    if (arrivals.has(content)) await arrivals.settle(content);
    await replicator.untilHere([content], ends);
    return this.placesOf(content, size, most, ends);
  }

  private async placesOf(
    content: Cid,
    size: number,
    most: number,
    signal: AbortSignal,
  ): Promise<BlockHere[] | undefined> {
    const ids = await this.idsOf(content, size, most, signal);
    if (ids === undefined) return undefined;
    const places = await this.components.chunks.places(ids);
    const found = ids.flatMap((id) => {
      const place = places.get(id);
      return place ? [{ ...place, digest: cidDigest(id) }] : [];
    });
    return found.length === ids.length ? found : undefined;
  }

  /** Ids of the chunks, as far as the blocks that lead to them are here. */
  private async idsOf(content: Cid, size: number, most: number, signal: AbortSignal): Promise<Cid[] | undefined> {
    const get = (id: Cid): Promise<Uint8Array> => this.components.chunks.get(id, { signal });
    const ids: Cid[] = [];
    try {
      for await (const { id } of chunksFrom(content, size, get, undefined, signal)) {
        if (ids.push(id) > most) return undefined;
      }
      return ids;
    } catch (error) {
      if (signal.aborted || !isDfsError(error)) throw error;
      return undefined;
    }
  }

  private async read(ids: readonly Cid[], found: Map<Cid, Uint8Array>, signal: AbortSignal): Promise<void> {
    const { chunks } = this.components;
    const left = [...(await chunks.has(ids))];
    while (left.length > 0) {
      try {
        for await (const { id, bytes } of chunks.getMany([...left], { signal })) {
          left.shift();
          found.set(id, bytes);
        }
      } catch (error) {
        if (signal.aborted || !isDfsError(error)) throw error;
        left.shift();
      }
    }
  }
}
