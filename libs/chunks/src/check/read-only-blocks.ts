import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { cidToBytes, type Cid } from '@dfs/protocol';
import type { Reader } from '@dfs/database';
import { findPlaces } from '../store/index/chunk-index.js';
import { chunkDamaged, chunkNotFound, isLostBytes } from '../store/damage/errors.js';
import { isBlock, keyOf } from '../store/packs/format.js';

/** Blocks that were found to be of no use. */
export interface Unusable {
  /** Names of packs that are not there. */
  packs: Set<string>;
  /** `keyOf` chunks whose bytes are not right. */
  chunks: Set<string>;
}

/** Blocks of a store that no node has open: nothing is made, moved, healed or noted. */
export class ReadOnlyBlocks {
  /** The pack that was read last. */
  private opened: { name: string; handle: FileHandle } | undefined;

  /**
   * @param dir folder of the store
   * @param unusable what a check of the store has found
   */
  constructor(
    private readonly db: Reader,
    private readonly dir: string,
    private readonly unusable: Unusable,
  ) {}

  /** Those of the ids that the database knows a place for, but for what is of no use. */
  async has(ids: readonly Cid[]): Promise<Set<Cid>> {
    const cids = ids.map(cidToBytes);
    const places = await findPlaces(this.db, cids);
    return new Set(
      ids.filter((_, index) => {
        const key = keyOf(cids[index]!);
        const place = places.get(key);
        return place && !this.unusable.packs.has(place.pack) && !this.unusable.chunks.has(key);
      }),
    );
  }

  /** One at a time. @throws DfsError `chunk-not-found`, `chunk-damaged` */
  async get(id: Cid): Promise<Uint8Array> {
    const cid = cidToBytes(id);
    const place = (await findPlaces(this.db, [cid])).get(keyOf(cid));
    if (!place) throw chunkNotFound();
    const bytes = Buffer.alloc(place.size);
    try {
      const handle = await this.pack(place.pack);
      const { bytesRead } = await handle.read(bytes, 0, place.size, place.offset);
      if (bytesRead < place.size) throw chunkDamaged();
    } catch (error) {
      throw isLostBytes(error) ? chunkDamaged() : error;
    }
    if (!isBlock(cid, bytes)) throw chunkDamaged();
    return bytes;
  }

  async close(): Promise<void> {
    await this.opened?.handle.close();
    this.opened = undefined;
  }

  private async pack(name: string): Promise<FileHandle> {
    if (this.opened?.name === name) return this.opened.handle;
    await this.close();
    const handle = await open(join(this.dir, 'packs', `${name}.pack`), 'r');
    this.opened = { name, handle };
    return handle;
  }
}
