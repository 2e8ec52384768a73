import { generateKeyPairSync } from 'node:crypto';
import { Catalogue, catalogueMigrations } from '@dfs/catalogue';
import type { PurgeInfo, ReplicationState } from '@dfs/contracts';
import { ChunkStore, chunksEntities, chunksFrom, chunksMigrations, summarise, type BlockBatch } from '@dfs/chunks';
import type { Database } from '@dfs/database';
import { EventLog, eventsEntities, eventsMigrations } from '@dfs/events';
import { HolderSets, type OfferedBatch } from '@dfs/placement';
import { Transfers } from '@dfs/transfer';
import {
  cidFromDigest,
  EMPTY_CONTENT,
  MANIFEST_CODEC,
  RECORD_VERSION,
  sha256,
  signerFromRaw,
  signRecord,
  type Cid,
  type RecordFields,
  type Signer,
} from '@dfs/protocol';
import { DfsError, MiB, silentLog, systemClock, type Clock } from '@dfs/runtime';
import { tempDatabase, type TempDatabase } from '@dfs/testing';
import { filesEntities, filesMigrations } from '../schema.js';
import { Files } from '../files.js';
import type { ContentPlacement, FilesComponents } from '../ports.js';

const NETWORK = '00'.repeat(32);

/** One node without a network: real database, chunks and catalogue, and a placement that knows this node alone. */
export interface LocalNode extends AsyncDisposable {
  readonly temp: TempDatabase;
  readonly db: Database;
  readonly chunks: ChunkStore;
  readonly catalogue: Catalogue;
  readonly events: EventLog;
  readonly placement: LocalPlacement;
  readonly components: FilesComponents;
  readonly files: Files;
  /** Another member, whose records can be received. */
  readonly other: Signer;
  /** As owners do who know none of the other's records: all of them are void from then on. */
  removeOther(): Promise<void>;
  remove(): Promise<void>;
}

export async function localNode(options: { quotaBytes?: number; clock?: Clock } = {}): Promise<LocalNode> {
  const migrations = [...eventsMigrations, ...chunksMigrations, ...catalogueMigrations, ...filesMigrations];
  const temp = await tempDatabase(migrations, [...eventsEntities, ...chunksEntities, ...filesEntities]);
  const { db, dir } = temp;
  const events = await EventLog.open(db);
  const [signer, other] = [newSigner(), newSigner()];
  const self = { peerId: signer.peerId, role: 'owner' as const };
  let isRemoved = false;
  const membership = {
    networkId: NETWORK,
    self: () => self,
    member: (peerId: string) =>
      peerId === signer.peerId || (peerId === other.peerId && !isRemoved) ? self : undefined,
    removed: (peerId: string) => (peerId === other.peerId && isRemoved ? { lastRecord: null } : undefined),
    onChange: () => () => undefined,
  };
  const chunks = await ChunkStore.open({ dir: dir.file('chunks'), db, quotaBytes: options.quotaBytes ?? 2 ** 30 });
  const catalogue = await Catalogue.open({ db, events, signer, membership });
  const placement = new LocalPlacement(chunks, events, signer.peerId);
  const purges = { progress: async () => new Map<string, PurgeInfo>(), soon: () => undefined };
  const nameOf = (peerId: string) => (peerId === other.peerId ? 'the other' : undefined);
  const components = {
    db,
    chunks,
    catalogue,
    placement,
    purges,
    nameOf,
    events,
    peerId: signer.peerId,
    thumbnailsDir: dir.file('thumbnails'),
    ...(options.clock ? { clock: options.clock } : {}),
  };
  const removeOther = (): Promise<void> => {
    isRemoved = true;
    return catalogue.judgeNow();
  };
  const files = new Files(components);
  const remove = async (): Promise<void> => {
    await files.acts.close();
    await files.states.stop();
    await files.thumbnails.stop();
    await catalogue.close();
    await chunks.close();
    await temp.remove();
  };
  return {
    ...{ temp, db, chunks, catalogue, events, placement, components, other, remove, removeOther },
    files,
    [Symbol.asyncDispose]: remove,
  };
}

function newSigner(): Signer {
  return signerFromRaw(generateKeyPairSync('ed25519').privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(16));
}

/** The version of the other member, written at the time of the call, without knowing the one here. */
export async function writtenElsewhere(
  { catalogue, other }: LocalNode,
  path: string,
  fields: Partial<RecordFields> = {},
): Promise<string> {
  const record = signRecord(other, {
    version: RECORD_VERSION,
    network: NETWORK,
    author: other.peerId,
    clock: { ms: Date.now(), counter: 0 },
    prev: null,
    kind: 'file',
    path,
    content: cidFromDigest(sha256(Buffer.from(`elsewhere ${path}`)), MANIFEST_CODEC),
    size: 3 * MiB,
    mediaType: 'text/plain',
    parents: [],
    from: null,
    imported: false,
    time: fields.clock?.ms ?? Date.now(),
    attributes: {},
    ...fields,
  });
  await catalogue.receive([record], other.peerId);
  return record.id;
}

/** Reads from this node alone. Pins are counted; reads can be made to fail. */
export class LocalPlacement implements ContentPlacement {
  /** Contents that were let go of. */
  readonly gone: Cid[] = [];
  async letGoOf(contents: readonly Cid[]): Promise<number> {
    this.gone.push(...contents);
    return contents.length;
  }

  offered(batch: BlockBatch): OfferedBatch {
    return Object.assign(batch, { whole: () => undefined });
  }

