import { ChunkStore, chunksEntities, chunksMigrations, storeContent } from '@dfs/chunks';
import type { Database } from '@dfs/database';
import { GiB, silentLog } from '@dfs/runtime';
import type { Cid } from '@dfs/protocol';
import { tempDir, type FakeClock, type TempDir, testDatabase } from '@dfs/testing';
import type { MemoryNetwork, MemoryTransport } from '@dfs/transport';
import { type Opener, BlockServer, Fetchers } from '@dfs/transfer';
import { NO_WISHES } from '../keep/wishes.js';
import { Handoff } from '../release/handoff.js';
import { NeededBlocks } from '../release/needed-blocks.js';
import type { Snapshot } from '../plan/members-now.js';
import { needsOf } from '../pins/extent-blocks.js';
import { PinLog, walkPins, type PinnedExtent, type PinState } from '../pins/pin-log.js';
import { PinServer } from '../pins/pin-server.js';
import { Promises } from '../pins/promises.js';
import { placementEntities, placementMigrations } from '../schema.js';
import { peerIdOf } from './world.js';

/** A content that all holders are given. */
export interface Given {
  bytes: Uint8Array;
}

export interface HolderGroupOptions {
  memory: MemoryNetwork;
  clock: FakeClock;
  target: number;
  /** Members that, in the view of `self`, should hold an extent: however wrong. */
  keepers: (self: number, extent: PinnedExtent) => number[];
  /** Members that do not answer `self` now. */
  away?: (self: number) => number[];
  /** Contents that a holder says it provides no more. */
  withdrawn?: (self: number, contents: readonly Cid[]) => void;
  /** Between a holder and its transport: to hold questions up. */
  opener?: (self: number, transport: Opener) => Opener;
}

/**
 * Members that all hold the same, each with the shipped store, pin log, promises and letting go, and with a view of the
 * network that a spec gives it: so that any of them may want to let go at any time, which no common view would have.
 */
export class HolderGroup implements AsyncDisposable {
  readonly holders: Holder[] = [];

  private constructor(readonly options: HolderGroupOptions) {}

  static async of(count: number, given: readonly Given[], options: HolderGroupOptions): Promise<HolderGroup> {
    const group = new HolderGroup(options);
    for (let number = 0; number < count; number++) {
      group.holders.push(await Holder.make(number, group, given));
    }
    for (const one of group.holders) await group.connect(one);
    return group;
  }

  /** To all that run. */
  async connect(one: Holder): Promise<void> {
    for (const other of this.holders) {
      if (other !== one && other.up && one.up) {
        await one.transport.dialPeer(other.peerId, other.transport.addresses());
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const holder of this.holders) await holder.remove();
  }
}

export class Holder {
  up = false;
  db!: Database;
  chunks!: ChunkStore;
  pins!: PinLog;
  promises!: Promises;
  lettingGo!: Handoff;
  transport!: MemoryTransport;
  readonly peerId: string;

  private constructor(
    readonly number: number,
    private readonly group: HolderGroup,
    private readonly dir: TempDir,
  ) {
    this.peerId = peerIdOf(number);
  }

  static async make(number: number, group: HolderGroup, given: readonly Given[]): Promise<Holder> {
    const holder = new Holder(number, group, await tempDir());
    await holder.open();
    const batch = holder.chunks.batch('local');
    const extents: PinnedExtent[] = [];
    for (const { bytes } of given) {
      const { contentId, size } = await storeContent(batch, one(bytes));
      extents.push({ content: contentId, size, extent: 0 });
    }
    await batch.flush();
    await holder.db.write(async (tx) => {
      await batch.commit(tx);
      await holder.pins.add(tx, extents);
    });
    return holder;
  }

  /** Folder of its chunk store. */
  get storeDir(): string {
    return this.dir.file('chunks');
  }

