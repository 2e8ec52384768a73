import { ChunkStore, chunksEntities, chunksMigrations, storeContent, type StoredContent } from '@dfs/chunks';
import type { AnyEvent, MemberRole } from '@dfs/contracts';
import type { Database } from '@dfs/database';
import { EventLog, eventsEntities, eventsMigrations } from '@dfs/events';
import { fileIdOf, sha256, signerFromRaw, type Cid } from '@dfs/protocol';
import { GiB, minute, silentLog, systemClock } from '@dfs/runtime';
import { tempDir, type TempDir, testDatabase, TestSections } from '@dfs/testing';
import { MemoryNetwork } from '@dfs/transport';
import type { MemoryTransport, Transport } from '@dfs/transport';
import type { ContentChange, ContentRef, Contents, MemberList, PastContents, PeerView, Providers } from '../ports.js';
import { Placement } from '../placement.js';
import type { PlacementOptions } from '../parts.js';
import { placementEntities, placementMigrations } from '../schema.js';

const NETWORK_ID = '00'.repeat(32);

/** Peer ids of counted seeds: the same in every run. */
export function peerIdOf(number: number): string {
  return signerFromRaw(sha256(Buffer.from(`world member ${number}`))).peerId;
}

export interface WorldOptions {
  replicas?: number;
  latencyMs?: number;
  graceMs?: number;
}

/**
 * A network of real placement, chunk stores and databases over a MemoryNetwork. Members, statuses and the catalogue are
 * as simple as can be: one list that all share, told at once.
 */
export class World implements AsyncDisposable {
  readonly nodes: WorldNode[] = [];
  readonly memory: MemoryNetwork;
  readonly members = new Set<string>();
  /** Owners, where nothing is said. */
  readonly roles = new Map<string, MemberRole>();
  readonly memberListeners = new Set<() => void>();
  replicas: number;
  readonly graceMs: number;

  constructor(options: WorldOptions = {}) {
    this.replicas = options.replicas ?? 3;
    this.graceMs = options.graceMs ?? 10 * minute;
    this.memory = new MemoryNetwork({ latencyMs: options.latencyMs ?? 0 });
  }

  /** Nodes that all are members and connected. */
  static async of(count: number, options: WorldOptions & NodeOptions = {}): Promise<World> {
    const world = new World(options);
    for (let number = 0; number < count; number++) await world.add(options);
    return world;
  }

  async add(options: NodeOptions = {}): Promise<WorldNode> {
    const node = await WorldNode.open(this, peerIdOf(this.nodes.length), await tempDir(), options);
    this.nodes.push(node);
    this.members.add(node.peerId);
    for (const listener of this.memberListeners) listener();
    await node.start();
    return node;
  }

  running(): WorldNode[] {
    return this.nodes.filter((node) => node.up);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const node of this.nodes) await node.stop();
    for (const node of this.nodes) await node.dir.remove();
  }
}

export interface NodeOptions {
  quotaBytes?: number;
  dht?: Providers;
  /** As of Placement. */
  repair?: PlacementOptions;
  /** Between a node's transport and what uses it. */
  wrap?: (transport: Transport) => Transport;
}

export class WorldNode {
  up = false;
  /** Peers that are out of grace, as this node sees it. */
  readonly outOfGrace = new Set<string>();
  readonly events: AnyEvent[] = [];
  readonly contents = new Map<Cid, ContentRef>();
  /** By path, what its current file shows. */
  readonly shown = new Map<string, Cid>();
  /** Of versions that were replaced or deleted. */
  readonly past = new Map<Cid, ContentRef>();
  /** Of these, those whose retention is over. */
  readonly purged = new Set<Cid>();
  /** Contents that no record here names; all others are taken to be named by some version. */
  readonly unnamed = new Set<Cid>();
  /** Names nothing but what it knows. */
  namesKnownAlone = false;
  readonly changeListeners = new Set<(changes: ContentChange[]) => void>();
  readonly unshownListeners = new Set<(refs: ContentRef[]) => void>();
  readonly status: TestSections;
  readonly readyListeners = new Set<(peerId: string) => void>();
  readonly goneListeners = new Set<(peerId: string) => void>();
  networkChanged: Parameters<PeerView['onNetworkChanged']>[0] | undefined;
  beforeRemove: Parameters<PeerView['beforeRemove']>[0] | undefined;
  db!: Database;
  chunks!: ChunkStore;
  transport!: MemoryTransport;
  placement!: Placement;
  private nudged: NodeJS.Timeout | undefined;

  private constructor(
    readonly world: World,
    readonly peerId: string,
    readonly dir: TempDir,
    readonly options: NodeOptions,
  ) {
    this.status = new TestSections(peerId);
  }

