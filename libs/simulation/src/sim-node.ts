import {
  type Catalogue,
  catalogueMigrations,
  recount,
  type Entry,
  type Stopwatch,
  type VoidVersion,
} from '@dfs/catalogue';
import {
  ChunkStore,
  Scrubber,
  chunksEntities,
  chunksMigrations,
  storeContent,
  type ScrubberOptions,
} from '@dfs/chunks';
import type { AnyEvent, MemberRole, PurgeInfo, VersionInfo } from '@dfs/contracts';
import type { Database } from '@dfs/database';
import { EventLog, eventsEntities, eventsMigrations } from '@dfs/events';
import { composeNode, startSteps, stopSteps, type NodeParts } from '@dfs/node';
import { type Membership, type Peers, peersEntities, peersMigrations } from '@dfs/peers';
import { checkPins, type Placement, placementEntities, placementMigrations } from '@dfs/placement';
import type { Purged } from '@dfs/purge';
import { DfsError, MiB, second, silentLog, systemClock, type Clock } from '@dfs/runtime';
import { signerFromRaw, type Signer } from '@dfs/protocol';
import { eventually, tempDir, type SeededRandom, type TempDir, testDatabase } from '@dfs/testing';
import { type MemoryNetwork, type MemoryTransport } from '@dfs/transport';

const ENTITIES = [...eventsEntities, ...chunksEntities, ...peersEntities, ...placementEntities];
const MIGRATIONS = [
  ...eventsMigrations,
  ...chunksMigrations,
  ...peersMigrations,
  ...catalogueMigrations,
  ...placementMigrations,
];

/** How one simulated node differs from a shipped one. */
export interface SimNodeOptions {
  name: string;
  network: MemoryNetwork;
  random: SeededRandom;
  clock?: Clock;
  /** Settings of the network it founds. */
  replicas?: number;
  graceMs?: number;
  retentionMs?: number;
  /** The clock by which retention counts; the running time of the process when left out. */
  stopwatch?: Stopwatch;
  quotaBytes?: number;
  /** Pace of the scrub; as of a node that is on when left out. */
  scrub?: ScrubberOptions;
}

/** All layers of one running node; made anew by each start. */
interface Parts extends NodeParts {
  db: Database;
  chunks: ChunkStore;
  scrubber: Scrubber;
  transport: MemoryTransport;
}

/** One node made of the shipped libraries, with a real disk and database, on a MemoryNetwork. */
export class SimNode {
  readonly signer: Signer;
  /** Where it listens, also after a restart: nodes that all moved while they were apart would not find each other. */
  private address: string | undefined;
  /** The events it has told since it was made. */
  readonly events: AnyEvent[] = [];
  private parts: Parts | undefined;
  /** Bytes received in runs that have ended. */
  private receivedBefore = 0;

  private constructor(
    private readonly options: SimNodeOptions,
    private readonly dir: TempDir,
  ) {
    this.signer = signerFromRaw(options.random.bytes(32));
  }

  static async start(options: SimNodeOptions): Promise<SimNode> {
    const node = new SimNode(options, await tempDir('dfs-sim-'));
    await node.start();
    return node;
  }

  get name(): string {
    return this.options.name;
  }

  get peerId(): string {
    return this.signer.peerId;
  }

  get running(): boolean {
    return this.parts !== undefined;
  }

  get peers(): Peers {
    return this.live().peers;
  }

  get catalogue(): Catalogue {
    return this.live().catalogue;
  }

  get placement(): Placement {
    return this.live().placement;
  }

  get membership(): Membership {
    return this.live().membership;
  }

  get chunks(): ChunkStore {
    return this.live().chunks;
  }

  get scrubber(): Scrubber {
    return this.live().scrubber;
  }

  /** Bytes that have come from others since it was made, by all its protocols. */
  get received(): number {
    return this.receivedBefore + (this.parts?.transport.totals.received ?? 0);
  }

  /** A path within its data directory. */
  file(name: string): string {
    return this.dir.file(name);
  }

