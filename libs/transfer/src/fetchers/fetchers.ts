import { EventEmitter, once } from 'node:events';
import { minute, second, DfsError } from '@dfs/runtime';
import { MAX_FETCHERS, type Cid } from '@dfs/protocol';

/** Such streams of one asker, and of all; more are refused. */
export const BITS_PER_ASKER = 16;
const BITS_AT_ONCE = 1024;
/** A fetcher is named for so long after its fetch: it may have all of it. */
const FETCHER_MEMORY = 1 * minute;
/** For so long after its fetch others are sent to it for what it was given; after that it is a holder like all others. */
const PASSING_ON = 3 * second;
/** Extents of which it is remembered who fetches them. */
const MAX_GATHERINGS = 4096;

/** Names an extent within this process. */
function extentKey(content: Cid, extent: number): string {
  return `${content}/${extent}`;
}

/** This node's fetch of an extent. */
export interface OwnFetch {
  /** Chunks of the extent in order, once they are known. */
  chunks(): readonly Cid[] | undefined;
  /** It has come, and can be read. */
  has(id: Cid): boolean;
  /** A block that has come and is not committed. */
  read(id: Cid): Promise<Uint8Array | undefined>;
}

/** Those who fetch one extent. */
interface Gathering {
  /** Streams of each that asks now. */
  readonly asking: Map<string, number>;
  /** Since when each does no longer, by performance.now(). */
  readonly left: Map<string, number>;
  readonly own: Set<OwnFetch>;
  readonly news: EventEmitter;
}

/** The fetchers of each extent, this node included: here co-fetchers learn of each other. */
export class Fetchers {
  private readonly gatherings = new Map<string, Gathering>();
  private readonly streams = new Map<string, number>();
  /** Of all gatherings: a few, however many others ask this node about. */
  private readonly allOwn = new Set<OwnFetch>();
  private total = 0;

  /** `peerId` asks for the extent from now on. @returns ends that; idempotent. @throws DfsError `too-many-requests` */
  enter(content: Cid, extent: number, peerId: string): () => void {
    const streams = this.streams.get(peerId) ?? 0;
    if (streams >= BITS_PER_ASKER || this.total >= BITS_AT_ONCE) {
      throw new DfsError('too-many-requests', 'This node already tells you of as many fetches as it can at a time.');
    }
    this.streams.set(peerId, streams + 1);
    this.total++;
    const key = extentKey(content, extent);
    const gathering = this.at(key);
    count(gathering.asking, peerId, 1);
    gathering.left.delete(peerId);
    gathering.news.emit('news');
    let asks = true;
    return () => {
      if (!asks) return;
      asks = false;
      this.total--;
      count(this.streams, peerId, -1);
      count(gathering.asking, peerId, -1);
      if (gathering.asking.has(peerId)) return;
      gathering.left.set(peerId, performance.now());
      gathering.news.emit('news');
    };
  }

  /** This node fetches the extent from now on. @returns ends that */
  begin(content: Cid, extent: number, own: OwnFetch): () => void {
    const gathering = this.at(extentKey(content, extent));
    gathering.own.add(own);
    this.allOwn.add(own);
    return () => {
      gathering.own.delete(own);
      this.allOwn.delete(own);
      gathering.news.emit('news');
    };
  }

  /** Blocks of an upload that is still coming in: they are served before they are committed. @returns ends that */
  lend(blocks: OwnFetch): () => void {
    this.allOwn.add(blocks);
    return () => void this.allOwn.delete(blocks);
  }

  /** Something of it has come. */
  changed(content: Cid, extent: number): void {
    this.gatherings.get(extentKey(content, extent))?.news.emit('news');
  }

  /** Until something changes, or so many milliseconds have passed. */
  async news(content: Cid, extent: number, milliseconds: number, signal: AbortSignal): Promise<void> {
    const { news } = this.at(extentKey(content, extent));
    const over = AbortSignal.any([signal, AbortSignal.timeout(milliseconds)]);
    await once(news, 'news', { signal: over }).catch(() => undefined);
    signal.throwIfAborted();
  }

  /** Those who fetch it, or did lately, but for one: at most MAX_FETCHERS, those first who came last. */
  fetchers(content: Cid, extent: number, but: string): string[] {
    const gathering = this.gatherings.get(extentKey(content, extent));
    if (!gathering) return [];
    forgetOld(gathering);
    const names = [...[...gathering.asking.keys()].reverse(), ...[...gathering.left.keys()].reverse()];
    return names.filter((peerId) => peerId !== but).slice(0, MAX_FETCHERS);
  }

  /** `peerId` has asked for chunks of the extent: it fetches it, though it may not ask yet who else does. */
  heardOf(content: Cid, extent: number, peerId: string): void {
    const { asking, left, news } = this.at(extentKey(content, extent));
    if (asking.has(peerId) || left.has(peerId)) return;
    left.set(peerId, performance.now());
    news.emit('news');
  }

  /** Whether it fetches the extent, or did a moment ago: then it may still pass on what it got. */
  isFetching(content: Cid, extent: number, peerId: string): boolean {
    const gathering = this.gatherings.get(extentKey(content, extent));
    if (!gathering) return false;
    const since = gathering.left.get(peerId) ?? -Infinity;
    return gathering.asking.has(peerId) || performance.now() - since < PASSING_ON;
  }

  /** This node's fetch of it. */
  own(content: Cid, extent: number): readonly OwnFetch[] {
    return [...(this.gatherings.get(extentKey(content, extent))?.own ?? [])];
  }

  /** Whether a block has come by a fetch that is under way. */
  has(id: Cid): boolean {
    for (const fetch of this.allOwn) if (fetch.has(id)) return true;
    return false;
  }

  /** Such a block, as it is in memory or on disk: not verified. */
  async read(id: Cid): Promise<Uint8Array | undefined> {
    for (const fetch of this.allOwn) {
      const bytes = fetch.has(id) ? await fetch.read(id) : undefined;
      if (bytes) return bytes;
    }
    return undefined;
  }

  private at(key: string): Gathering {
    const known = this.gatherings.get(key);
    if (known) return known;
    if (this.gatherings.size >= MAX_GATHERINGS) this.forget();
    const news = new EventEmitter().setMaxListeners(0);
    const gathering = { asking: new Map(), left: new Map(), own: new Set<OwnFetch>(), news };
    this.gatherings.set(key, gathering);
    return gathering;
  }

  /** Those where nobody is any more; streams bound the others. */
  private forget(): void {
    for (const [key, { asking, own, news }] of this.gatherings) {
      if (asking.size === 0 && own.size === 0 && news.listenerCount('news') === 0) this.gatherings.delete(key);
    }
  }
}

function forgetOld({ left }: Gathering): void {
  const oldest = performance.now() - FETCHER_MEMORY;
  for (const [peerId, since] of left) if (since < oldest || left.size > 2 * MAX_FETCHERS) left.delete(peerId);
}

function count(counts: Map<string, number>, peerId: string, by: 1 | -1): void {
  const now = (counts.get(peerId) ?? 0) + by;
  if (now === 0) counts.delete(peerId);
  else counts.set(peerId, now);
}
