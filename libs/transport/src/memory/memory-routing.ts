import { DfsError, abortError } from '@dfs/runtime';
import type { Cid } from '@dfs/protocol';
import type { MemoryLink } from './memory-link.js';
import type { ContentRouting, Provider, Transport } from '../transport.js';

/** A node as its routing sees it. */
type RoutedNode = Pick<Transport, 'peerId' | 'routing' | 'addresses' | 'connections'>;

/** Provider records kept by the network object itself; only nodes of the same DFS network share them. */
export class MemoryRouting implements ContentRouting {
  #networkId: string | undefined;

  constructor(
    private readonly network: Pick<MemoryLink<RoutedNode>, 'records' | 'reaches' | 'byPeerId'>,
    private readonly node: RoutedNode,
  ) {}

  async start(networkId: string): Promise<void> {
    this.#networkId = networkId;
  }

  async stop(): Promise<void> {
    this.#networkId = undefined;
  }

  async provide(cid: Cid, options: { signal?: AbortSignal } = {}): Promise<void> {
    if (options.signal?.aborted) throw abortError(options.signal);
    if (this.#networkId === undefined || this.size() === 0) {
      throw new DfsError('not-ready', 'No other node takes part in the DHT yet.');
    }
    const records = this.network.records.get(this.#networkId) ?? new Map<string, Set<string>>();
    this.network.records.set(this.#networkId, records);
    records.set(cid, (records.get(cid) ?? new Set()).add(this.node.peerId));
  }

  async withdraw(cid: Cid): Promise<void> {
    if (this.#networkId !== undefined) {
      this.network.records.get(this.#networkId)?.get(cid)?.delete(this.node.peerId);
    }
  }

  async *findProviders(cid: Cid, options: { signal?: AbortSignal } = {}): AsyncIterable<Provider> {
    if (options.signal?.aborted) throw abortError(options.signal);
    if (this.#networkId === undefined) return;
    for (const peerId of this.network.records.get(this.#networkId)?.get(cid) ?? []) {
      const provider = this.network.byPeerId(peerId);
      if (provider && this.network.reaches(this.node.peerId, peerId)) {
        yield { peerId, addresses: provider.addresses() };
      }
    }
  }

  size(): number {
    const others = new Set(this.node.connections().map(({ peerId }) => peerId));
    return [...others].filter((peerId) => this.#shares(peerId)).length;
  }

  #shares(peerId: string): boolean {
    const routing = this.network.byPeerId(peerId)?.routing;
    return this.#networkId !== undefined && routing instanceof MemoryRouting && routing.#networkId === this.#networkId;
  }
}
