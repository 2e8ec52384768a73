import type { Database } from '@dfs/database';

/** A browser that is signed in. Times in milliseconds since 1970. */
export interface SessionRow {
  /** A hash of what is in its cookie. */
  id: string;
  createdAt: number;
  usedAt: number;
  /** How it called itself. */
  agent: string;
}

/** Where sessions are kept. */
export interface SessionStore {
  all(): Promise<SessionRow[]>;
  put(row: SessionRow): Promise<void>;
  remove(ids: readonly string[]): Promise<void>;
}

/** Those of this process alone. */
export const noSessionStore: SessionStore = {
  all: async () => [],
  put: async () => undefined,
  remove: async () => undefined,
};

/** Sessions that outlive a restart. */
export function sessionTable(db: Pick<Database, 'query' | 'write'>): SessionStore {
  return {
    all: () => db.query<SessionRow>('SELECT id, created_at AS createdAt, used_at AS usedAt, agent FROM session'),
    put: ({ id, createdAt, usedAt, agent }) =>
      db.write(async (tx) => {
        const columns = ['id', 'created_at', 'used_at', 'agent'];
        await tx.insertMany('session', columns, [[id, createdAt, usedAt, agent]], 'replace');
      }),
    remove: (ids) =>
      db.write(async (tx) => {
        for (const id of ids) await tx.run('DELETE FROM session WHERE id = ?', [id]);
      }),
  };
}
