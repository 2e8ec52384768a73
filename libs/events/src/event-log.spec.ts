import type { AnyEvent } from '@dfs/contracts';
import { tempDatabase, type TempDatabase } from '@dfs/testing';
import { EventLog } from './event-log.js';
import { eventsEntities, eventsMigrations } from './schema.js';

const warning = (detail: string) => ({ code: 'low-space' as const, detail, active: true });

describe('EventLog', () => {
  let temp: TempDatabase;
  let log: EventLog;
  let heard: AnyEvent[];

  beforeEach(async () => {
    temp = await tempDatabase(eventsMigrations, eventsEntities);
    log = await EventLog.open(temp.db, { keep: 20 });
    heard = [];
    log.subscribe((event) => heard.push(event));
  });
  afterEach(() => temp.remove());

  it('delivers after the commit, in order, and not at all after a rollback', async () => {
    await temp.db.write(async (tx) => {
      await log.record(tx, 'node.warning', warning('one'));
      await log.record(tx, 'node.warning', warning('two'));
      expect(heard).toEqual([]);
    });
    await temp.db
      .write(async (tx) => {
        await log.record(tx, 'node.warning', warning('never'));
        throw new Error('on purpose');
      })
      .catch(() => undefined);
    await log.recordNow('node.warning', warning('three'));
    expect(heard.map((event) => event.seq)).toEqual([1, 2, 3]);
    const page = await log.since(0, 100);
    expect(page.items).toEqual(heard);
    expect(page).toMatchObject({ lastSeq: 3, resync: false, stream: log.stream });
  });

  it('tells volatile events without a number and keeps none of them', async () => {
    log.tell('transfer.progress', { transfers: [] });
    expect(heard).toMatchObject([{ seq: null, type: 'transfer.progress' }]);
    expect((await log.since(0, 10)).items).toEqual([]);
  });

  it('goes on with its numbers in the same stream after a restart', async () => {
    await log.recordNow('node.warning', warning('before'));
    const again = await EventLog.open(temp.db);
    expect(again.stream).toBe(log.stream);
    await again.recordNow('node.warning', warning('after'));
    expect((await again.since(1, 10)).items).toMatchObject([{ seq: 2, data: { detail: 'after' } }]);
  });

  it('goes on with its numbers in another stream where they may have been given before', async () => {
    await log.recordNow('node.warning', warning('before'));
    const again = await EventLog.open(temp.db, { renew: true });
    expect(again.stream).not.toBe(log.stream);
    await again.recordNow('node.warning', warning('after'));
    expect((await again.since(1, 10)).items).toMatchObject([{ seq: 2, stream: again.stream }]);
    expect((await EventLog.open(temp.db)).stream).toBe(again.stream);
  });

  it('forgets the oldest and says so to those who ask for them', async () => {
    for (let i = 0; i < 560; i++) await log.recordNow('node.warning', warning(String(i)));
    const gone = await log.since(3, 100);
    expect(gone).toMatchObject({ items: [], resync: true, lastSeq: 560 });
    const kept = await log.since(550, 100);
    expect(kept.items).toHaveLength(10);
    expect(kept.resync).toBe(false);
  });

  it('asks a client that is ahead of the stream to start anew', async () => {
    expect(await log.since(7, 10)).toMatchObject({ resync: true, lastSeq: 0 });
  });

  it('survives a listener that throws', async () => {
    log.subscribe(() => {
      throw new Error('on purpose');
    });
    await log.recordNow('node.warning', warning('x'));
    expect(heard).toHaveLength(1);
  });
});
