import { manifestParts, type ManifestParts } from '@dfs/chunks';
import type { Tx } from '@dfs/database';
import { pages, DfsError, isDfsError } from '@dfs/runtime';
import { isManifestCid, type Cid } from '@dfs/protocol';
import { SCAN_PAGE } from '../limits.js';
import type { BlockStore, Contents, FoundBlocks } from '../ports.js';
import { NeededBlocks, type NeededBlocksComponents } from './needed-blocks.js';

/** Bytes by which the kind of a content is told. */
const FIRST_BYTES = 4096;

/** The parts by which content without a record is found, adopted or released. */
export interface FoundContentsComponents extends NeededBlocksComponents {
  chunks: BlockStore & FoundBlocks;
  catalogue: NeededBlocksComponents['catalogue'] & Pick<Contents, 'named'>;
  /** Promises contents whose blocks are all here. */
  pin(tx: Tx, contents: readonly { contentId: Cid; size: number; chunkCount: number }[]): Promise<void>;
}

/** A content of this node’s disk that no record names. */
export interface FoundContent {
  contentId: Cid;
  /** Bytes. */
  size: number;
  chunkCount: number;
  /** When the pack that holds it was found, in milliseconds since 1970. */
  foundAt: number;
  /** Whether every block of it is here. */
  whole: boolean;
}

/** The result of one look over the found packs. */
interface Look {
  /** Of the packs it was of. */
  state: string;
  needed: NeededBlocks | undefined;
  contents: Map<Cid, FoundContent>;
  parts: Map<Cid, ManifestParts>;
}

/**
 * Contents that lie in found packs and that no record names: bytes whose names were lost. They are listed for a person, who may
 * give them a path or let them go; until then, or until the retention of what was found has passed, they are kept.
 */
export class FoundContents {
  private looking: Promise<Look> | undefined;

  constructor(
    private readonly components: FoundContentsComponents,
    private readonly signal: AbortSignal,
  ) {}

  /** All of them that are not named by now, in the order of their ids. The first look at many packs takes a while. */
  async list(): Promise<FoundContent[]> {
    const { contents } = await this.look();
    const named = await this.components.catalogue.named([...contents.keys()]);
    const found = [...contents.values()].filter(({ contentId }) => !named.has(contentId));
    return found.sort((a, b) => (a.contentId < b.contentId ? -1 : 1));
  }

  /** @throws DfsError `not-found` */
  async get(contentId: Cid): Promise<FoundContent> {
    const { contents } = await this.look();
    const content = contents.get(contentId);
    if (!content || (await this.components.catalogue.named([contentId])).has(contentId)) throw unknownContent();
    return content;
  }

  /** The first bytes of one, by which its kind is told; none where they cannot be read. */
  async firstBytes(contentId: Cid): Promise<Uint8Array> {
    const { parts } = await this.look();
    let id: Cid | undefined = contentId;
    while (id !== undefined && isManifestCid(id)) id = parts.get(id)?.ids[0];
    try {
      return id === undefined ? new Uint8Array(0) : (await this.components.chunks.get(id)).subarray(0, FIRST_BYTES);
    } catch (error) {
      if (isDfsError(error, 'chunk-damaged') || isDfsError(error, 'chunk-not-found')) return new Uint8Array(0);
      throw error;
    }
  }

  /**
   * Promises one, in the unit of work in which it is given a path.
   * @throws DfsError `content-unavailable` where part of it is not here
   */
  async keep(tx: Tx, content: FoundContent): Promise<void> {
    const { parts } = await this.look();
    const ids = [...blocksOf(content.contentId, parts)];
    const here = await this.components.chunks.has(ids, tx);
    if (!content.whole || !ids.every((id) => here.has(id))) {
      throw new DfsError(
        'content-unavailable',
        'Part of this content is missing on this node, so it cannot become a file.',
      );
    }
    await this.components.pin(tx, [content]);
  }

