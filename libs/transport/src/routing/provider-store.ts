import type { KadDHTComponents } from '@libp2p/kad-dht';
import type { Log } from '@dfs/runtime';
import { MAX_PROVIDERS_PER_KEY, MAX_RECORDS_PER_PEER, RECORDS_WRITE_DELAY } from '../constants.js';
import type { RecordArchive } from '../transport.js';

type Datastore = KadDHTComponents['datastore'];
type Key = Parameters<Datastore['get']>[0];
type Pair = { key: Key; value: Uint8Array };

/** Where provider records are kept. */
export interface ProviderStoreOptions {
  /** Where the records of others outlive a restart; in memory alone without it. */
  readonly archive?: RecordArchive;
  /** Of this node, whose own records are provided again at every start. */
  readonly self?: string;
  readonly log?: Log;
}

/**
 * Provider records that other nodes gave us to keep, bounded per content and per peer. Records that kad-dht would store
 * besides
 * them is not kept. In memory, and written now and then: the DHT is a hint, and what is lost is provided again in time.
 */
export class ProviderStore implements Datastore {
  /** By content, then by peer: the values alone, since a key of kad-dht holds on to a buffer that is shared by many. */
  readonly #contents = new Map<string, Map<string, Uint8Array>>();
  readonly #perPeer = new Map<string, number>();
  /** Records that have changed since they were last written. */
  readonly #changed = new Map<string, { content: string; peer: string }>();
  #loading: Promise<void> | undefined;
  #writing: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: ProviderStoreOptions = {}) {}

  /** The records kept before the last restart; once. Never throws. */
  load(): Promise<void> {
    this.#loading ??= this.#load();
    return this.#loading;
  }

  /** Writes what has changed. Never throws. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  get records(): number {
    let count = 0;
    for (const kept of this.#perPeer.values()) count += kept;
    return count;
  }

  put(key: Key, value: Uint8Array): Key {
    const place = placeOf(key);
    if (!place) return key;
    const { content, peer } = place;
    const providers = this.#contents.get(content) ?? new Map<string, Uint8Array>();
    if (!providers.has(peer)) {
      const kept = this.#perPeer.get(peer) ?? 0;
      if (kept >= MAX_RECORDS_PER_PEER || providers.size >= MAX_PROVIDERS_PER_KEY) return key;
      this.#perPeer.set(peer, kept + 1);
    }
    // Of its own: it came as a few bytes of such a buffer.
    providers.set(peer, Uint8Array.from(value));
    this.#contents.set(content, providers);
    this.#mark(content, peer);
    return key;
  }

  get(key: Key): Uint8Array {
    const value = this.#find(key);
    if (!value) throw Object.assign(new Error('not found'), { name: 'NotFoundError' });
    return value;
  }

  has(key: Key): boolean {
    return this.#find(key) !== undefined;
  }

  delete(key: Key): void {
    const place = placeOf(key);
    const providers = place && this.#contents.get(place.content);
    if (!place || !providers?.delete(place.peer)) return;
    this.#mark(place.content, place.peer);
    if (providers.size === 0) this.#contents.delete(place.content);
    const kept = (this.#perPeer.get(place.peer) ?? 1) - 1;
    if (kept === 0) this.#perPeer.delete(place.peer);
    else this.#perPeer.set(place.peer, kept);
  }

  /** Drops all that a peer has told of itself. */
  forget(peer: string): void {
    for (const [content, providers] of this.#contents) {
      if (providers.delete(peer)) this.#mark(content, peer);
      if (providers.size === 0) this.#contents.delete(content);
    }
    this.#perPeer.delete(peer);
  }