  async start(): Promise<void> {
    const { name, network, clock = systemClock } = this.options;
    const log = silentLog;
    const db = await testDatabase({
      file: this.dir.file('dfs.sqlite'),
      migrations: MIGRATIONS,
      entities: ENTITIES,
    });
    const events = await EventLog.open(db, { clock });
    events.subscribe((event) => this.events.push(event));
    const chunks = await ChunkStore.open({
      dir: this.dir.file('chunks'),
      db,
      quotaBytes: this.options.quotaBytes ?? 4096 * MiB,
    });
    const scrubber = await Scrubber.open({ db, store: chunks, clock, log }, this.options.scrub);
    const transport = network.node(this.signer, { address: this.address });
    this.address = transport.address;
    const node = await composeNode({
      ...{ db, events, chunks, transport, signer: this.signer, clock, log },
      membership: {
        nodeName: name,
        founding: {
          replicas: this.options.replicas ?? 3,
          graceMs: this.options.graceMs ?? 600 * second,
          retentionMs: this.options.retentionMs ?? 30 * 86_400 * second,
        },
      },
      peers: { name, version: 'simulated' },
      ...(this.options.stopwatch && { stopwatch: this.options.stopwatch }),
    });
    await startSteps(node.steps, new AbortController().signal);
    scrubber.start();
    this.parts = { db, chunks, scrubber, transport, ...node };
  }

  /** Stops it; the data stays, and `start` goes on with it. */
  async stop(): Promise<void> {
    const parts = this.parts;
    if (!parts) return;
    this.parts = undefined;
    await parts.scrubber.stop();
    await stopSteps(parts.steps, silentLog);
    this.receivedBefore += parts.transport.totals.received;
    await parts.chunks.close();
    await parts.db.close();
  }

  /** Stops it and removes its data. */
  async remove(): Promise<void> {
    await this.stop();
    await this.dir.remove();
  }

  async joins(founder: SimNode, role?: MemberRole): Promise<void> {
    const { ticket } = await founder.peers.invite(role ? { role } : {});
    await this.peers.join(ticket);
  }

  /** Stores a file as an upload does, and answers what its path shows. */
  async put(path: string, bytes: Uint8Array): Promise<Entry> {
    const { db, chunks, catalogue, placement } = this.live();
    await catalogue.writable();
    const batch = chunks.batch('local');
    try {
      const stored = await storeContent(batch, single(bytes));
      await batch.flush();
      return await db.write(async (tx) => {
        await batch.commit(tx);
        await placement.pinLocal(tx, [stored]);
        const { contentId, size } = stored;
        const [commit] = await catalogue.commit(tx, [{ kind: 'file', path, contentId, size, mediaType: '' }]);
        if (!commit) throw new Error('nothing was committed');
        return commit.entry;
      });
    } finally {
      await batch.abort();
    }
  }

  async delete(path: string): Promise<void> {
    const { db, catalogue } = this.live();
    await catalogue.writable();
    await db.write((tx) => catalogue.commit(tx, [{ kind: 'deletion', path, replaces: 'all' }]));
  }

  /** Ends a conflict by one of the heads. */
  async choose(path: string, version: string): Promise<Entry> {
    const { db, catalogue } = this.live();
    const { fileId } = await this.known(path);
    await catalogue.writable();
    return (await db.write((tx) => catalogue.choose(tx, fileId, version))).entry;
  }

  /** Brings back what a deleted file was, or a version. */
  async restore(path: string, version?: string): Promise<Entry> {
    const { db, catalogue, placement } = this.live();
    const { fileId } = await this.known(path);
    await catalogue.writable();
    const { entry } = await db.write((tx) => catalogue.restore(tx, fileId, version));
    await placement.keepAgain([entry.contentId]);
    return entry;
  }

  /** Says anew what a void version said. */
  async adopt(version: string): Promise<Entry> {
    const { db, catalogue, placement } = this.live();
    await catalogue.writable();
    const { entry } = await db.write((tx) => catalogue.adopt(tx, version));
    await placement.keepAgain([entry.contentId]);
    return entry;
  }

  /** Void versions, as far as it knows, the newest first. */
  async voids(): Promise<VoidVersion[]> {
    return (await this.catalogue.voids.list({ limit: 1000 })).items;
  }

