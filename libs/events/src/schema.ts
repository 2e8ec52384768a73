import type { MigrationInterface, QueryRunner } from 'typeorm';
import type { EntityClass, MigrationClass } from '@dfs/database';
import { EventEntity, EventStreamEntity } from './events.entity.js';

class EventsBaseline1796000000000 implements MigrationInterface {
  name = 'EventsBaseline1796000000000';

  async up(runner: QueryRunner): Promise<void> {
    // AUTOINCREMENT: a sequence number is never given twice, even after the newest rows have gone.
    await runner.query(`CREATE TABLE event (
      seq INTEGER PRIMARY KEY AUTOINCREMENT,
      type TEXT NOT NULL,
      time INTEGER NOT NULL,
      data TEXT NOT NULL
    ) STRICT`);
    await runner.query(`CREATE TABLE event_stream (
      one INTEGER PRIMARY KEY CHECK (one = 1),
      stream TEXT NOT NULL
    ) STRICT`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE event_stream');
    await runner.query('DROP TABLE event');
  }
}

/** Tables `event` and `event_stream`. */
export const eventsMigrations: MigrationClass[] = [EventsBaseline1796000000000];

/** Entities of these tables. */
export const eventsEntities: EntityClass[] = [EventEntity, EventStreamEntity];
