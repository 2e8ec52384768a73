import { silentLog, systemClock, type Clock, type Log } from '@dfs/runtime';
import { MemoryTransport } from './memory-transport.js';
import type { MemoryLink } from './memory-link.js';

/** Faults and delays of all connections in the network. */
export interface MemoryNetworkOptions {
  /** In [0, 1): seeded, so that a run can be had again. */
  random?: () => number;
  /** Milliseconds one way: always the same, or between two. */
  latencyMs?: number | readonly [number, number];
  /** Probability that a piece of data finds its connection dropped. */
  loss?: number;
  /** Nodes hear of each other when they start, as by mDNS. */
  discovery?: boolean;
  clock?: Clock;
}

/** A whole network in one process, with latency, loss and partitions. Frames are encoded and decoded as on a real one. */
export class MemoryNetwork implements MemoryLink<MemoryTransport> {
  readonly #nodes = new Map<string, MemoryTransport>();
  /** Provider records: by network and content id. */
  readonly records = new Map<string, Map<string, Set<string>>>();
  readonly clock: Clock;
  readonly #random: () => number;
  readonly #discovery: boolean;
  #latency: readonly [number, number];
  #loss: number;
  /** Number of each node's group; undefined while all can reach each other. */
  #groups: Map<string, number> | undefined;
  #made = 0;

  constructor(options: MemoryNetworkOptions = {}) {
    this.clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.#discovery = options.discovery ?? false;
    this.#latency = range(options.latencyMs ?? 0);
    this.#loss = options.loss ?? 0;
  }

  /** A new node, not started. Its address looks like that of a real one; a node made anew can be given the one it had. */
  node(identity: { readonly peerId: string }, options: { log?: Log; address?: string } = {}): MemoryTransport {
    const number = ++this.#made;
    const address = options.address ?? `/ip4/10.${number >> 16}.${(number >> 8) & 255}.${number & 255}/tcp/4001`;
    const node = new MemoryTransport(this, identity.peerId, address, options.log ?? silentLog);
    this.#nodes.set(identity.peerId, node);
    return node;
  }

  /** From now on only nodes of the same group reach each other; those in no group reach nobody. */
  partition(groups: readonly (readonly { readonly peerId: string }[])[]): void {
    this.#groups = new Map();
    for (const [index, group] of groups.entries()) for (const node of group) this.#groups.set(node.peerId, index);
    for (const node of this.#nodes.values()) node.dropUnreachable();
  }

  heal(): void {
    this.#groups = undefined;
  }

  setLatency(latencyMs: number | readonly [number, number]): void {
    this.#latency = range(latencyMs);
  }

  setLoss(loss: number): void {
    this.#loss = loss;
  }

  latency(): number {
    const [min, max] = this.#latency;
    return min === max ? min : min + (max - min) * this.#random();
  }

  carries(): boolean {
    return true;
  }

  /** Whether the next piece of data finds its connection dropped. */
  drops(): boolean {
    return this.#loss > 0 && this.#random() < this.#loss;
  }

  reaches(from: string, to: string): boolean {
    if (!this.#groups) return true;
    const group = this.#groups.get(from);
    return group !== undefined && group === this.#groups.get(to);
  }

  byPeerId(peerId: string): MemoryTransport | undefined {
    return this.#nodes.get(peerId);
  }

  byAddress(address: string): MemoryTransport | undefined {
    for (const node of this.#nodes.values()) if (node.address === address) return node;
    return undefined;
  }

  /** Tells all that run of each other. */
  announce(node: MemoryTransport): void {
    if (!this.#discovery) return;
    for (const other of this.#nodes.values()) {
      if (other === node || !other.started || !this.reaches(node.peerId, other.peerId)) continue;
      node.discovered(other);
      other.discovered(node);
    }
  }
}

function range(latencyMs: number | readonly [number, number]): readonly [number, number] {
  return typeof latencyMs === 'number' ? [latencyMs, latencyMs] : latencyMs;
}
