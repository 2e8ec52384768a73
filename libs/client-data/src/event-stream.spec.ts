/**
 * @jest-environment node
 * @jest-environment-options {"customExportConditions": ["@dfs/source", "node", "node-addons"]}
 */
import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AnyEvent, EventHandshake } from '@dfs/contracts';
import { Server, type Socket } from 'socket.io';
import { io } from 'socket.io-client';
import { EventStream, type EventStreamComponents } from './event-stream.js';

/** A small real event server: numbered warnings, kept for those who come back. */
class EventServer {
  readonly http: HttpServer = createServer();
  readonly handshakes: EventHandshake[] = [];
  stream = 'one';
  events: AnyEvent[] = [];
  refuse: string | null = null;
  forgetBefore = 0;
  #io!: Server;
  port = 0;

  async start(): Promise<void> {
    this.#io = new Server(this.http);
    const events = this.#io.of('/events');
    events.use((_, next) => {
      if (this.refuse === null) return next();
      next(Object.assign(new Error(this.refuse), { data: { code: this.refuse } }));
    });
    events.on('connection', (socket) => this.#welcome(socket));
    await new Promise<void>((done) => this.http.listen(this.port, '127.0.0.1', done));
    this.port = (this.http.address() as AddressInfo).port;
  }

  #welcome(socket: Socket): void {
    const { stream, after } = socket.handshake.auth as EventHandshake;
    this.handshakes.push({ ...(stream && { stream }), ...(after !== undefined && { after }) });
    const position = { stream: this.stream, seq: this.events.length };
    if (after !== undefined && (stream !== this.stream || after < this.forgetBefore)) {
      socket.emit('resync', position);
    } else if (after !== undefined) {
      for (const event of this.events) if ((event.seq ?? 0) > after) socket.emit('event', event);
    }
    socket.emit('ready', position);
  }

  happen(detail: string, type = 'node.warning'): AnyEvent {
    const event = {
      stream: this.stream,
      seq: this.events.length + 1,
      type,
      time: '2026-11-22T12:00:00.000Z',
      data: { code: 'low-space', detail, active: true },
    } as AnyEvent;
    this.events.push(event);
    this.#io?.of('/events').emit('event', event);
    return event;
  }

  repeat(event: AnyEvent): void {
    this.#io.of('/events').emit('event', event);
  }

  dropAll(): void {
    this.#io.of('/events').disconnectSockets(true);
  }

  async stop(): Promise<void> {
    await this.#io.close();
  }
}

