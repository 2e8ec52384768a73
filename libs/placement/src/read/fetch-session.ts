import { second, abortError, DfsError, isDfsError, pause, millisecond } from '@dfs/runtime';
import type { Cid, ExtentId } from '@dfs/protocol';
import type { HolderFinder, KnownHolders } from '../pins/holder-finder.js';
import { ASSUMED_BLOCK_BYTES } from '../limits.js';
import { REASK_AFTER, type Want, Swarm, type SwarmComponents } from '@dfs/transfer';
import type { ReadSharing } from './read-sharing.js';

/** Before the DHT is asked, so that a file whose holders are known never waits for it or loads it. */
const DHT_DELAY = 300 * millisecond;
/** Times a holder whose connection was lost, or that was silent, is tried by one reader. */
const MAX_STRIKES = 3;
/**
 * A reader under way waits so long for a lost holder to come back, and any for one that is here and could not be asked. One that has got nothing,
 * though all have said what they have, is answered at once.
 */
const READER_PATIENCE = 10 * second;
/** Between two searches for holders. */
const SEARCH_PAUSE = 1 * second;

/** Key of blocks that belong to no one extent: the manifest's. */
const WHOLE = 'whole';

interface Pending {
  readonly key: string;
  readonly promise: Promise<Uint8Array>;
  readonly resolve: (bytes: Uint8Array) => void;
  readonly reject: (error: unknown) => void;
}

/** Holders, and the swarm that asks them. `self` is this node's peer id. */
export interface FetchSessionComponents extends SwarmComponents {
  finder: HolderFinder;
  self: string;
}

/** One read. `onReceived` counts bytes that came from a peer, verified. */
export interface FetchSessionOptions {
  content: Cid;
  signal: AbortSignal;
  onReceived?(bytes: number, peerId: string): void;
  /** Keeps what comes, and shares it with others who fetch the same. */
  shared?: ReadSharing;
}

/**
 * Blocks of one content for one reader, from whoever has them. Known holders are asked at once; the DHT and, at last,
 * every member that is here when those are slow, lack something or go.
 */
export class FetchSession {
  private readonly swarm: Swarm;
  private readonly control = new AbortController();
  private readonly signal: AbortSignal;
  private readonly pending = new Map<Cid, Pending>();
  /** Wants of keys whose known holders are being looked up; undefined for a key that is past that. */
  private readonly keys = new Map<string, Want[] | undefined>();
  /** Extents of chunks that are shared with others, by key. */
  private readonly extents = new Map<string, ExtentId>();
  /** Found by searching, whatever the extent. */
  private readonly found = new Set<string>();
  private readonly strikes = new Map<string, number>();
  /** Holders offered to the swarm, as `key/peer id`, which it still asks. */
  private readonly offered = new Set<string>();
  private known: Promise<KnownHolders> | undefined;
  private searching = false;
  private searchAgain = false;
  private watching = false;
  private newest = performance.now();
  private anything = false;
  /** Since the last search for holders began, a member could not be asked: that is not the same as having nothing. */
  private unheard = false;

  constructor(
    private readonly components: FetchSessionComponents,
    private readonly options: FetchSessionOptions,
  ) {
    this.signal = AbortSignal.any([options.signal, this.control.signal]);
    this.swarm = new Swarm(components, {
      ...(options.shared && { self: components.self }),
      urgency: 'reader',
      signal: this.signal,
      deliver: ({ id, bytes }, peerId) => this.deliver(id, bytes, peerId),
      starved: () => void this.search(),
      left: (peerId, error) => this.onLeft(peerId, error),
    });
    this.signal.addEventListener('abort', () => this.rejectAll(), { once: true });
  }

  /**
   * A block, verified. `extent` is left out for a manifest block.
   * @throws DfsError `content-unavailable` when nobody who can be reached has it; `aborted`
   */
  get(id: Cid, size = ASSUMED_BLOCK_BYTES, extent?: number): Promise<Uint8Array> {
    const known = this.pending.get(id);
    if (known) return known.promise;
    if (this.signal.aborted) return Promise.reject(abortError(this.signal));
    const key = extent === undefined ? WHOLE : String(extent);
    const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
    promise.catch(() => undefined);
    this.pending.set(id, { key, promise, resolve, reject });
    this.want(key, { id, size, key });
    void this.watch();
    return promise;
  }

  /** Ends all that is under way. Idempotent. */
  close(): void {
    this.control.abort(new DfsError('aborted', 'The reader has gone.'));
  }

  private want(key: string, want: Want): void {
    if (!this.keys.has(key)) {
      this.keys.set(key, [want]);
      void this.openKey(key);
      return;
    }
    const early = this.keys.get(key);
    if (early) early.push(want);
    else this.wantNow([want]);
  }

  private wantNow(wants: readonly Want[]): void {
    this.swarm.want(
      wants.map((want) => {
        const extent = this.extents.get(want.key);
        return extent ? { ...want, extent } : want;
      }),
    );
  }

  /** Offers the known holders first, so that nothing is searched for that is known. */
  private async openKey(key: string): Promise<void> {
    try {
      this.known ??= this.components.finder.known(this.options.content);
      this.offer(key, await this.known);
    } catch (error) {
      this.components.log.warn({ err: error, content: this.options.content }, 'holders could not be looked up');
    }
    const early = this.keys.get(key) ?? [];
    if (this.options.shared && key !== WHOLE) this.meet(this.options.shared, key);
    this.keys.set(key, undefined);
    this.wantNow(early);
  }