  /** Drops everything: it is of another network. */
  clear(): void {
    for (const peer of [...this.#perPeer.keys()]) this.forget(peer);
  }

  async *query({ prefix = '' }: Parameters<Datastore['query']>[0]): AsyncGenerator<Pair> {
    const one = placeOf({ toString: () => `${prefix}/any` });
    const providers = one && this.#contents.get(one.content);
    if (providers) yield* pairsOf(one.content, providers);
    // Everything: asked for by the clean-up of old records. Paced, as there may be very many.
    else if (!one) for (const [content, each] of [...this.#contents]) yield* pairsOf(content, each);
  }

  async *queryKeys(query: { prefix?: string }): AsyncGenerator<Key> {
    for await (const { key } of this.query(query)) yield key;
  }

  async *putMany(source: Iterable<Pair> | AsyncIterable<Pair>): AsyncGenerator<Key> {
    for await (const { key, value } of source) yield this.put(key, value);
  }

  async *getMany(source: Iterable<Key> | AsyncIterable<Key>): AsyncGenerator<Pair> {
    for await (const key of source) yield { key, value: this.get(key) };
  }

  async *deleteMany(source: Iterable<Key> | AsyncIterable<Key>): AsyncGenerator<Key> {
    for await (const key of source) {
      this.delete(key);
      yield key;
    }
  }

  batch(): ReturnType<Datastore['batch']> {
    const steps: (() => void)[] = [];
    return {
      put: (key, value) => void steps.push(() => this.put(key, value)),
      delete: (key) => void steps.push(() => this.delete(key)),
      commit: () => steps.splice(0).forEach((step) => step()),
    };
  }

  async #load(): Promise<void> {
    const { archive, log } = this.options;
    if (!archive) return;
    try {
      for await (const { content, peer, value } of archive.load()) {
        const key = keyOf(content, peer);
        // Records that have come meanwhile are newer.
        if (this.has(key)) continue;
        this.put(key, value);
        this.#changed.delete(changeOf(content, peer));
      }
    } catch (error) {
      log?.warn({ err: error }, 'provider records of other nodes could not be read');
    }
  }

  #mark(content: string, peer: string): void {
    if (!this.options.archive || peer === this.options.self) return;
    this.#changed.set(changeOf(content, peer), { content, peer });
    this.#timer ??= setTimeout(() => void this.flush(), RECORDS_WRITE_DELAY).unref();
  }

  async #write(): Promise<void> {
    const changes = [...this.#changed.values()];
    this.#changed.clear();
    if (changes.length === 0) return;
    const kept = changes.flatMap(({ content, peer }) => {
      const value = this.#contents.get(content)?.get(peer);
      return value ? [{ content, peer, value }] : [];
    });
    const dropped = changes.filter(({ content, peer }) => !this.#contents.get(content)?.has(peer));
    try {
      await this.options.archive?.save(kept, dropped);
    } catch (error) {
      this.options.log?.warn({ err: error }, 'provider records of other nodes could not be written');
      for (const { content, peer } of changes) this.#mark(content, peer);
    }
  }

  #find(key: Key): Uint8Array | undefined {
    const place = placeOf(key);
    return place && this.#contents.get(place.content)?.get(place.peer);
  }
}

/** As they are now: some may be dropped while they are looked at. */
function pairsOf(content: string, providers: ReadonlyMap<string, Uint8Array>): Pair[] {
  return [...providers].map(([peer, value]) => ({ key: keyOf(content, peer), value }));
}

function changeOf(content: string, peer: string): string {
  return `${content}/${peer}`;
}

/** Its keys are read by their text alone. */
function keyOf(content: string, peer: string): Key {
  const text = `/dht/provider/${content}/${peer}`;
  return { toString: () => text } as Key;
}

/** kad-dht's keys of provider records: `<prefix>/provider/<multihash in base32>/<peer id>`. */
function placeOf(key: { toString(): string }): { content: string; peer: string } | undefined {
  const parts = key.toString().split('/');
  const at = parts.lastIndexOf('provider');
  const content = parts[at + 1];
  const peer = parts[at + 2];
  return at >= 0 && parts.length === at + 3 && content && peer ? { content, peer } : undefined;
}
