import { chunksFrom, isNotHere, type BlockPlace } from '@dfs/chunks';
import { cidDigest, EMPTY_CONTENT, type Cid } from '@dfs/protocol';
import { abortError, DfsError, isDfsError } from '@dfs/runtime';
import type { Arrivals } from '../ahead/arrivals.js';
import type { BlockStore } from '../ports.js';
import type { Replicator } from '../replicate/replicator.js';

/** The parts by which contents of this node are read. `signal` ends all of it. */
export interface ContentsHereComponents {
  chunks: Pick<BlockStore, 'has' | 'get' | 'getMany' | 'places'>;
  replicator: Pick<Replicator, 'untilHere' | 'more'>;
  arrivals: Pick<Arrivals, 'settleUnlessHere'>;
  signal: AbortSignal;
}

/** A block of a content: whoever reads it holds its bytes against the digest, since nobody has done so. */
export interface BlockHere extends BlockPlace {
  readonly digest: Uint8Array;
}

/** Blocks whose places are looked up together. */
const LOOK_UP = 64;
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
   * Where the blocks of a content lie on the disk of this node, in order, for a reader in another process: those that are here, and of a
   * content that is on its way here anyway each once it is in the store.
   * @throws DfsError `content-unavailable` where the next one is not here and does not come; `aborted`
   */
  async *blocks(content: Cid, size: number, signal: AbortSignal): AsyncGenerator<BlockHere[], void, undefined> {
    const { arrivals, replicator } = this.components;
    const ends = AbortSignal.any([this.components.signal, signal]);
    const wanted = new Set([content]);
    await arrivals.settleUnlessHere(content);
    for (let offset = 0; offset < size;) {
      if (ends.aborted) throw abortError(ends);
      // Asked for before the store is looked at: what is put there meanwhile is told.
      const more = replicator.more(wanted, ends);
      for await (const group of this.placesFrom(content, size, offset, ends)) {
        offset += group.reduce((sum, block) => sum + block.size, 0);
        yield group;
      }
      if (offset >= size) return;
      if (!(await more)) throw lacking();
    }
  }

  /** Places of the blocks from an offset on, as far as they are here one after another. */
  private async *placesFrom(
    content: Cid,
    size: number,
    offset: number,
    signal: AbortSignal,
  ): AsyncGenerator<BlockHere[], void, undefined> {
    const get = (id: Cid): Promise<Uint8Array> => this.components.chunks.get(id, { signal });
    const chunks = chunksFrom(content, size, get, { offset, length: size - offset }, signal);
    for (let isWhole = true; isWhole;) {
      const ids = await nextOf(chunks, LOOK_UP);
      const places = await this.components.chunks.places(ids);
      const found: BlockHere[] = [];
      for (const id of ids) {
        const place = places.get(id);
        if (!place) break;
        found.push({ ...place, digest: cidDigest(id) });
      }
      if (found.length > 0) yield found;
      isWhole = found.length === LOOK_UP;
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

/** Ids of the next chunks; fewer where the blocks that lead to them are not here, or there are no more. */
async function nextOf(chunks: AsyncIterator<{ id: Cid }, void>, count: number): Promise<Cid[]> {
  const ids: Cid[] = [];
  try {
    while (ids.length < count) {
      const next = await chunks.next();
      if (next.done) break;
      ids.push(next.value.id);
    }
  } catch (error) {
    if (!isNotHere(error)) throw error;
  }
  return ids;
}

function lacking(): DfsError {
  return new DfsError('content-unavailable', 'Part of this content is not on this node, and is not on its way here.');
}
