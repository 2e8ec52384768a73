import { minute, silentLog } from '@dfs/runtime';
import { fakeClock, tempDatabase, type TempDatabase } from '@dfs/testing';
import { accessEntities } from '../access.entity.js';
import { accessMigrations } from '../schema.js';
import { sessionTable, type SessionStore } from './session-store.js';
import { Sessions } from './sessions.js';

describe('a session', () => {
  let temp: TempDatabase;
  beforeEach(async () => (temp = await tempDatabase(accessMigrations, accessEntities)));
  afterEach(() => temp.remove());

  it('that has ended is not noted as used by a request that came meanwhile', async () => {
    const clock = fakeClock();
    const sessions = new Sessions('token', 'peer', clock, silentLog);
    const table = sessionTable(temp.db);
    let onRemove = (): void => undefined;
    const store: SessionStore = {
      ...table,
      remove: async (ids) => {
        await table.remove(ids);
        onRemove();
      },
    };
    await sessions.keepIn(store);
    const session = await sessions.begin('Browser/1');
    const id = (await table.all())[0]!.id;
    clock.advance(10 * minute);
    onRemove = () => expect(sessions.isValid(session)).toBe(false);
    await sessions.endById(id);
    // An earlier write has ended by now: one unit of work follows on another.
    await temp.db.write(async () => undefined);
    expect(await table.all()).toEqual([]);
  });
});