  /** Lets one go: its bytes are freed with the pack they lie in. @throws DfsError `not-found` */
  async drop(contentId: Cid): Promise<void> {
    await this.get(contentId);
    const look = await this.look();
    const ids = [...blocksOf(contentId, look.parts)];
    const shared = new Set<Cid>();
    for (const other of look.contents.keys()) {
      if (other !== contentId) for (const id of blocksOf(other, look.parts)) shared.add(id);
    }
    const needed = async (some: Cid[]): Promise<Set<Cid>> => (await look.needed?.among(some)) ?? new Set(some);
    const isLive = async (some: Cid[]): Promise<Set<Cid>> => {
      const live = await needed(some);
      for (const id of some) if (shared.has(id)) live.add(id);
      return live;
    };
    await this.components.chunks.dropFound(ids, isLive, needed);
    look.contents.delete(contentId);
  }

  private async look(): Promise<Look> {
    const state = JSON.stringify(await this.components.chunks.found());
    const last = await this.looking?.catch(() => undefined);
    if (last?.state === state) return last;
    this.looking = this.lookAnew(state);
    return this.looking;
  }

  private async lookAnew(state: string): Promise<Look> {
    const { chunks } = this.components;
    const needed = await this.liveBlocks();
    const sizes = new Map<Cid, { size: number; foundAt: number }>();
    const found = (after: Cid | null) => chunks.foundBlocks(after, SCAN_PAGE);
    for await (const page of pages(SCAN_PAGE, found, ({ id }) => id)) {
      const live = await needed?.among(page.map(({ id }) => id));
      for (const { id, ...block } of page) if (!live?.has(id)) sizes.set(id, block);
    }
    const parts = await this.partsOf([...sizes.keys()].filter(isManifestCid));
    const inner = new Set([...parts.values()].flatMap(({ ids }) => ids));
    const contents = new Map<Cid, FoundContent>();
    for (const [contentId, { size, foundAt }] of sizes) {
      if (inner.has(contentId)) continue;
      const manifest = parts.get(contentId);
      // A manifest that cannot be read says nothing of what it leads to.
      if (isManifestCid(contentId) && !manifest?.canBeRoot) continue;
      const ids = [...blocksOf(contentId, parts)];
      const here = await chunks.has(ids);
      const whole = ids.every((id) => here.has(id) && (!isManifestCid(id) || parts.has(id)));
      const { size: bytes, chunkCount } = manifest ?? { size, chunkCount: 1 };
      contents.set(contentId, { contentId, size: bytes, chunkCount, foundAt, whole });
    }
    return { state, needed, contents, parts };
  }

  /** Undefined where a manifest of what is promised cannot be read: then nothing can be let go. */
  private async liveBlocks(): Promise<NeededBlocks | undefined> {
    const { chunks } = this.components;
    try {
      return await NeededBlocks.find(this.components, 2 * chunks.usage().chunks, this.signal);
    } catch (error) {
      if (isDfsError(error, 'chunk-damaged') || isDfsError(error, 'chunk-not-found')) return undefined;
      throw error;
    }
  }

  private async partsOf(manifests: readonly Cid[]): Promise<Map<Cid, ManifestParts>> {
    const parts = new Map<Cid, ManifestParts>();
    for (const id of manifests) {
      this.signal.throwIfAborted();
      try {
        const found = manifestParts(await this.components.chunks.get(id));
        if (found) parts.set(id, found);
      } catch (error) {
        if (!isDfsError(error, 'chunk-damaged') && !isDfsError(error, 'chunk-not-found')) throw error;
      }
    }
    return parts;
  }
}

/** A content’s blocks, itself first, as far as its manifest can be read. */
function* blocksOf(id: Cid, parts: ReadonlyMap<Cid, ManifestParts>): Generator<Cid, void, undefined> {
  yield id;
  for (const part of parts.get(id)?.ids ?? []) yield* blocksOf(part, parts);
}

function unknownContent(): DfsError {
  return new DfsError('not-found', 'This node has no such found content, or a file names it by now.');
}
