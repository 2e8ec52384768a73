import { Global, Module } from '@nestjs/common';
import { Database } from '@dfs/database';
import { Access } from '../access/access.js';
import { Keys } from '../access/keys/keys.js';
import { sessionTable } from '../access/sessions/session-store.js';
import { FOUNDATION, type Foundation } from './tokens.js';

/** Keys and sessions, as soon as the database is open. */
@Global()
@Module({
  providers: [
    {
      provide: Keys,
      useFactory: async ({ privateKeyRaw, clock, logger: log }: Foundation, db: Database, access: Access) => {
        const keys = await Keys.open({ db, privateKeyRaw, clock, log });
        await access.use(keys, sessionTable(db));
        return keys;
      },
      inject: [FOUNDATION, Database, Access],
    },
  ],
  exports: [Keys],
})
export class AccessModule {}
