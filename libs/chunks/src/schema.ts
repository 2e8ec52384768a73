import type { MigrationClass } from '@dfs/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';

class Chunks1763800000000 implements MigrationInterface {
  name = 'Chunks1763800000000';

  async up(runner: QueryRunner): Promise<void> {
    // A file under chunks/packs. It is immutable; it goes when no row of chunk names it.
    await runner.query(`
      CREATE TABLE pack (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        bytes INTEGER NOT NULL
      ) STRICT`);
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
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['damaged_chunk', 'chunk', 'pack']) await runner.query(`DROP TABLE ${table}`);
  }
}

class ChunkUpkeep1763900000000 implements MigrationInterface {
  name = 'ChunkUpkeep1763900000000';

  async up(runner: QueryRunner): Promise<void> {
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
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['unused_chunk', 'scrub_pass']) await runner.query(`DROP TABLE ${table}`);
  }
}

class ChunksGone1764200000000 implements MigrationInterface {
  name = 'ChunksGone1764200000000';

  async up(runner: QueryRunner): Promise<void> {
    // Packs that were not there at a start, and since when: their blocks are in damaged_chunk with this very found_at. A pack
    // that is back is used again; it is kept as long as any of its blocks is missed.
    await runner.query(`
      CREATE TABLE missing_pack (
        name TEXT PRIMARY KEY,
        since INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID`);
    await runner.query('CREATE INDEX damaged_chunk_by_pack ON damaged_chunk (pack)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX damaged_chunk_by_pack');
    await runner.query('DROP TABLE missing_pack');
  }
}

class ChunkStoreMark1764300000000 implements MigrationInterface {
  name = 'ChunkStoreMark1764300000000';

  async up(runner: QueryRunner): Promise<void> {
    // One row: the id that the folder of the store has too, so that another folder in its place is noticed.
    await runner.query('CREATE TABLE chunk_store (id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE chunk_store');
  }
}

/** Tables of the chunk store, for Database.open. */
export const chunksMigrations: MigrationClass[] = [
  Chunks1763800000000,
  ChunkUpkeep1763900000000,
  ChunksGone1764200000000,
  ChunkStoreMark1764300000000,
];
