import { In } from 'typeorm';
import type { Database } from '@dfs/database';
import { SessionEntity } from '../access.entity.js';

/** A browser that is signed in. */
export type SessionRow = SessionEntity;

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
export function sessionTable(db: Pick<Database, 'repository' | 'write'>): SessionStore {
  return {
    all: () => db.repository(SessionEntity).find(),
    put: (row) => db.write((tx) => tx.repository(SessionEntity).put(row)),
    remove: async (ids) => {
      await db.write((tx) => tx.repository(SessionEntity).delete({ id: In([...ids]) }));
    },
  };
}