  static async open(world: World, peerId: string, dir: TempDir, options: NodeOptions): Promise<WorldNode> {
    const node = new WorldNode(world, peerId, dir, options);
    await node.open();
    return node;
  }

  private async open(): Promise<void> {
    this.db = await testDatabase({
      file: this.dir.file('dfs.sqlite'),
      migrations: [...eventsMigrations, ...chunksMigrations, ...placementMigrations],
      entities: [...eventsEntities, ...chunksEntities, ...placementEntities],
    });
    const events = await EventLog.open(this.db);
    events.subscribe((event) => this.events.push(event));
    this.chunks = await ChunkStore.open({
      ...{ dir: this.dir.file('chunks'), db: this.db, reserveBytes: 0 },
      quotaBytes: this.options.quotaBytes ?? 64 * GiB,
    });
    this.transport = this.world.memory.node({ peerId: this.peerId });
    this.transport.setGate({ isMember: (id) => this.world.members.has(id), acceptsStrangers: () => false });
    this.placement = await Placement.open(
      {
        ...{ db: this.db, events, chunks: this.chunks, clock: systemClock, log: silentLog },
        transport: this.options.wrap?.(this.transport) ?? this.transport,
        peers: this.peers(),
        membership: this.membership(),
        catalogue: this.catalogue(),
        current: {
          pathsOf: async (contents) =>
            [...this.shown].flatMap(([path, contentId]) => (contents.includes(contentId) ? [{ path, contentId }] : [])),
        },
        past: this.pastContents(),
        ...(this.options.dht && { dht: this.options.dht }),
      },
      { calmMs: 0, ...this.options.repair },
    );
  }

  /** Connects to all that run. */
  async start(): Promise<void> {
    await this.transport.start();
    this.up = true;
    this.transport.onConnect((peerId) => setImmediate(() => this.ready(peerId)));
    this.transport.onDisconnect((peerId) => this.goneListeners.forEach((listener) => listener(peerId)));
    this.placement.start();
    for (const other of this.world.running()) {
      if (other !== this) await this.transport.dialPeer(other.peerId, other.transport.addresses());
    }
  }

  /** Ends it in order. */
  async stop(): Promise<void> {
    if (!this.up) return;
    this.up = false;
    clearTimeout(this.nudged);
    await this.placement.stop();
    await this.transport.stop();
    await this.chunks.close();
    await this.db.close();
  }

  /** The same node, from its disk. */
  async restart(): Promise<void> {
    await this.stop();
    const { changeListeners, unshownListeners, readyListeners, goneListeners } = this;
    for (const each of [changeListeners, unshownListeners, readyListeners, goneListeners]) each.clear();
    this.status.deafen();
    await this.open();
    await this.start();
  }

  /** Stores a content here and makes it known to all that run. */
  async put(path: string, bytes: Uint8Array | AsyncIterable<Uint8Array>): Promise<StoredContent> {
    const [stored] = await this.putMany([{ path, bytes }]);
    return stored!;
  }

  /** Many in one unit of work. */
  async putMany(
    files: readonly { path: string; bytes: Uint8Array | AsyncIterable<Uint8Array> }[],
    options: { publish?: boolean } = {},
  ): Promise<StoredContent[]> {
    const batch = this.chunks.batch('local');
    const stored: StoredContent[] = [];
    for (const { bytes } of files) stored.push(await storeContent(batch, pieces(bytes)));
    await batch.flush();
    await this.db.write(async (tx) => {
      await batch.commit(tx);
      await this.placement.pinLocal(tx, stored);
    });
    const changes = files.map(({ path }, index) => ({
      fileId: fileIdOf(NETWORK_ID, path),
      path,
      contentId: stored[index]!.contentId,
      size: stored[index]!.size,
      author: this.peerId,
      deleted: false,
    }));
    if (options.publish !== false) for (const node of this.world.running()) node.learn(changes);
    return stored;
  }

  /** As when the catalogue has committed records of files. */
  private sizeOf(content: Cid): number {
    return (this.contents.get(content) ?? this.past.get(content))?.size ?? Infinity;
  }

  learn(changes: ContentChange[]): void {
    for (const { path, contentId, size, author } of changes) {
      if (contentId) this.shown.set(path, contentId);
      else this.shown.delete(path);
      if (contentId) this.contents.set(contentId, { contentId, size, author });
    }
    for (const listener of this.changeListeners) listener(changes);
  }

  /** As when a file has another version now, or was deleted. */
  replaced(content: Cid): void {
    const ref = this.contents.get(content);
    if (ref) this.past.set(content, ref);
    this.contents.delete(content);
  }