  private meet(shared: ReadSharing, key: string): void {
    const extent = Number(key);
    if (shared.open(extent, key, this.swarm, (id) => this.get(id))) {
      this.extents.set(key, { content: this.options.content, extent });
    }
    this.known?.then(
      ({ extents, any }) => shared.askAt(extent, extents.get(extent) ?? any),
      () => undefined,
    );
  }

  /** Pins of the extent; those who may have something of it where there are none; and who was found by searching. */
  private offer(key: string, { extents, any }: KnownHolders): void {
    const pinned = key === WHOLE ? [] : (extents.get(Number(key)) ?? []);
    const peerIds = [...(pinned.length > 0 ? pinned : any), ...this.found];
    const good = peerIds.filter((peerId) => (this.strikes.get(peerId) ?? 0) < MAX_STRIKES);
    // Once: who lacks what is wanted and is offered again and again would be heard out again and again, and for ever.
    const fresh = good.filter((peerId) => !this.offered.has(`${key}/${peerId}`));
    for (const peerId of fresh) this.offered.add(`${key}/${peerId}`);
    if (fresh.length > 0) this.swarm.offer(key, fresh);
  }

  private deliver(id: Cid, bytes: Uint8Array, peerId: string): Promise<void> | undefined {
    this.newest = performance.now();
    this.anything = true;
    this.options.onReceived?.(bytes.length, peerId);
    this.pending.get(id)?.resolve(bytes);
    this.pending.delete(id);
    return this.options.shared?.keep(id, bytes);
  }

  private onLeft(peerId: string, error: unknown): void {
    this.forgetOffers((offer) => offer.endsWith(`/${peerId}`));
    const lied = isDfsError(error, 'peer-misbehaved');
    if (lied) this.components.finder.lied(this.options.content, peerId);
    // A connection may come back, and one that was silent answer: it is asked again where nobody else is left. A lie, and
    // being busy for long, are not given another chance.
    const isLost = isDfsError(error, 'peer-unreachable');
    if (isLost) this.unheard = true;
    const mayReturn = isLost || isDfsError(error, 'timeout');
    this.strikes.set(peerId, (this.strikes.get(peerId) ?? 0) + (mayReturn ? 1 : MAX_STRIKES));
  }

  /** While something is awaited: looks further when nothing comes. */
  private async watch(): Promise<void> {
    if (this.watching) return;
    this.watching = true;
    this.newest = performance.now();
    try {
      for (let wait = DHT_DELAY; this.pending.size > 0; wait = REASK_AFTER) {
        await pause(wait, this.signal);
        // A search under way is as long as it takes to hear from nobody: another one each time would never end.
        if (this.pending.size > 0 && !this.searching && performance.now() - this.newest >= wait) await this.search();
      }
    } catch {
      // The reader has gone.
    } finally {
      this.watching = false;
    }
  }

  /** Looks for more holders, then gives up what still can be asked of nobody. */
  private async search(): Promise<void> {
    this.searchAgain = true;
    if (this.searching) return;
    this.searching = true;
    try {
      const begin = performance.now();
      for (;;) {
        this.searchAgain = false;
        this.unheard = false;
        await this.searchOnce();
        if (!this.searchAgain) {
          if (this.swarm.starving().length === 0) return;
          const patience = this.anything || this.unheard ? READER_PATIENCE : 0;
          if (performance.now() >= begin + patience) break;
        }
        // Asked again and again at once, a holder whose connection is being made anew would be given up before it is there.
        if (!this.searchAgain || this.unheard) await pause(SEARCH_PAUSE, this.signal);
      }
      this.giveUp();
    } catch {
      // The reader has gone.
    } finally {
      this.searching = false;
    }
  }

  private async searchOnce(): Promise<void> {
    const { finder } = this.components;
    const { content } = this.options;
    this.known = finder.known(content);
    const known = await this.known;
    this.offerAll(known);
    const found = (peerId: string): void => {
      this.found.add(peerId);
      this.offerAll(known);
    };
    const byDht = finder.byDht(content, this.signal, found);
    const ids = [...this.pending.keys()];
    const skip = new Set([...this.strikes].filter(([, count]) => count >= MAX_STRIKES).map(([peerId]) => peerId));
    if (ids.length > 0 && !(await finder.byAsking(content, ids, this.signal, skip, found))) this.unheard = true;
    if (this.swarm.starving().length > 0) await byDht;
  }

  private offerAll(known: KnownHolders): void {
    for (const [key, early] of this.keys) if (!early) this.offer(key, known);
  }

  private giveUp(): void {
    for (const key of this.swarm.starving()) {
      const gone = this.swarm.abandon(key);
      this.forgetOffers((offer) => offer.startsWith(`${key}/`));
      for (const id of gone) {
        this.pending.get(id)?.reject(unavailable());
        this.pending.delete(id);
      }
    }
  }

  /** They may be offered again. */
  private forgetOffers(which: (offer: string) => boolean): void {
    for (const offer of this.offered) if (which(offer)) this.offered.delete(offer);
  }

  private rejectAll(): void {
    for (const { reject } of this.pending.values()) reject(abortError(this.signal));
    this.pending.clear();
  }
}

function unavailable(): DfsError {
  return new DfsError(
    'content-unavailable',
    'No reachable node has this content. It can be read again as soon as one of its holders is back.',
  );
}