describe('EventStream', () => {
  let server: EventServer;
  let stream: EventStream;
  let seen: string[];
  let answer: Awaited<ReturnType<EventStreamComponents['probe']>>;

  beforeEach(async () => {
    server = new EventServer();
    await server.start();
    answer = 'signed-in';
    seen = [];
    stream = new EventStream(
      {
        open: (auth) =>
          io(`http://127.0.0.1:${server.port}/events`, {
            auth,
            transports: ['websocket'],
            reconnection: false,
            forceNew: true,
          }),
        probe: () => Promise.resolve(answer),
      },
      { random: () => 0 },
    );
    stream.on('node.warning').subscribe((event) => seen.push(event.data.detail));
    stream.live.subscribe(() => seen.push('(live)'));
    stream.resync.subscribe(() => seen.push('(resync)'));
  });
  afterEach(async () => {
    stream.stop();
    await server.stop();
  });

  it('passes over events of a newer node, and goes on behind them', async () => {
    stream.start();
    await until(() => seen.includes('(live)'), 'live');
    const types: string[] = [];
    stream.all.subscribe(({ type }) => types.push(type));
    server.happen('first', 'file.brand-new');
    server.happen('second');
    await until(() => seen.includes('second'), 'the second');
    expect(types).toEqual(['node.warning']);
    expect(stream.lastSeq).toBe(2);
  });

  async function until(condition: () => boolean, what: string): Promise<void> {
    const deadline = Date.now() + 60_000;
    while (!condition()) {
      if (Date.now() > deadline) throw new Error(`never happened: ${what}; seen ${JSON.stringify(seen)}`);
      await new Promise((done) => setTimeout(done, 5));
    }
  }
  const isLive = () => stream.state() === 'live';

  it('goes live and delivers in order', async () => {
    expect(stream.state()).toBe('connecting');
    stream.start();
    await until(isLive, 'live');
    server.happen('a');
    server.happen('b');
    await until(() => seen.includes('b'), 'b');
    expect(seen).toEqual(['(live)', 'a', 'b']);
    expect(server.handshakes).toEqual([{}]);
    expect(stream.lastSeq).toBe(2);
  });

  it('after a reconnect brings what was missed before it is live again', async () => {
    stream.back.subscribe(() => seen.push('(back)'));
    stream.start();
    await until(isLive, 'live');
    server.happen('a');
    await until(() => seen.includes('a'), 'a');
    server.dropAll();
    await until(() => stream.state() === 'offline', 'offline');
    server.happen('missed 1');
    server.happen('missed 2');
    await until(isLive, 'live again');
    expect(seen).toEqual(['(live)', 'a', 'missed 1', 'missed 2', '(live)', '(back)']);
    expect(server.handshakes[1]).toEqual({ stream: 'one', after: 1 });
  });

  it('drops what it has seen already', async () => {
    stream.start();
    await until(isLive, 'live');
    const first = server.happen('a');
    server.repeat(first);
    server.happen('b');
    server.repeat(first);
    server.happen('c');
    await until(() => seen.includes('c'), 'c');
    expect(seen).toEqual(['(live)', 'a', 'b', 'c']);
  });

  it('asks for everything anew when the stream is another, and goes on from there', async () => {
    stream.start();
    await until(isLive, 'live');
    server.happen('a');
    await until(() => seen.includes('a'), 'a');
    server.stream = 'two';
    server.events = [];
    server.dropAll();
    await until(() => seen.includes('(resync)'), 'resync');
    server.happen('first of two');
    await until(() => seen.includes('first of two'), 'first of two');
    expect(seen).toEqual(['(live)', 'a', '(resync)', '(live)', 'first of two']);
  });

  it('keeps trying while the node is gone, and says when', async () => {
    stream.start();
    await until(isLive, 'live');
    answer = 'unreachable';
    const port = server.port;
    await server.stop();
    await until(() => stream.state() === 'offline' && stream.retryAt() !== null, 'a time of the next try');
    expect(stream.retryAt()).toBeGreaterThan(Date.now() - 1000);
    const revived = new EventServer();
    revived.port = port;
    await revived.start();
    server = revived;
    stream.retryNow();
    await until(isLive, 'live again');
    expect(stream.retryAt()).toBeNull();
  });

  it('stops when the node does not know this browser, and goes on after signing in', async () => {
    server.refuse = 'unauthorized';
    answer = 'signed-out';
    stream.start();
    await until(() => stream.state() === 'signed-out', 'signed out');
    expect(stream.retryAt()).toBeNull();
    server.refuse = null;
    stream.start();
    await until(isLive, 'live after signing in');
  });

  it('keeps trying when the node refuses the socket but knows this browser', async () => {
    server.refuse = 'not-ready';
    stream.start();
    await until(() => stream.state() === 'offline', 'offline');
    server.refuse = null;
    await until(isLive, 'live');
  });

  it('gives up on a node that accepts and then says nothing', async () => {
    const opened: string[] = [];
    const silent = new EventStream(
      {
        open: () => {
          opened.push('open');
          return { on: () => undefined, disconnect: () => opened.push('close') };
        },
        probe: () => Promise.resolve('unreachable' as const),
      },
      { readyTimeoutMs: 20, random: () => 0 },
    );
    silent.start();
    await until(() => opened.length >= 4, 'two tries');
    silent.stop();
    expect(opened.slice(0, 4)).toEqual(['open', 'close', 'open', 'close']);
  });
});
