import { readExtent } from '@dfs/chunks';
import { bitsFrame, hashesTo, packBits, type BitsFrame, type BitsRequest, type Cid } from '@dfs/protocol';
import { second, millisecond, isDfsError } from '@dfs/runtime';
import type { Channel } from '@dfs/transport';
import { setTimeout as delay } from 'node:timers/promises';
import type { Fetchers } from '../fetchers/fetchers.js';
import type { BlockReader } from '../ports.js';

/** Between two answers to someone who wants to know what is here. */
const BITS_EVERY = 100 * millisecond;
/** An answer comes at least so often. */
const BITS_ALIVE = 10 * second;

/** Others that a node serves as often as it can; with more it tells each less often. */
const MANY = 8;

/** Whether this node is known to have an extent whole, without a look at its blocks. */
export type IsWhole = (content: Cid, extent: number) => Promise<boolean>;

/** The blocks that are here, and the fetches under way at this node. */
export interface AvailabilityServerComponents {
  chunks: BlockReader;
  isWhole: IsWhole;
  gatherings: Fetchers;
}

type Bits = Pick<BitsFrame, 'whole' | 'count' | 'have'>;

const NOTHING: Bits = { whole: false, count: 0, have: new Uint8Array(0) };
const WHOLE: Bits = { ...NOTHING, whole: true };

/** Tells what is here of an extent, and who else fetches it, as long as somebody wants to know. */
export class AvailabilityServer {
  constructor(private readonly components: AvailabilityServerComponents) {}

  /** Ends when the asker does. @throws DfsError `too-many-requests`, `aborted` */
  async answer(channel: Channel, request: BitsRequest): Promise<void> {
    const { content, extent } = request;
    const { gatherings } = this.components;
    const { peerId, signal } = channel;
    const leave = gatherings.enter(content, extent, peerId);
    let bits: Bits = NOTHING;
    let last = '';
    let lastAt = -Infinity;
    try {
      for (;;) {
        // An extent that was whole once is asked for with that in mind: its blocks come or are missing.
        if (!bits.whole) bits = await this.bits(request);
        const frame = { ...bits, fetchers: gatherings.fetchers(content, extent, peerId) };
        const said = `${frame.whole} ${Buffer.from(frame.have).toString('latin1')} ${frame.fetchers.join()}`;
        const now = performance.now();
        if (said !== last || now - lastAt >= BITS_ALIVE) {
          last = said;
          lastAt = now;
          await channel.send(bitsFrame.form(frame) ?? null);
        }
        await gatherings.news(content, extent, BITS_ALIVE, signal);
        const crowd = Math.max(1, frame.fetchers.length / MANY);
        await delay(Math.max(0, lastAt + BITS_EVERY * crowd - performance.now()), undefined, { signal, ref: false });
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      leave();
    }
  }

  /** A block that is being fetched and is not committed. @param checked it is hashed again */
  async readUncommitted(id: Cid, checked: boolean): Promise<Uint8Array | undefined> {
    const bytes = await this.components.gatherings.read(id);
    return bytes && (!checked || hashesTo(bytes, id)) ? bytes : undefined;
  }

  private async bits({ content, size, extent }: BitsRequest): Promise<Bits> {
    const { gatherings, isWhole, chunks } = this.components;
    for (const fetch of gatherings.own(content, extent)) {
      const ids = fetch.chunks();
      if (ids) return packed(ids.map((id) => fetch.has(id)));
    }
    if (await isWhole(content, extent)) return WHOLE;
    const ids = await this.chunksOf(content, size, extent);
    if (!ids) return NOTHING;
    const here = await chunks.has(ids);
    return packed(ids.map((id) => here.has(id)));
  }

  /** By the manifest, if that is here. */
  private async chunksOf(content: Cid, size: number, extent: number): Promise<Cid[] | undefined> {
    const { chunks } = this.components;
    if (!(await chunks.has([content])).has(content)) return undefined;
    try {
      const found = await readExtent(content, size, extent, (id) => chunks.get(id));
      return found.chunks.map(({ id }) => id);
    } catch (error) {
      // Not here, damaged, or no such extent.
      if (isDfsError(error) || error instanceof RangeError) return undefined;
      throw error;
    }
  }
}

function packed(have: readonly boolean[]): Bits {
  return { whole: have.every(Boolean), count: have.length, have: packBits(have) };
}
