import { Global, Module } from '@nestjs/common';
import { Generation } from '@dfs/chunks';
import { Database } from '@dfs/database';
import { Access } from '../access/access.js';
import { Keys } from '../access/keys/keys.js';
import { sessionTable } from '../access/sessions/session-store.js';
import { FOUNDATION, type Foundation } from './tokens.js';

/** Keys and sessions, as soon as the database is open. Where that may be an older one, all of them end: some had ended since. */
@Global()
@Module({
  providers: [
    {
      provide: Keys,
      useFactory: async (
        { privateKeyRaw, clock, logger: log }: Foundation,
        db: Database,
        { isProven }: Generation,
        access: Access,
      ) => {
        const keys = await Keys.open({ db, privateKeyRaw, clock, log }, { renew: !isProven });
        const sessions = sessionTable(db);
        if (!isProven) await sessions.remove((await sessions.all()).map(({ id }) => id));
        await access.use(keys, sessions);
        return keys;
      },
      inject: [FOUNDATION, Database, Generation, Access],
    },
  ],
  exports: [Keys],
})
export class AccessModule {}
