import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { tempDir, type TempDir } from './temp.js';
import { eventually } from './wait.js';

/** A node of a spec, as far as a network of such nodes has to know it. */
export interface NetworkNode {
  readonly name: string;
  /** 32 bytes from which its identity follows. */
  readonly key: Uint8Array;
  readonly dir: TempDir;
  readonly signer: { readonly peerId: string };
  readonly peers: {
    invite(request: object): Promise<{ ticket: string }>;
    join(ticket: string): Promise<unknown>;
    connected(): string[];
  };
  stop(): Promise<void>;
}

/** Nodes that join each other, each with a folder of its own, taken down when the test ends: `await using`. */
export abstract class NodeNetwork<N extends NetworkNode> implements AsyncDisposable {
  readonly nodes: N[] = [];
  private readonly dirs: TempDir[] = [];

  /** Runs a node from its folder. */
  protected abstract open(name: string, key: Uint8Array, dir: TempDir): Promise<N>;

  /** A node in a network of its own, running. */
  async node(name: string): Promise<N> {
    const dir = await tempDir();
    this.dirs.push(dir);
    return this.run(name, randomBytes(32), dir);
  }

  /** Stops a node. @returns starts it again from its folder */
  async stop(node: N): Promise<() => Promise<N>> {
    await node.stop();
    this.nodes.splice(this.nodes.indexOf(node), 1);
    return () => this.run(node.name, node.key, node.dir);
  }

  /** Stops a node and starts it again from its folder. */
  async restart(node: N): Promise<N> {
    return (await this.stop(node))();
  }

  /** Stops a node and takes its database away, and, if `forgets`, what it remembers beside it. @returns starts it again */
  async lose(node: N, forgets = false): Promise<() => Promise<N>> {
    const start = await this.stop(node);
    for (const suffix of ['', '-wal', '-shm']) await rm(node.dir.file(`dfs.sqlite${suffix}`), { force: true });
    if (forgets) await rm(node.dir.file('network.json'));
    return start;
  }

  /** Nodes of one network, the first its founder, all connected. */
  async joined(...names: string[]): Promise<N[]> {
    const nodes: N[] = [];
    for (const name of names) {
      const node = await this.node(name);
      if (nodes[0]) await node.peers.join((await nodes[0].peers.invite({})).ticket);
      nodes.push(node);
    }
    await this.meshed(nodes);
    return nodes;
  }

  /** Until each of these is connected to each other one, and to nobody else. */
  async meshed(nodes: readonly N[]): Promise<void> {
    const ids = nodes.map(({ signer }) => signer.peerId).sort();
    for (const { name, signer, peers } of nodes) {
      const isMeshed = (): boolean => [signer.peerId, ...peers.connected()].sort().join() === ids.join();
      await eventually(isMeshed, { what: `${name} sees all` });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()));
    await Promise.all(this.dirs.map((dir) => dir.remove()));
  }

  private async run(name: string, key: Uint8Array, dir: TempDir): Promise<N> {
    const node = await this.open(name, key, dir);
    this.nodes.push(node);
    return node;
  }
}
