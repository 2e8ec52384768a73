import { cp, rm } from 'node:fs/promises';
import type { MemberRole } from '@dfs/contracts';
import { eventually, seededRandom, tempDir, type SeededRandom, type TempDir } from '@dfs/testing';
import { MemoryNetwork, type MemoryNetworkOptions } from '@dfs/transport';
import { SimNode, type SimNodeOptions } from './sim-node.js';

/** Options that the nodes of a cluster share. `seed` decides all randomness, that of the links included. */
export interface ClusterOptions extends Partial<
  Pick<SimNodeOptions, 'replicas' | 'graceMs' | 'retentionMs' | 'stopwatch' | 'quotaBytes' | 'clock' | 'scrub'>
> {
  seed?: number;
  link?: Omit<MemoryNetworkOptions, 'random'>;
}

/** A network of simulated nodes. Print `seed` when a test fails: the same seed gives the same keys, sizes and faults. */
export class Cluster {
  readonly nodes: SimNode[] = [];
  readonly network: MemoryNetwork;
  readonly random: SeededRandom;
  private readonly copies: TempDir[] = [];

  private constructor(private readonly options: ClusterOptions) {
    this.random = seededRandom(options.seed);
    this.network = new MemoryNetwork({ ...options.link, random: () => this.random.next() });
  }

  /** The first node founds the network, the others join it; all are connected when this resolves. */
  static async start(count: number, options: ClusterOptions = {}): Promise<Cluster> {
    const cluster = new Cluster(options);
    for (let index = 0; index < count; index++) await cluster.add();
    await cluster.connected();
    return cluster;
  }

  get seed(): number {
    return this.random.seed;
  }

  node(index: number): SimNode {
    const node = this.nodes[index];
    if (!node) throw new Error(`no node ${index}`);
    return node;
  }

  /** One more member; with a clock, a quota or a role of its own, if any. */
  async add({
    role,
    ...own
  }: Pick<SimNodeOptions, 'clock' | 'quotaBytes'> & { role?: MemberRole } = {}): Promise<SimNode> {
    const { network, random, options } = this;
    const node = await SimNode.start({ name: `n${this.nodes.length}`, network, random, ...options, ...own });
    this.nodes.push(node);
    if (this.nodes.length > 1) await node.joins(this.node(0), role);
    return node;
  }

  async connected(nodes: readonly SimNode[] = this.nodes): Promise<void> {
    for (const node of nodes) {
      await eventually(() => node.peers.connected().length >= nodes.length - 1, {
        what: `${node.name} connected to all (seed ${this.seed})`,
      });
    }
  }

  /** Waits until all of them have and show the same, and answers what they show. */
  async converged(nodes: readonly SimNode[] = this.nodes): Promise<string[]> {
    return eventually(
      async () => {
        // First the sets of records: what two nodes show may be equal before they are.
        const [set, ...sets] = nodes.map((node) => node.recordSet());
        if (sets.some((other) => other !== set)) return false;
        const shown = await Promise.all(nodes.map((node) => node.shows()));
        const [first = []] = shown;
        return shown.every((lines) => lines.join('\n') === first.join('\n')) && first;
      },
      { poll: 50, what: `the catalogues equal (seed ${this.seed})` },
    );
  }

  /** Waits until `by` counts that many copies of each of these paths. */
  async copied(by: SimNode, paths: readonly string[], copies: number): Promise<void> {
    for (const path of paths) {
      await eventually(async () => (await by.copies(path)) >= copies, {
        poll: 30,
        what: `${copies} copies of ${path} (seed ${this.seed})`,
      });
    }
  }

  /** Copies the data directory of a node, which is restarted for it. Answers what stops the node and puts the copy in place of its data. */
  async copyOf(node: SimNode): Promise<() => Promise<void>> {
    const copies = await tempDir('dfs-backup-');
    this.copies.push(copies);
    const data = node.file('');
    await node.stop();
    const copy = await copies.copy(data, 'copy');
    await node.start();
    await this.connected();
    return async () => {
      await node.stop();
      await rm(data, { recursive: true });
      await cp(copy, data, { recursive: true });
    };
  }

  async remove(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.remove()));
    await Promise.all(this.copies.map((copies) => copies.remove()));
  }
}