  readonly pinned = new Set<Cid>();
  /** Other members that hold a content. */
  readonly heldBy = new Map<Cid, string[]>();
  /** Members within grace, and those that are connected, beside this node. */
  live: string[] = [];
  reachable: string[] = [];
  readonly #sets = new HolderSets();
  readonly #listeners = new Set<(contents: Iterable<Cid> | 'all') => void>();
  /** Contents that were asked for by `states`. */
  asked = 0;
  /** Called before each answer of `states`. */
  beforeSets: () => Promise<undefined> = () => Promise.resolve(undefined);
  readonly states: ContentPlacement['states'] = {
    setsOf: async (contents) => {
      this.asked += contents.length;
      await this.beforeSets();
      const setOf = (contentId: Cid): number => {
        if (contentId === EMPTY_CONTENT) return 1;
        const holders = [...(this.pinned.has(contentId) ? [this.self] : []), ...(this.heldBy.get(contentId) ?? [])];
        return this.#sets.numberOf({ extents: [holders], more: false, news: false });
      };
      return { sets: this.#sets, numbers: new Map(contents.map(({ contentId }) => [contentId, setOf(contentId)])) };
    },
    look: (sets) => {
      const live = new Set([this.self, ...this.live]);
      sets.look({
        self: this.self,
        target: 3,
        live,
        willing: live,
        reachable: new Set([this.self, ...this.reachable]),
      });
    },
    onChange: (listener) => {
      this.#listeners.add(listener);
      return () => this.#listeners.delete(listener);
    },
  };

  /** Holders of these have changed; none: members came or went. */
  changed(contents: Iterable<Cid> | 'all'): void {
    for (const listener of this.#listeners) listener(contents);
  }

  readonly transfers: Transfers;
  /** Called before each chunk is read. */
  beforeChunk: (index: number) => void | Promise<void> = () => undefined;
  /** Of every content. */
  copies = 1;
  state: ReplicationState = 'limited';
  pinLocal: ContentPlacement['pinLocal'];
  /** Its database was always there. */
  readonly found: ContentPlacement['found'] = {
    list: async () => [],
    get: async () => {
      throw new DfsError('not-found', 'nothing was found');
    },
    firstBytes: async () => new Uint8Array(0),
    keep: async () => undefined,
    drop: async () => undefined,
  };

  constructor(
    private readonly chunks: ChunkStore,
    events: EventLog,
    private readonly self: string,
  ) {
    this.transfers = new Transfers({ events, clock: systemClock, log: silentLog });
    this.pinLocal = async (tx, contents) => {
      tx.afterCommit(() => {
        contents.forEach(({ contentId }) => this.pinned.add(contentId));
        this.changed(contents.map(({ contentId }) => contentId));
      });
    };
  }

  async *fetch(
    contentId: Cid,
    size: number,
    { offset = 0, length = size, signal }: { offset?: number; length?: number; signal?: AbortSignal },
  ): AsyncGenerator<Uint8Array> {
    const end = offset + length;
    for await (const chunk of chunksFrom(contentId, size, (id) => this.chunks.get(id), { offset, length })) {
      await this.beforeChunk(chunk.index);
      if (signal?.aborted) throw new DfsError('aborted', 'gone');
      const bytes = await this.chunks.get(chunk.id);
      yield bytes.subarray(Math.max(0, offset - chunk.offset), Math.min(chunk.size, end - chunk.offset));
    }
  }

  async replication(contents: readonly { contentId: Cid }[]): ReturnType<ContentPlacement['replication']> {
    return new Map(
      contents.map(({ contentId }) => [
        contentId,
        { target: 3, copies: this.copies, state: this.state, reachable: this.copies, reason: 'few-members' },
      ]),
    );
  }

  async standings(contents: readonly { contentId: Cid; size: number }[]): ReturnType<ContentPlacement['standings']> {
    const states = await this.replication(contents);
    return new Map(
      [...states].map(([contentId, replication]) => [
        contentId,
        { replication, local: this.pinned.has(contentId) || contentId === EMPTY_CONTENT ? 'whole' : 'none' },
      ]),
    );
  }

  async kept(): ReturnType<ContentPlacement['kept']> {
    return new Set();
  }

  async keep(): Promise<void> {}

  async free(): Promise<void> {}

  async chunkList(
    contentId: Cid,
    size: number,
    { after = -1, limit }: { after?: number; limit: number },
  ): ReturnType<ContentPlacement['chunkList']> {
    if (contentId === EMPTY_CONTENT) return { items: [], total: 0, next: null };
    const get = (id: Cid) => this.chunks.get(id);
    const { chunkCount: total } = await summarise(contentId, size, get);
    const items = [];
    for await (const chunk of chunksFrom(contentId, size, get)) {
      if (chunk.index > after && items.length < limit)
        items.push({ id: chunk.id, offset: chunk.offset, size: chunk.size, here: true });
    }
    const last = after + items.length;
    return { items, total, next: last + 1 < total ? last : null };
  }

  async isPromised(contentId: Cid): Promise<boolean> {
    return this.copies >= 3 || this.pinned.has(contentId) || contentId === EMPTY_CONTENT;
  }

  async isHad(contentId: Cid): Promise<boolean> {
    return this.pinned.has(contentId);
  }

  async keepAgain(): Promise<void> {}

  /** Contents of which it was asked. */
  readonly repaired: Cid[] = [];
  async repair({ contentId }: { contentId: Cid }): Promise<void> {
    this.repaired.push(contentId);
  }

  async holders(contentId: Cid): ReturnType<ContentPlacement['holders']> {
    if (contentId === EMPTY_CONTENT) return { extents: [] };
    const self = { peerId: 'self', name: 'this node', live: true, reachable: true, self: true };
    return { extents: [{ index: 0, holders: this.pinned.has(contentId) ? [self] : [] }] };
  }
}

/** An answer's bytes, or a request's, in pieces. */
export async function* pieces(bytes: Uint8Array, size = 64 * 1024): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
