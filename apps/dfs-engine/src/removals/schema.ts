import type { MigrationClass } from '@dfs/database';

type Migration = InstanceType<MigrationClass>;

class Removals1799000120000 implements Migration {
  name = 'Removals1799000120000';

  async up(runner: Parameters<Migration['up']>[0]): Promise<void> {
    // Removals that go on over restarts while their members are being emptied. id: of the transfer; network, peer: ids of the
    // network and of the member; confirm: 1 where last copies may be lost; started: ms since 1970.
    await runner.query(`
      CREATE TABLE engine_removal (
        id TEXT PRIMARY KEY,
        network TEXT NOT NULL,
        peer TEXT NOT NULL,
        confirm INTEGER NOT NULL,
        started INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID`);
  }

  async down(runner: Parameters<Migration['down']>[0]): Promise<void> {
    await runner.query('DROP TABLE engine_removal');
  }
}

/** Table `engine_removal`. */
export const removalMigrations: MigrationClass[] = [Removals1799000120000];
