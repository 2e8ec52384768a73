import type { EntityClass, MigrationClass } from '@dfs/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { DamagedChunkEntity, ScrubPassEntity } from './store/damage/damage.entity.js';
import { ChunkStoreEntity } from './store/generation/generation.entity.js';
import { ChunkEntity, MissingPackEntity, PackEntity } from './store/packs/packs.entity.js';
import { UnusedChunkEntity } from './store/reclaim/reclaim.entity.js';

class ChunksBaseline1796000000000 implements MigrationInterface {
  name = 'ChunksBaseline1796000000000';

  async up(runner: QueryRunner): Promise<void> {
    // A file under chunks/packs. It is immutable; it goes when no row of chunk names it. found_at: since when a pack is here
    // that no row had named; unread_from: how far its entries have been read, null once all of them are.
    await runner.query(`
      CREATE TABLE pack (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        bytes INTEGER NOT NULL,
        found_at INTEGER,
        unread_from INTEGER
      ) STRICT`);
    await runner.query('CREATE INDEX pack_found ON pack (found_at) WHERE found_at IS NOT NULL');
    // Where a block's bytes are. The key is the binary CID: a chunk and a manifest block of equal bytes are two rows.
    await runner.query(`
      CREATE TABLE chunk (
        cid BLOB PRIMARY KEY,
        pack INTEGER NOT NULL REFERENCES pack (id),
        offset INTEGER NOT NULL,
        size INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID`);
    await runner.query('CREATE INDEX chunk_by_place ON chunk (pack, offset)');
    // Blocks whose bytes were found wrong: taken out of the table chunk, so that they count as absent until they are added anew.
    await runner.query(`
      CREATE TABLE damaged_chunk (
        cid BLOB PRIMARY KEY,
        pack TEXT NOT NULL,
        offset INTEGER NOT NULL,
        size INTEGER NOT NULL,
        found_at INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID`);
    await runner.query('CREATE INDEX damaged_chunk_by_pack ON damaged_chunk (pack)');
    // Packs that were not there at a start, and since when: their blocks are in damaged_chunk with this very found_at. A pack
    // that is back is used again; it is kept as long as any of its blocks is missed.
    await runner.query(`
      CREATE TABLE missing_pack (
        name TEXT PRIMARY KEY,
        since INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID`);
    // Passes of the scrub: the last that was finished, and the one under way. It has looked at all up to pack and offset.
    await runner.query(`
      CREATE TABLE scrub_pass (
        number INTEGER PRIMARY KEY,
        started_at INTEGER NOT NULL,
        finished_at INTEGER,
        last_pack INTEGER NOT NULL,
        pack INTEGER NOT NULL,
        offset INTEGER NOT NULL,
        chunks INTEGER NOT NULL,
        bytes INTEGER NOT NULL,
        damaged INTEGER NOT NULL
      ) STRICT`);
    // Blocks that nothing needed when a reclaim last looked, and since when: they are cache for a while.
    await runner.query(`
      CREATE TABLE unused_chunk (
        cid BLOB PRIMARY KEY,
        since INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID`);
    // One row: the id that the folder of the store has too, so that another folder in its place is noticed. The generation is
    // in the folder's store-id as well; inode and birth are those of this database file, as text, since they are larger than
    // a number is exact.
    await runner.query(`
      CREATE TABLE chunk_store (
        id TEXT PRIMARY KEY,
        generation INTEGER NOT NULL DEFAULT 0,
        inode TEXT,
        birth TEXT
      ) STRICT, WITHOUT ROWID`);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of TABLES) await runner.query(`DROP TABLE ${table}`);
  }
}

const TABLES = ['chunk_store', 'unused_chunk', 'scrub_pass', 'missing_pack', 'damaged_chunk', 'chunk', 'pack'];

/** Tables of the chunk store, for Database.open. */
export const chunksMigrations: MigrationClass[] = [ChunksBaseline1796000000000];

/** Entities of these tables. */
export const chunksEntities: EntityClass[] = [
  PackEntity,
  ChunkEntity,
  DamagedChunkEntity,
  MissingPackEntity,
  ScrubPassEntity,
  UnusedChunkEntity,
  ChunkStoreEntity,
];
