import { createHash } from 'node:crypto';
import type { Entry } from '@dfs/catalogue';
import type { VersionInfo } from '@dfs/contracts';
import { isDfsError } from '@dfs/runtime';
import type { Cid } from '@dfs/protocol';
import type { Cluster } from './cluster.js';
import type { SimNode } from './sim-node.js';

/** One step of a random history; numbers choose among what there is when it is taken. */
export type Step =
  | { do: 'write'; node: number; path: number; content: number }
  | { do: 'delete' | 'restore' | 'choose'; node: number; path: number }
  | { do: 'move'; node: number; path: number; to: number }
  /** One bit a node: which of two sides it is on. */
  | { do: 'partition'; sides: number }
  | { do: 'heal' | 'settle' }
  | { do: 'restart'; node: number };

const PATHS = ['a.txt', 'b.txt', 'c/d.txt', 'c/e.txt'];
/** Refusals that a person would get as well: the step does nothing then. */
const REFUSALS = ['path-exists', 'conflict', 'file-not-found', 'version-not-found'] as const;

/**
 * The state in which the only node that touched a path since all were equal left it; undefined after two of them did.
 */
interface Touched {
  by: SimNode;
  last: string;
  /** There was no conflict before. */
  wasPlain: boolean;
}

/**
 * Takes the steps of a history on a cluster, remembers what was acknowledged, and tells where the nodes break what they
 * promise: they converge, nothing acknowledged is lost, nothing deleted comes back, the last causal action wins.
 */
export class History {
  /** Record ids of acknowledged writes, by path. */
  private readonly acknowledged = new Map<string, Set<string>>();
  /** Versions that someone who saw them replaced: they can never be heads again. */
  private readonly replaced = new Map<string, string>();
  /** SHA-256 of the bytes of each acknowledged content. */
  private readonly contents = new Map<Cid, string>();
  private touched = new Map<string, Touched | undefined>();

  constructor(private readonly cluster: Cluster) {}

  async take(step: Step): Promise<void> {
    const { network, nodes } = this.cluster;
    switch (step.do) {
      case 'partition': {
        const side = (wanted: number) => nodes.filter((_, index) => ((step.sides >> index) & 1) === wanted);
        return network.partition([side(0), side(1)]);
      }
      case 'heal':
        return network.heal();
      case 'settle':
        return this.settle();
      case 'restart': {
        const node = this.node(step.node);
        await node.stop();
        return node.start();
      }
      default:
        return this.write(step);
    }
  }

  /** Heals, waits until all are equal, and holds everything against what was promised. */
  async settle(): Promise<void> {
    const { cluster } = this;
    cluster.network.heal();
    await cluster.connected();
    await cluster.converged();
    for (const [path, touched] of this.touched) if (touched) await this.expectShown(path, touched);
    this.touched = new Map();
    for (const [path, ids] of this.acknowledged) await this.expectKept(path, ids);
  }

  /** After `settle`: what is shown reads back on every node, and every count is that of a full recount. */
  async finish(): Promise<void> {
    await this.settle();
    for (const node of this.cluster.nodes) {
      for (const path of this.acknowledged.keys()) await this.expectReadable(node, path);
      expect(await node.check()).toEqual([]);
    }
  }

  private async write(step: Extract<Step, { path: number }>): Promise<void> {
    const node = this.node(step.node);
    const path = pathOf(step.path);
    const before = await this.headsAt(node, path);
    const entry = await this.attempt(() => this.act(node, path, step, before));
    if (!entry) return;
    const wasPlain = before.length < 2;
    this.note(node, path, step.do === 'move' ? await node.catalogue.byPath(path) : entry, wasPlain);
    if (step.do === 'move') this.note(node, entry.path, entry, true);
    // A write replaces what is shown, all else every version that is known.
    if (step.do !== 'write') for (const { version } of before) this.markReplaced(version, path, entry);
  }