  /** SHA-256 of what a reader gets here, in hex. */
  async read(content: Cid, size: number, range: { offset?: number; length?: number } = {}): Promise<Buffer> {
    const parts: Uint8Array[] = [];
    for await (const part of this.placement.fetch(content, size, range)) parts.push(Uint8Array.from(part));
    return Buffer.concat(parts);
  }

  async state(content: StoredContent): Promise<string> {
    const { state, copies, reason } = (await this.placement.replication([content])).get(content.contentId)!;
    return `${state} ${copies}${reason ? ` ${reason}` : ''}`;
  }

  async pinned(content: Cid): Promise<number> {
    const { extents } = await this.placement.holders(content, this.contents.get(content)?.size ?? 0);
    return extents.filter(({ holders }) => holders.some(({ self }) => self)).length;
  }

  /** Tells all it is connected to how it stands. */
  tellStatus(): void {
    if (!this.up) return;
    const connected = new Set(this.transport.connections().map(({ peerId }) => peerId));
    const heardBy = this.world.running().filter(({ peerId }) => connected.has(peerId));
    this.status.tell(heardBy.map(({ status }) => status));
  }

  private ready(peerId: string): void {
    if (!this.up) return;
    this.tellStatus();
    for (const listener of this.readyListeners) listener(peerId);
  }

  private connected(): string[] {
    const peerIds = new Set(this.transport.connections().map(({ peerId }) => peerId));
    return [...peerIds].filter((peerId) => this.world.members.has(peerId));
  }

  private peers(): PeerView {
    return {
      connected: () => this.connected(),
      nameOf: (peerId) => `node ${this.world.nodes.findIndex((node) => node.peerId === peerId)}`,
      inGrace: (peerId) => !this.outOfGrace.has(peerId),
      onReady: (fn) => listen(this.readyListeners, fn),
      onGone: (fn) => listen(this.goneListeners, fn),
      onChange: () => () => {},
      contribute: (section, value) => this.status.contribute(section, value),
      onStatus: (section, fn) => this.status.onStatus(section, fn),
      nudge: () => {
        this.nudged ??= setTimeout(() => {
          this.nudged = undefined;
          this.tellStatus();
        }, 10);
      },
      beforeRemove: (fn) => void (this.beforeRemove = fn),
      onNetworkChanged: (fn) => void (this.networkChanged = fn),
    };
  }

  private membership(): MemberList {
    const { world, peerId } = this;
    return {
      settings: () => ({ replicas: world.replicas, graceMs: world.graceMs }),
      self: () => ({ peerId }),
      members: () => [...world.members].map((id) => ({ peerId: id, role: world.roles.get(id) ?? 'owner' })),
      isMember: (id) => world.members.has(id),
      onChange: (fn) => listen(world.memberListeners, fn),
    };
  }

  private catalogue(): Contents {
    const page = (known: ReadonlyMap<Cid, ContentRef>, after: Cid | null, limit: number): ContentRef[] => {
      const ids = [...known.keys()].sort();
      const from = after === null ? 0 : ids.findIndex((id) => id > after);
      return from < 0 ? [] : ids.slice(from, from + limit).map((id) => known.get(id)!);
    };
    return {
      contents: async (after, limit) => page(this.contents, after, limit),
      everyContent: async (after, limit) => page(new Map([...this.past, ...this.contents]), after, limit),
      purged: async (contents) => new Set(contents.filter((content) => this.purged.has(content))),
      named: async (contents) =>
        new Map(
          contents.flatMap((id) =>
            this.unnamed.has(id) || (this.namesKnownAlone && this.sizeOf(id) === Infinity)
              ? []
              : [[id, this.sizeOf(id)]],
          ),
        ),
      comesAlong: async (contents) => new Set(contents.filter((content) => this.contents.has(content))),
      onChange: (fn) => listen(this.changeListeners, fn),
      onUnshown: (fn) => listen(this.unshownListeners, fn),
    };
  }

  /** In the order in which they became so; all of deleted files. */
  private pastContents(): PastContents {
    const isPast = (id: Cid): boolean => this.past.has(id) && !this.contents.has(id) && !this.purged.has(id);
    return {
      past: async (after, limit) => {
        const past = [...this.past.values()];
        const all = past.map(({ contentId, size }, since) => ({ contentId, size, since, deleted: true }));
        const rest = all.filter(({ contentId, since }) => since > (after?.since ?? -1) && isPast(contentId));
        return rest.slice(0, limit);
      },
      onlyPast: async (_tx, contents) => new Set(contents.filter(isPast)),
      gaveWay: async (tx, contents) => tx.afterCommit(() => contents.forEach((content) => this.purged.add(content))),
    };
  }
}

function listen<T>(listeners: Set<T>, listener: T): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

async function* pieces(bytes: Uint8Array | AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  if (bytes instanceof Uint8Array) yield bytes;
  else yield* bytes;
}
