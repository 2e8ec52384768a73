import type { KadDHTComponents } from '@libp2p/kad-dht';
import { MAX_PROVIDERS_PER_KEY, MAX_RECORDS_PER_PEER } from './constants.js';

type Datastore = KadDHTComponents['datastore'];
type Key = Parameters<Datastore['get']>[0];
type Pair = { key: Key; value: Uint8Array };

/**
 * Provider records that other nodes gave us to keep, bounded per content and per peer. What kad-dht would store besides
 * them is not kept. In memory: the DHT is a hint, and what a restart loses is provided again in time.
 */
export class ProviderStore implements Datastore {
  /** By content, then by peer. */
  readonly #contents = new Map<string, Map<string, Pair>>();
  readonly #perPeer = new Map<string, number>();

  get records(): number {
    let count = 0;
    for (const kept of this.#perPeer.values()) count += kept;
    return count;
  }

  put(key: Key, value: Uint8Array): Key {
    const place = placeOf(key);
    if (!place) return key;
    const { content, peer } = place;
    const providers = this.#contents.get(content) ?? new Map<string, Pair>();
    if (!providers.has(peer)) {
      const kept = this.#perPeer.get(peer) ?? 0;
      if (kept >= MAX_RECORDS_PER_PEER || providers.size >= MAX_PROVIDERS_PER_KEY) return key;
      this.#perPeer.set(peer, kept + 1);
    }
    providers.set(peer, { key, value });
    this.#contents.set(content, providers);
    return key;
  }

  get(key: Key): Uint8Array {
    const pair = this.#find(key);
    if (!pair) throw Object.assign(new Error('not found'), { name: 'NotFoundError' });
    return pair.value;
  }

  has(key: Key): boolean {
    return this.#find(key) !== undefined;
  }

  delete(key: Key): void {
    const place = placeOf(key);
    const providers = place && this.#contents.get(place.content);
    if (!place || !providers?.delete(place.peer)) return;
    if (providers.size === 0) this.#contents.delete(place.content);
    const kept = (this.#perPeer.get(place.peer) ?? 1) - 1;
    if (kept === 0) this.#perPeer.delete(place.peer);
    else this.#perPeer.set(place.peer, kept);
  }

  /** Drops all that a peer has told of itself. */
  forget(peer: string): void {
    for (const [content, providers] of this.#contents) {
      providers.delete(peer);
      if (providers.size === 0) this.#contents.delete(content);
    }
    this.#perPeer.delete(peer);
  }

  async *query({ prefix = '' }: Parameters<Datastore['query']>[0]): AsyncGenerator<Pair> {
    const one = placeOf({ toString: () => `${prefix}/any` });
    const providers = one && this.#contents.get(one.content);
    if (providers) yield* [...providers.values()];
    // Everything: asked for by the clean-up of old records. Paced, as there may be very many.
    else if (!one) for (const each of [...this.#contents.values()]) yield* [...each.values()];
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

  #find(key: Key): Pair | undefined {
    const place = placeOf(key);
    return place && this.#contents.get(place.content)?.get(place.peer);
  }
}

/** kad-dht's keys of provider records: `<prefix>/provider/<multihash in base32>/<peer id>`. */
function placeOf(key: { toString(): string }): { content: string; peer: string } | undefined {
  const parts = key.toString().split('/');
  const at = parts.lastIndexOf('provider');
  const content = parts[at + 1];
  const peer = parts[at + 2];
  return at >= 0 && parts.length === at + 3 && content && peer ? { content, peer } : undefined;
}