  private async act(
    node: SimNode,
    path: string,
    step: Extract<Step, { path: number }>,
    before: readonly VersionInfo[],
  ): Promise<Entry | undefined> {
    switch (step.do) {
      case 'write': {
        const bytes = Buffer.from(`content ${step.content} `.repeat(1 + (step.content % 7) * 100));
        const entry = await node.put(path, bytes);
        this.contents.set(entry.contentId, createHash('sha256').update(bytes).digest('hex'));
        return entry;
      }
      case 'delete':
        if (!before.some(({ kind }) => kind === 'file')) return undefined;
        await node.delete(path);
        return node.catalogue.byPath(path);
      case 'restore':
        return node.restore(path);
      case 'choose': {
        const chosen = before.at(-1);
        return before.length > 1 && chosen ? node.choose(path, chosen.version) : undefined;
      }
      case 'move':
        return node.move(path, pathOf(step.to));
    }
  }

  private async attempt(act: () => Promise<Entry | undefined>): Promise<Entry | undefined> {
    try {
      return await act();
    } catch (error) {
      if (REFUSALS.some((code) => isDfsError(error, code))) return undefined;
      throw error;
    }
  }

  private note(node: SimNode, path: string, entry: Entry | undefined, wasPlain: boolean): void {
    if (!entry) return;
    const ids = this.acknowledged.get(path) ?? new Set();
    this.acknowledged.set(path, ids.add(entry.recordId));
    const before = this.touched.get(path);
    const isAlone = !this.touched.has(path) || before?.by === node;
    const touched = { by: node, last: entry.recordId, wasPlain: before?.wasPlain ?? wasPlain };
    this.touched.set(path, isAlone ? touched : undefined);
  }

  private markReplaced(version: string, path: string, by: Entry): void {
    if (version !== by.recordId) this.replaced.set(version, path);
  }

  /** Only one node changed the path since all were equal: what it did last is what everyone shows. */
  private async expectShown(path: string, { last, wasPlain }: Touched): Promise<void> {
    for (const node of this.cluster.nodes) {
      const shown = await node.catalogue.byPath(path);
      expect({ node: node.name, path, shown: shown?.recordId }).toEqual({ node: node.name, path, shown: last });
      if (wasPlain) expect({ path, heads: (await this.headsAt(node, path)).length }).toEqual({ path, heads: 1 });
    }
  }

  private async expectKept(path: string, acknowledged: ReadonlySet<string>): Promise<void> {
    for (const node of this.cluster.nodes) {
      const versions = await this.versionsAt(node, path);
      const known = new Set(versions.map(({ version }) => version));
      const lost = [...acknowledged].filter((id) => !known.has(id));
      expect({ node: node.name, path, lost }).toEqual({ node: node.name, path, lost: [] });
      const heads = versions.filter(({ head }) => head);
      const back = heads.filter(({ version }) => this.replaced.has(version)).map(({ version }) => version);
      expect({ node: node.name, path, back }).toEqual({ node: node.name, path, back: [] });
      const isFile = heads.some(({ kind }) => kind === 'file');
      expect({ path, deleted: (await node.catalogue.byPath(path))?.deleted }).toEqual({ path, deleted: !isFile });
    }
  }

  /** The bytes of every version that counts, the replaced ones too: no retention has run out. */
  private async expectReadable(node: SimNode, path: string): Promise<void> {
    for (const { contentId, size } of await this.versionsAt(node, path)) {
      if (contentId === null) continue;
      const hash = createHash('sha256');
      for await (const part of node.placement.fetch(contentId, size)) hash.update(part);
      expect({ path, node: node.name, hash: hash.digest('hex') }).toEqual({
        path,
        node: node.name,
        hash: this.contents.get(contentId),
      });
    }
  }

  private async headsAt(node: SimNode, path: string): Promise<VersionInfo[]> {
    return (await this.versionsAt(node, path)).filter(({ head }) => head);
  }

  private async versionsAt(node: SimNode, path: string): Promise<VersionInfo[]> {
    const entry = await node.catalogue.byPath(path);
    if (!entry) return [];
    return (await node.catalogue.versions(entry.fileId, { limit: 1000 })).items;
  }

  private node(number: number): SimNode {
    return this.cluster.node(number % this.cluster.nodes.length);
  }
}

function pathOf(number: number): string {
  return PATHS[number % PATHS.length] as string;
}
