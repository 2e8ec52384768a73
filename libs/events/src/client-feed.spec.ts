import type { AnyEvent } from '@dfs/contracts';
import { eventually, tempDatabase, type TempDatabase } from '@dfs/testing';
import { ClientFeed, type FeedSink, type Position } from './client-feed.js';
import { EventLog } from './event-log.js';
import { eventsEntities, eventsMigrations } from './schema.js';

class Sink implements FeedSink {
  readonly events: AnyEvent[] = [];
  readonly readies: Position[] = [];
  readonly resyncs: Position[] = [];
  bytes = 0;
  dropped = false;
  event(event: AnyEvent): void {
    this.events.push(event);
  }
  ready(position: Position): void {
    this.readies.push(position);
  }
  resync(position: Position): void {
    this.resyncs.push(position);
  }
  readonly positions: Position[] = [];
  position(position: Position): void {
    this.positions.push(position);
  }
  backlog(): number {
    return this.bytes;
  }
  drained(): Promise<void> {
    this.bytes = 0;
    return Promise.resolve();
  }
  drop(): void {
    this.dropped = true;
  }
}

describe('ClientFeed', () => {
  let temp: TempDatabase;
  let log: EventLog;
  beforeEach(async () => {
    temp = await tempDatabase(eventsMigrations, eventsEntities);
    log = await EventLog.open(temp.db);
  });
  afterEach(() => temp.remove());
  const say = (detail: string) => log.recordNow('node.warning', { code: 'low-space', detail, active: true });

  it('reads again what had no room to wait while it caught up', async () => {
    for (let i = 0; i < 10; i++) await say(`past ${i}`);
    const sink = new Sink();
    // The log answers only after far more has happened than may wait.
    let burst: Promise<void> | undefined;
    const slow = {
      stream: log.stream,
      subscribe: (listener: (event: AnyEvent) => void) => log.subscribe(listener),
      onRenewed: (listener: () => void) => log.onRenewed(listener),
      since: async (after: number, limit: number) => {
        const page = await log.since(after, limit);
        burst ??= (async () => {
          for (let i = 0; i < 1500; i++) await say(`now ${i}`);
        })();
        await burst;
        return page;
      },
    };
    await new ClientFeed(slow, sink, { after: 0 }).start();
    expect(sink.events.map((event) => event.seq)).toEqual(Array.from({ length: 1510 }, (_, i) => i + 1));
    expect(sink.readies).toEqual([{ stream: log.stream, seq: 1510 }]);
  });

  it('drops who listens when a new stream begins: who comes back reads everything anew', async () => {
    await say('before');
    const sink = new Sink();
    await new ClientFeed(log, sink, { after: 0 }).start();
    const [{ stream, seq }] = sink.readies as [Position];
    await temp.db.write((tx) => log.renew(tx));
    expect([sink.dropped, log.stream === stream]).toEqual([true, false]);
    await say('after');
    expect(sink.events.map((event) => event.seq)).toEqual([1]);
    const again = new Sink();
    await new ClientFeed(log, again, { stream, after: seq }).start();
    expect([again.resyncs, again.readies]).toEqual([[{ stream: log.stream, seq: 2 }], []]);
    const refused = temp.db.write(async (tx) => {
      await log.renew(tx);
      throw new Error('not committed');
    });
    await expect(refused).rejects.toThrow('not committed');
    expect([again.dropped, (await EventLog.open(temp.db)).stream === log.stream]).toEqual([false, true]);
  });

  it('spares a crowded client progress, and drops one that is overrun', async () => {
    const sink = new Sink();
    await new ClientFeed(log, sink, {}).start();
    sink.bytes = 1024 * 1024;
    log.tell('transfer.progress', { transfers: [] });
    await say('kept');
    expect(sink.events.map((event) => event.type)).toEqual(['node.warning']);
    sink.bytes = 5 * 1024 * 1024;
    await say('too much');
    await eventually(() => sink.dropped);
    await say('unheard');
    expect(sink.events).toHaveLength(2);
  });

  it('says nothing after it was stopped', async () => {
    const sink = new Sink();
    const feed = new ClientFeed(log, sink, { after: 0 });
    const starting = feed.start();
    feed.stop();
    await starting;
    await say('x');
    expect(sink).toMatchObject({ events: [], readies: [], resyncs: [] });
  });
});