  async move(path: string, to: string): Promise<Entry> {
    const { db, catalogue } = this.live();
    const { fileId } = await this.known(path);
    await catalogue.writable();
    return (await db.write((tx) => catalogue.move(tx, fileId, to))).entry;
  }

  /** Heads of a path, the newest first. */
  async heads(path: string): Promise<VersionInfo[]> {
    const { fileId } = await this.known(path);
    const { items } = await this.catalogue.versions(fileId, { limit: 1000 });
    return items.filter(({ head }) => head);
  }

  /** The bytes that the path shows. @throws DfsError `file-not-found`, `content-unavailable` */
  async read(path: string, signal?: AbortSignal): Promise<Uint8Array> {
    const entry = await this.catalogue.byPath(path);
    if (!entry || entry.deleted) throw new DfsError('file-not-found', `${this.name} shows no ${path}.`);
    const parts: Uint8Array[] = [];
    const options = signal ? { signal } : {};
    for await (const part of this.placement.fetch(entry.contentId, entry.size, options))
      parts.push(Uint8Array.from(part));
    return Buffer.concat(parts);
  }

  /** Number and fingerprint of the records it has: equal on all nodes once they have converged. */
  recordSet(): string {
    const { count, print } = this.catalogue.records.root();
    return `${count} ${Buffer.from(print).toString('hex')}`;
  }

  /** The shown version of every path: equal on all nodes once they have converged. */
  async shows(): Promise<string[]> {
    const lines: string[] = [];
    for (const state of ['current', 'deleted'] as const) {
      let cursor: string | undefined;
      do {
        const page = await this.catalogue.list({ limit: 1000, state, ...(cursor ? { cursor } : {}) });
        lines.push(...page.items.map((entry) => `${state} ${entry.path} ${entry.recordId} ${entry.conflict}`));
        cursor = page.nextCursor ?? undefined;
      } while (cursor);
    }
    return lines;
  }

  /** Lets go of what is past retention, as soon as it may. */
  async purges(): Promise<Purged> {
    const what = `${this.name} may purge`;
    return eventually(
      async () => {
        const done = await this.purgesNow();
        return done.waits === undefined && done;
      },
      { what },
    );
  }

  /** The same, or why it has to wait. */
  purgesNow(): Promise<Purged> {
    return this.live().purge.run();
  }

  /** How far the deletion that a path shows is purged, as far as this node knows. */
  async progress(path: string): Promise<PurgeInfo> {
    const { recordId } = await this.known(path);
    const progress = await this.live().purge.progress([recordId]);
    return progress.get(recordId)!;
  }

  /** Whether this node promises what the path shows or, deleted, showed last. */
  async keeps(path: string): Promise<boolean> {
    const { contentId, size } = await this.known(path);
    const { extents } = await this.placement.holders(contentId, size);
    return extents.every(({ holders }) => holders.some(({ self }) => self));
  }

  /** The findings of a check of its data directory, of the catalogue and of the pins. */
  async check(): Promise<unknown[]> {
    const { db, chunks } = this.live();
    const findings: unknown[] = [];
    await checkPins(db, chunks, (finding) => findings.push(finding));
    const { damaged } = await chunks.verifyAll();
    if (damaged > 0) findings.push(`${damaged} damaged chunks`);
    return [...findings, ...(await recount(db)).miscounts];
  }

  /** Copies of the content that the path shows, as this node counts them. */
  async copies(path: string): Promise<number> {
    const entry = await this.catalogue.byPath(path);
    if (!entry) return 0;
    const states = await this.placement.replication([entry]);
    return states.get(entry.contentId)?.copies ?? 0;
  }

  private async known(path: string): Promise<Entry> {
    const entry = await this.catalogue.byPath(path);
    if (!entry) throw new DfsError('file-not-found', `${this.name} has never heard of ${path}.`);
    return entry;
  }

  private live(): Parts {
    if (!this.parts) throw new Error(`${this.name} is not running`);
    return this.parts;
  }
}

async function* single(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  await Promise.resolve();
  yield bytes;
}
