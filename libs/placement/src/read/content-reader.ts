import { chunksFrom, isNotHere, type ChunkPlace, type ReadBlock } from '@dfs/chunks';
import { MiB, DfsError, isDfsError } from '@dfs/runtime';
import { EXTENT_CHUNKS, type Cid } from '@dfs/protocol';
import type { BlockReader } from '@dfs/transfer';

/** Bytes fetched ahead of a reader, in memory; and read ahead while all of them are on this node's disk. */
const READ_AHEAD_BYTES = 24 * MiB;
const LOCAL_AHEAD_BYTES = 8 * MiB;

/** Chunks that are looked up together: the first alone, so that it is not kept waiting. */
const LOOK_UPS = [1, 4, 16];

/** Where blocks come from that are not here. */
export interface BlockSource {
  /** `extent` is left out for a manifest block. */
  get(id: Cid, size?: number, extent?: number): Promise<Uint8Array>;
}

/** `chunks` is asked first, `remote` for blocks that are not here. */
export interface ContentReaderComponents {
  chunks: BlockReader;
  remote: BlockSource;
}

/** Bytes of a content, by offset and length. */
export interface Range {
  offset: number;
  length: number;
}

type Chunk = Pick<ReadBlock, 'bytes' | 'release'>;

/** A chunk on its way. */
interface Slot {
  readonly place: ChunkPlace;
  readonly chunk: Promise<Chunk>;
  readonly resolve: (chunk: Chunk) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * A block that is here, re-hashed, or else from a peer: absent and damaged are the same to a reader.
 * @throws DfsError as the source
 */
export async function localOrRemote(
  components: ContentReaderComponents,
  id: Cid,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const { chunks } = components;
  if ((await chunks.has([id])).has(id)) {
    try {
      return await chunks.get(id, { signal });
    } catch (error) {
      if (!isNotHere(error)) throw error;
    }
  }
  return fromElsewhere(components, id);
}

/**
 * A block from a peer; where nobody has it, from here after all: what is damaged or could not be read may read well now.
 * @throws DfsError as the source
 */
async function fromElsewhere(
  { chunks, remote }: ContentReaderComponents,
  id: Cid,
  size?: number,
  extent?: number,
): Promise<Uint8Array> {
  try {
    return await remote.get(id, size, extent);
  } catch (error) {
    if (!isDfsError(error, 'content-unavailable')) throw error;
    return chunks.get(id).catch((why: unknown) => {
      throw isDfsError(why, 'chunk-damaged') || isDfsError(why, 'chunk-unreadable') ? onlyHere(why) : error;
    });
  }
}

/** Nobody else who can be reached has it, and here it does not read. */
function onlyHere(cause: DfsError): DfsError {
  const what = cause.code === 'chunk-damaged' ? 'is damaged' : 'cannot be read';
  return new DfsError(
    'content-unavailable',
    `Part of this content ${what} on this node, and no other reachable node has it. Check the disk of this node, which tries the part again at each read. If another node has the file, connect it.`,
    { cause },
  );
}

/**
 * Bytes of a content in order: chunks that are here from the store, others from peers, a bounded number of bytes ahead
 * of the reader.
 */
export class ContentReader {
  private readonly slots: Slot[] = [];
  private readonly places: AsyncIterator<ChunkPlace>;
  private ahead = 0;
  /** Bytes that may be ahead: more once some must come from peers. */
  private most = LOCAL_AHEAD_BYTES;
  private lookUps = 0;
  private planned = false;
  private failure: { error: unknown } | undefined;
  private filling = false;
  private wake = Promise.withResolvers<undefined>();

  constructor(
    private readonly components: ContentReaderComponents,
    content: Cid,
    size: number,
    private readonly range: Range,
    private readonly signal: AbortSignal,
  ) {
    const get = (id: Cid): Promise<Uint8Array> => localOrRemote(components, id, signal);
    this.places = chunksFrom(content, size, get, range, signal)[Symbol.asyncIterator]();
  }

