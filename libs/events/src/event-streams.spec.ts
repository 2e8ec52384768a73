import { createServer, get, type IncomingMessage, type Server } from 'node:http';
import { silentLog } from '@dfs/runtime';
import { eventually, tempDatabase, type TempDatabase } from '@dfs/testing';
import { EventLog } from './event-log.js';
import { EventStreams, streamFrom } from './event-streams.js';
import { eventsEntities, eventsMigrations } from './schema.js';
import { topicsView } from './topics.js';

/** A client that reads server-sent events. */
class Client {
  readonly blocks: string[] = [];
  ended = false;
  answer: IncomingMessage | undefined;

  constructor(port: number, query: string) {
    get({ host: '127.0.0.1', port, path: `/?${query}` }, (answer) => {
      this.answer = answer;
      let text = '';
      answer.setEncoding('utf8').on('data', (part: string) => {
        text += part;
        const ends = text.split('\n\n');
        text = ends.pop() ?? '';
        this.blocks.push(...ends);
      });
      answer.on('close', () => (this.ended = true)).on('error', () => undefined);
    });
  }

  events(): { id: string | undefined; type: string | undefined; data: Record<string, unknown> }[] {
    const field = (block: string, name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1];
    return this.blocks
      .filter((block) => field(block, 'data') !== undefined)
      .map((block) => ({
        id: field(block, 'id'),
        type: field(block, 'event'),
        data: JSON.parse(field(block, 'data') ?? '{}') as Record<string, unknown>,
      }));
  }

  async has(type: string): Promise<void> {
    await eventually(() => this.events().some((event) => event.type === type), { what: type });
  }
}

describe('server-sent events', () => {
  let temp: TempDatabase;
  let log: EventLog;
  let streams: EventStreams;
  let server: Server;
  let port: number;
  const clients: Client[] = [];
  beforeEach(async () => {
    temp = await tempDatabase(eventsMigrations, eventsEntities);
    log = await EventLog.open(temp.db);
    // No second of a test is waited for.
    streams = new EventStreams(log, silentLog, 20);
    server = createServer((request, response) => {
      const query = new URL(request.url ?? '', 'http://node').searchParams;
      const topics = query.get('topics');
      const from = streamFrom('after', query.get('after') ?? undefined);
      streams.serve(response, from, topics === null ? undefined : topicsView(topics));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    port = (server.address() as { port: number }).port;
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await temp.remove();
  });
  const open = (query = ''): Client => {
    const client = new Client(port, query);
    clients.push(client);
    return client;
  };
  const warn = (detail: string) => log.recordNow('node.warning', { code: 'low-space', detail, active: true });
  const gone = () => log.recordNow('sync.started', { peerId: 'somebody' });

  it('tell of what comes, each with its position, and of what was missed first', async () => {
    const client = open();
    await client.has('ready');
    await warn('one');
    log.tell('transfer.progress', { transfers: [] });
    await warn('two');
    await eventually(() => client.events().length === 4);
    expect(client.answer?.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'x-accel-buffering': 'no',
      'cache-control': 'no-store',
    });
    expect(client.events().map(({ id, type }) => [id, type])).toEqual([
      [`${log.stream}:0`, 'ready'],
      [`${log.stream}:1`, 'node.warning'],
      [undefined, 'transfer.progress'],
      [`${log.stream}:2`, 'node.warning'],
    ]);
    expect(client.events()[1]?.data).toMatchObject({ seq: 1, type: 'node.warning', data: { detail: 'one' } });
    for (const after of ['1', `${log.stream}:1`]) {
      const later = open(`after=${after}`);
      await later.has('ready');
      expect(later.events().map(({ id }) => id)).toEqual([`${log.stream}:2`, `${log.stream}:2`]);
    }
    const elsewhere = open('after=another:1');
    await elsewhere.has('resync');
    expect(elsewhere.events()).toHaveLength(1);
    await eventually(() => client.blocks.includes(':'), { what: 'a comment' });
  });

  it('of some topics move on past the others, so that none of them is missed', async () => {
    const client = open('topics=node,peer.added');
    await client.has('ready');
    for (let i = 0; i < 30; i++) await gone();
    const position = `id: ${log.stream}:30`;
    await eventually(() => client.blocks.includes(position), { what: 'its position' });
    await warn('heard');
    await client.has('node.warning');
    expect(client.events().map(({ type }) => type)).toEqual(['ready', 'node.warning']);
    const again = open(`topics=node&after=${log.stream}:30`);
    await again.has('ready');
    expect(again.events().map(({ type }) => type)).toEqual(['node.warning', 'ready']);
    expect(() => topicsView('file,unknown')).toThrow(expect.objectContaining({ code: 'validation-failed' }));
  });

  it('end when the node stops, and when the client goes', async () => {
    const [one, two] = [open(), open()];
    await Promise.all([one.has('ready'), two.has('ready')]);
    two.answer?.destroy();
    await warn('still there');
    await one.has('node.warning');
    streams.stop();
    await eventually(() => one.ended);
  });

  it('are asked for by a number, or an id', () => {
    expect(streamFrom('after', '7')).toEqual({ after: 7 });
    expect(streamFrom('after', 'a-b:7')).toEqual({ stream: 'a-b', after: 7 });
    expect(streamFrom('after', undefined)).toEqual({});
    for (const wrong of ['x', '-1', 'a:b:1', '1:']) {
      expect(() => streamFrom('after', wrong)).toThrow(expect.objectContaining({ code: 'validation-failed' }));
    }
  });
});