  async open(): Promise<void> {
    const { memory, clock, opener } = this.group.options;
    const migrations = [...chunksMigrations, ...placementMigrations];
    const entities = [...chunksEntities, ...placementEntities];
    this.db = await testDatabase({ file: this.dir.file('dfs.sqlite'), migrations, entities });
    this.chunks = await ChunkStore.open({
      dir: this.storeDir,
      db: this.db,
      quotaBytes: 1 * GiB,
      reserveBytes: 0,
    });
    this.pins = await PinLog.open(this.db, 0);
    this.transport = memory.node({ peerId: this.peerId });
    this.transport.setGate({ isMember: () => true, acceptsStrangers: () => false });
    const { db, pins, chunks, transport } = this;
    this.promises = new Promises({ db, pins, chunks, clock });
    new BlockServer({
      transport,
      chunks,
      pins: new PinServer({ pins, promises: this.promises, log: silentLog }),
      isWhole: (content, extent) => pins.isPinned(content, extent),
      gatherings: new Fetchers(),
      log: silentLog,
    }).start();
    this.lettingGo = new Handoff({
      wishes: NO_WISHES,
      ...{ db, pins, promises: this.promises, log: silentLog },
      holdings: {
        // All hold everything, as far as it knows: the promises alone have to tell what is so.
        holders: async (contents) => new Map(contents.map((content) => [content, new Map([[0, this.everybody()]])])),
        onLearned: () => () => undefined,
      },
      network: { now: () => this.snapshot() },
      dht: { withdraw: async (contents) => this.group.options.withdrawn?.(this.number, contents) },
      transport: opener?.(this.number, transport) ?? transport,
      graceMs: () => 0,
    });
    await transport.start();
    this.up = true;
    await this.group.connect(this);
  }

  /** It stops in the middle of its work: nothing is put in order, all stays as it is on disk. */
  async kill(): Promise<void> {
    if (!this.up) return;
    this.up = false;
    await this.transport.stop();
    await this.lettingGo.stop();
    await this.chunks.close();
    await this.db.close();
  }

  async remove(): Promise<void> {
    await this.kill();
    await this.dir.remove();
  }

  /** Contents of the extents in these states. */
  async inState(...states: PinState[]): Promise<Cid[]> {
    return (await walkPins(this.db, null, 1000, states)).map(({ content }) => content);
  }

  /** Frees at once what is cache. */
  async reclaim(): Promise<void> {
    const { pins, chunks } = this;
    const components = {
      ...{ pins, chunks, isUnderWay: () => false },
      catalogue: { everyContent: async () => [], purged: async () => new Set<Cid>() },
      holdings: { holders: async () => new Map() },
      network: { now: () => this.snapshot() },
    };
    const live = await NeededBlocks.find(components, 1000, new AbortController().signal);
    await this.chunks.reclaim((ids) => live.among(ids));
  }

  /** Whether every byte of a content is on its disk. */
  async has(content: Cid, size: number): Promise<boolean> {
    const needs = await needsOf(this, { content, size, extent: 0 }, new AbortController().signal);
    if (!needs || (await this.chunks.has(needs)).size < new Set(needs).size) return false;
    // Each is hashed as it is read.
    for await (const { bytes } of this.chunks.getMany(needs)) expect(bytes.length).toBeGreaterThan(0);
    return true;
  }

  private everybody(): string[] {
    return this.group.holders.map(({ peerId }) => peerId);
  }

  private snapshot(): Snapshot {
    const { target, keepers, away } = this.group.options;
    const all = new Set(this.everybody());
    const gone = (away?.(this.number) ?? []).map(peerIdOf);
    const reachable = new Set([...all].filter((peerId) => !gone.includes(peerId)));
    const placed: Snapshot['placed'] = (content, extent) =>
      keepers(this.number, { content, extent, size: 0 }).map(peerIdOf);
    return {
      ...{ self: this.peerId, target, live: all, willing: all, reachable, leaving: new Set<string>() },
      placed,
      shouldHold: (peerId, content, extent, held) => placed(content, extent, held).includes(peerId),
    };
  }
}

async function* one(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}
