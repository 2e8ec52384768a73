import type { MigrationInterface, QueryRunner } from 'typeorm';
import type { MigrationClass } from '@dfs/database';
import { purgeMigrations } from './purge/purge-schema.js';

class Placement1763800000000 implements MigrationInterface {
  name = 'Placement1763800000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE placement_store (
      one INTEGER PRIMARY KEY CHECK (one = 1),
      nonce BLOB NOT NULL,
      capacity INTEGER NOT NULL
    ) STRICT`);
    // The log of my pins, the newest entry of each extent. A number is never given twice.
    await runner.query(`CREATE TABLE placement_pin (
      content BLOB NOT NULL,
      extent INTEGER NOT NULL,
      -- Of the content: what its manifest is read with.
      size INTEGER NOT NULL,
      number INTEGER NOT NULL,
      -- As PIN_STATES: 1 is promised.
      held INTEGER NOT NULL,
      PRIMARY KEY (content, extent)
    ) STRICT, WITHOUT ROWID`);
    await runner.query('CREATE UNIQUE INDEX placement_pin_number ON placement_pin (number)');
    // What others let go of since I said that I keep it: until then, in milliseconds since 1970.
    await runner.query(`CREATE TABLE placement_promise (
      content BLOB NOT NULL,
      extent INTEGER NOT NULL,
      until INTEGER NOT NULL,
      PRIMARY KEY (content, extent)
    ) STRICT, WITHOUT ROWID`);
    // How far I have read the logs of others, and what they said of themselves.
    await runner.query(`CREATE TABLE placement_member (
      ordinal INTEGER PRIMARY KEY AUTOINCREMENT,
      peer BLOB NOT NULL UNIQUE,
      nonce BLOB,
      number INTEGER NOT NULL,
      is_full INTEGER NOT NULL,
      capacity INTEGER NOT NULL
    ) STRICT`);
    await runner.query(`CREATE TABLE placement_holding (
      content BLOB NOT NULL,
      extent INTEGER NOT NULL,
      member INTEGER NOT NULL REFERENCES placement_member (ordinal) ON DELETE CASCADE,
      PRIMARY KEY (content, extent, member)
    ) STRICT, WITHOUT ROWID`);
    await runner.query('CREATE INDEX placement_holding_member ON placement_holding (member)');
    // Contents large enough to have more than one extent; of others the size says that there is one.
    await runner.query(`CREATE TABLE placement_large (
      content BLOB PRIMARY KEY,
      extents INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID`);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['large', 'holding', 'member', 'promise', 'pin', 'store']) {
      await runner.query(`DROP TABLE placement_${table}`);
    }
  }
}

class PlacementWaiting1765000000000 implements MigrationInterface {
  name = 'PlacementWaiting1765000000000';

  async up(runner: QueryRunner): Promise<void> {
    // Pins of members whose content no record here names yet.
    await runner.query(`CREATE TABLE placement_waiting (
      content BLOB NOT NULL,
      extent INTEGER NOT NULL,
      member INTEGER NOT NULL REFERENCES placement_member (ordinal) ON DELETE CASCADE,
      PRIMARY KEY (content, extent, member)
    ) STRICT, WITHOUT ROWID`);
    await runner.query('CREATE INDEX placement_waiting_member ON placement_waiting (member)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE placement_waiting');
  }
}

class PlacementDoubt1765100000000 implements MigrationInterface {
  name = 'PlacementDoubt1765100000000';

  async up(runner: QueryRunner): Promise<void> {
    // Pins of members that sent wrong bytes of the content, and since when: they do not count as copies.
    await runner.query(`CREATE TABLE placement_doubt (
      content BLOB NOT NULL,
      extent INTEGER NOT NULL,
      member INTEGER NOT NULL REFERENCES placement_member (ordinal) ON DELETE CASCADE,
      since INTEGER NOT NULL,
      PRIMARY KEY (content, extent, member)
    ) STRICT, WITHOUT ROWID`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE placement_doubt');
  }
}

/** Tables `placement_*`. */
export const placementMigrations: MigrationClass[] = [
  Placement1763800000000,
  ...purgeMigrations,
  PlacementWaiting1765000000000,
  PlacementDoubt1765100000000,
];
