import type { Database } from '@dfs/database';
import { placementEntities, placementMigrations } from '@dfs/placement';
import { sha256, signerFromRaw, type Signer } from '@dfs/protocol';
import { tempDir, type TempDir, testDatabase, TestSections } from '@dfs/testing';
import { MemoryNetwork, type MemoryTransport } from '@dfs/transport';

/** Signers of counted seeds: the same in every run. */
export function signerOf(number: number): Signer {
  return signerFromRaw(sha256(Buffer.from(`world member ${number}`)));
}

/** Members with a real database each, connected over a MemoryNetwork. A node sends its status when it is told to. */
export class World implements AsyncDisposable {
  readonly nodes: WorldNode[] = [];
  readonly members = new Set<string>();
  readonly memory = new MemoryNetwork();

  static async of(count: number): Promise<World> {
    const world = new World();
    for (let number = 0; number < count; number++) await world.add();
    return world;
  }

  /** One more, connected to all that run. */
  async add(): Promise<WorldNode> {
    const node = await WorldNode.open(this, signerOf(this.nodes.length).peerId);
    this.nodes.push(node);
    this.members.add(node.peerId);
    await node.connect();
    return node;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const node of this.nodes) await node.stop();
    for (const node of this.nodes) await node.dir.remove();
  }
}

export class WorldNode {
  up = false;
  db!: Database;
  transport!: MemoryTransport;
  readonly status: TestSections;

  private constructor(
    readonly world: World,
    readonly peerId: string,
    readonly dir: TempDir,
  ) {
    this.status = new TestSections(peerId);
  }

  static async open(world: World, peerId: string): Promise<WorldNode> {
    const node = new WorldNode(world, peerId, await tempDir());
    await node.open();
    return node;
  }

  private async open(): Promise<void> {
    this.db = await testDatabase({
      file: this.dir.file('dfs.sqlite'),
      migrations: placementMigrations,
      entities: placementEntities,
    });
    this.transport = this.world.memory.node({ peerId: this.peerId });
    this.transport.setGate({ isMember: (id) => this.world.members.has(id), acceptsStrangers: () => false });
    await this.transport.start();
    this.up = true;
  }

  async connect(): Promise<void> {
    for (const other of this.world.nodes) {
      if (other !== this && other.up) await this.transport.dialPeer(other.peerId, other.transport.addresses());
    }
  }

  async stop(): Promise<void> {
    if (!this.up) return;
    this.up = false;
    await this.transport.stop();
    await this.db.close();
  }

  /** The same node, from its disk. */
  async restart(): Promise<void> {
    await this.stop();
    this.status.deafen();
    await this.open();
    await this.connect();
  }

  /** Tells all it is connected to how it stands. */
  tellStatus(): void {
    if (!this.up) return;
    const connected = new Set(this.transport.connections().map(({ peerId }) => peerId));
    const heardBy = this.world.nodes.filter(({ up, peerId }) => up && connected.has(peerId));
    this.status.tell(heardBy.map(({ status }) => status));
  }
}