  /**
   * All of it, or an error: never fewer bytes than asked for. A piece stays as it is until the next one is asked for.
   * @throws DfsError `content-unavailable`, `aborted`
   */
  async *read(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      yield* this.pieces();
    } finally {
      // Read ahead for nobody: of the piece that was handed out nobody knows whether it is still being looked at.
      for (const { chunk } of this.slots) chunk.then(({ release }) => release?.()).catch(() => undefined);
    }
  }

  private async *pieces(): AsyncGenerator<Uint8Array, void, undefined> {
    let left = this.range.length;
    for (;;) {
      void this.fill();
      const slot = this.slots.shift();
      if (slot) {
        const { bytes, release } = await slot.chunk;
        const wanted = this.trim(slot.place, bytes);
        left -= wanted.length;
        yield wanted;
        release?.();
        this.ahead -= slot.place.size;
      } else if (this.failure) {
        throw this.failure.error;
      } else if (this.planned) {
        if (left !== 0) throw wrongManifest('it has fewer bytes than the file');
        return;
      } else {
        await this.wake.promise;
      }
    }
  }

  private trim({ offset, size }: ChunkPlace, bytes: Uint8Array): Uint8Array {
    if (bytes.length !== size) {
      throw wrongManifest('a chunk has another size');
    }
    const from = Math.max(0, this.range.offset - offset);
    return bytes.subarray(from, this.range.offset + this.range.length - offset);
  }

  /** Starts fetching until enough is ahead. Never throws: a failure is for the reader, after what came before it. */
  private async fill(): Promise<void> {
    if (this.filling) return;
    this.filling = true;
    try {
      while (!this.planned && !this.failure && this.ahead < this.most) {
        const { places, last } = await this.nextPlaces();
        const here = await this.components.chunks.has(places.map((place) => place.id));
        this.start(places, here);
        // Not before: a reader that finds no chunk waiting takes this for the end.
        this.planned = last;
        this.wakeReader();
      }
    } catch (error) {
      this.failure = { error };
    } finally {
      this.filling = false;
      this.wakeReader();
    }
  }

  private async nextPlaces(): Promise<{ places: ChunkPlace[]; last: boolean }> {
    const count = LOOK_UPS[Math.min(this.lookUps++, LOOK_UPS.length - 1)]!;
    const places: ChunkPlace[] = [];
    while (places.length < count && this.ahead < this.most) {
      const next = await this.places.next();
      if (next.done) return { places, last: true };
      places.push(next.value);
      this.ahead += next.value.size;
    }
    return { places, last: false };
  }

  private start(places: readonly ChunkPlace[], here: ReadonlySet<Cid>): void {
    const local: Slot[] = [];
    for (const place of places) {
      const { promise, resolve, reject } = Promise.withResolvers<Chunk>();
      promise.catch(() => undefined);
      const slot = { place, chunk: promise, resolve, reject };
      this.slots.push(slot);
      if (here.has(place.id)) local.push(slot);
      else this.fromPeers(slot);
    }
    if (local.length < places.length) this.most = READ_AHEAD_BYTES;
    if (local.length > 0) void this.fromStore(local);
  }

  private fromPeers(slot: Slot): void {
    const { id, size, index } = slot.place;
    fromElsewhere(this.components, id, size, Math.floor(index / EXTENT_CHUNKS)).then(
      (bytes) => slot.resolve({ bytes }),
      slot.reject,
    );
  }

  private async fromStore(slots: Slot[]): Promise<void> {
    const { chunks } = this.components;
    while (slots.length > 0) {
      try {
        const ids = slots.map((slot) => slot.place.id);
        const options = { signal: this.signal, reuse: true };
        for await (const block of chunks.getMany(ids, options)) slots.shift()?.resolve(block);
        return;
      } catch (error) {
        const slot = slots.shift()!;
        if (isNotHere(error)) this.fromPeers(slot);
        else slot.reject(error);
      }
    }
  }

  private wakeReader(): void {
    this.wake.resolve(undefined);
    this.wake = Promise.withResolvers<undefined>();
  }
}

function wrongManifest(what: string): DfsError {
  return new DfsError('content-unavailable', `The list of this content's chunks is wrong: ${what}.`);
}
