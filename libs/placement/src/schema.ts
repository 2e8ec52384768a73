import type { MigrationInterface, QueryRunner } from 'typeorm';
import type { EntityClass, MigrationClass } from '@dfs/database';
import {
  DoubtEntity,
  HoldingEntity,
  LargeEntity,
  PinEntity,
  PinnerEntity,
  PinStoreEntity,
  PromiseEntity,
  WaitingPinEntity,
} from './pins/pins.entity.js';
import { WishEntity } from './keep/wishes.entity.js';

class PlacementBaseline1796000000000 implements MigrationInterface {
  name = 'PlacementBaseline1796000000000';

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
    // Extents that others let go of since I promised to keep them: until then, in milliseconds since 1970.
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
    // Pins of members whose content no record here names yet.
    await runner.query(`CREATE TABLE placement_waiting (
      content BLOB NOT NULL,
      extent INTEGER NOT NULL,
      member INTEGER NOT NULL REFERENCES placement_member (ordinal) ON DELETE CASCADE,
      PRIMARY KEY (content, extent, member)
    ) STRICT, WITHOUT ROWID`);
    await runner.query('CREATE INDEX placement_waiting_member ON placement_waiting (member)');
    // Pins of members that sent wrong bytes of the content, and since when: they do not count as copies.
    await runner.query(`CREATE TABLE placement_doubt (
      content BLOB NOT NULL,
      extent INTEGER NOT NULL,
      member INTEGER NOT NULL REFERENCES placement_member (ordinal) ON DELETE CASCADE,
      since INTEGER NOT NULL,
      PRIMARY KEY (content, extent, member)
    ) STRICT, WITHOUT ROWID`);
    // Authors of receipts: how much of them is kept, and the time of their newest.
    await runner.query(`CREATE TABLE placement_signatory (
      ordinal INTEGER PRIMARY KEY,
      peer BLOB NOT NULL UNIQUE,
      time INTEGER NOT NULL,
      bytes INTEGER NOT NULL
    ) STRICT`);
    await runner.query(`CREATE TABLE placement_receipt (
      author INTEGER NOT NULL REFERENCES placement_signatory (ordinal) ON DELETE CASCADE,
      time INTEGER NOT NULL,
      body BLOB NOT NULL,
      signature BLOB NOT NULL,
      UNIQUE (author, time)
    ) STRICT`);
    // Each author's last receipt for a deletion.
    await runner.query(`CREATE TABLE placement_purge (
      deletion BLOB NOT NULL,
      author INTEGER NOT NULL REFERENCES placement_signatory (ordinal) ON DELETE CASCADE,
      kept INTEGER NOT NULL,
      PRIMARY KEY (deletion, author)
    ) STRICT, WITHOUT ROWID`);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of TABLES) await runner.query(`DROP TABLE placement_${table}`);
  }
}

const TABLES = [
  'purge',
  'receipt',
  'signatory',
  'doubt',
  'waiting',
  'large',
  'holding',
  'member',
  'promise',
  'pin',
  'store',
];

class PlacementWishes1799000130000 implements MigrationInterface {
  name = 'PlacementWishes1799000130000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE placement_wish (
      path TEXT PRIMARY KEY,
      since INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE placement_wish');
  }
}

/** Tables `placement_*`. */
export const placementMigrations: MigrationClass[] = [PlacementBaseline1796000000000, PlacementWishes1799000130000];

/** Entities of these tables: but for those of receipts, which `purge` reads and describes. */
export const placementEntities: EntityClass[] = [
  PinStoreEntity,
  PinEntity,
  PromiseEntity,
  PinnerEntity,
  HoldingEntity,
  LargeEntity,
  WaitingPinEntity,
  DoubtEntity,
  WishEntity,
];
