import type { MigrationClass } from '@dfs/database';

type Migration = InstanceType<MigrationClass>;

class AccessKeys1799000200000 implements Migration {
  name = 'AccessKeys1799000200000';

  async up(runner: Parameters<Migration['up']>[0]): Promise<void> {
    // Times in milliseconds since 1970. Nothing in it is secret: a secret follows from the node's own key and the id.
    await runner.query(`
      CREATE TABLE api_key (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        scope TEXT NOT NULL,
        prefix TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        expires_at INTEGER,
        revoked_at INTEGER,
        used_at INTEGER
      ) STRICT, WITHOUT ROWID`);
    // One row: how often all keys were ended at once. Secrets follow from it, too.
    await runner.query(`
      CREATE TABLE api_key_generation (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        generation INTEGER NOT NULL
      ) STRICT`);
    await runner.query('INSERT INTO api_key_generation (one, generation) VALUES (1, 1)');
    // Browsers that are signed in. id: a hash of what is in their cookie.
    await runner.query(`
      CREATE TABLE session (
        id TEXT PRIMARY KEY,
        created_at INTEGER NOT NULL,
        used_at INTEGER NOT NULL,
        agent TEXT NOT NULL
      ) STRICT, WITHOUT ROWID`);
  }

  async down(runner: Parameters<Migration['down']>[0]): Promise<void> {
    for (const table of ['session', 'api_key_generation', 'api_key']) await runner.query(`DROP TABLE ${table}`);
  }
}

/** Tables `api_key`, `api_key_generation` and `session`. */
export const accessMigrations: MigrationClass[] = [AccessKeys1799000200000];
