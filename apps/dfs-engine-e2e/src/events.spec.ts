import { copyFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { io } from 'socket.io-client';
import type { AnyEvent } from '@dfs/contracts';
import { DfsClient, type EventPosition } from '@dfs/client';
import { claimPort, eventually, startEngine, type ClaimedPort, type Engine } from '@dfs/testing';

/** Of each of the two listeners. */
const DISCONNECTS = 50;

/** All that one client hears, over as many connections as it takes. */
interface Listener {
  position: EventPosition;
  readonly seqs: number[];
  readonly paths: string[];
  disconnects: number;
}

describe('events', () => {
  let port: ClaimedPort;
  let engine: Engine;
  beforeAll(async () => {
    port = await claimPort();
    engine = await startEngine({ name: 'events', env: { DFS_HTTP_PORT: String(port.port) } });
  });
  afterAll(async () => {
    await engine?.remove();
    await port?.release();
  });

  const hear = (listener: Listener, { seq, stream, ...event }: AnyEvent): void => {
    if (seq === null) return;
    listener.seqs.push(seq);
    listener.position = { stream, seq };
    if (event.type === 'file.uploaded') listener.paths.push(...event.data.files.map(({ path }) => path));
  };
  /** One connection, cut after so many events. */
  const bySocket = (listener: Listener, events: number): Promise<void> =>
    new Promise((resolve) => {
      const { stream, seq: after } = listener.position;
      const auth = { token: engine.token, stream, after };
      const socket = io(`${engine.url}/events`, {
        auth,
        reconnection: false,
        forceNew: true,
        transports: ['websocket'],
      });
      const end = (): void => {
        listener.disconnects += 1;
        socket.disconnect();
        resolve();
      };
      let heard = 0;
      socket.on('event', (event: AnyEvent) => {
        if (heard >= events) return;
        hear(listener, event);
        if (event.seq !== null && ++heard === events) end();
      });
      socket.once('disconnect', end).once('connect_error', end);
    });
  const bySse = async (listener: Listener, events: number): Promise<void> => {
    const dfs = new DfsClient({ url: engine.url, key: engine.token });
    const control = new AbortController();
    let heard = 0;
    try {
      for await (const step of dfs.follow({ after: listener.position, signal: control.signal })) {
        if (step.type === 'lost') break;
        if (step.type !== 'event') continue;
        hear(listener, step.event);
        if (step.event.seq !== null && ++heard === events) break;
      }
    } catch {
      // The node is away.
    }
    control.abort();
    listener.disconnects += 1;
  };

  it('come once each and in order, over a hundred forced disconnects and a kill in the middle of writes', async () => {
    const dfs = new DfsClient({ url: engine.url, key: engine.token });
    const { position } = await dfs.events();
    const acknowledged: string[] = [];
    let isOver = false;
    const load = async (worker: number): Promise<void> => {
      for (let n = 0; !isOver; n++) {
        const path = `load/${worker}-${n}`;
        const stored = await engine.put(path, path).then(
          () => true,
          () => false,
        );
        if (stored) acknowledged.push(path);
        else await eventually(() => engine.running || isOver);
      }
    };
    const loads = [load(1), load(2)];
    const fresh = (): Listener => ({ position, seqs: [], paths: [], disconnects: 0 });
    const listeners = [fresh(), fresh()] as const;
    const rounds = async (listener: Listener, connect: typeof bySse): Promise<void> => {
      while (listener.disconnects < DISCONNECTS || !hasRestarted)
        await connect(listener, 1 + (listener.disconnects % 3));
    };
    let hasRestarted = false;
    const listening = [rounds(listeners[0], bySocket), rounds(listeners[1], bySse)];
    await eventually(() => listeners.every(({ disconnects }) => disconnects >= DISCONNECTS / 2), { deadline: 120_000 });
    await engine.kill();
    await engine.start();
    hasRestarted = true;
    await Promise.all(listening);
    isOver = true;
    await Promise.all(loads);

    const { lastSeq } = await engine.json<{ lastSeq: number }>('/events?after=0&limit=1');
    for (const [at, listener] of listeners.entries()) {
      await eventually(async () => {
        const left = lastSeq - listener.position.seq;
        if (left > 0) await (at === 0 ? bySocket : bySse)(listener, left);
        return listener.position.seq >= lastSeq;
      });
      const count = listener.seqs.length;
      expect(listener.seqs).toEqual(Array.from({ length: count }, (_, n) => position.seq + 1 + n));
      expect(listener.position.stream).toBe(position.stream);
      // What the kill cut off may have been stored, without an answer.
      expect(acknowledged.filter((path) => !listener.paths.includes(path))).toEqual([]);
      expect(new Set(listener.paths).size).toBe(listener.paths.length);
      expect(listener.disconnects).toBeGreaterThanOrEqual(DISCONNECTS);
    }
    expect(acknowledged.length).toBeGreaterThan(DISCONNECTS);
  });

  it('of a node that was restored from an old copy of its data are another stream: clients read everything anew', async () => {
    const database = join(engine.dataDir, 'dfs.sqlite');
    const copy = join(engine.dataDir, 'copy.sqlite');
    await engine.stop();
    await copyFile(database, copy);
    await engine.start();
    await engine.put('since the copy', 'x');
    const dfs = new DfsClient({ url: engine.url, key: engine.token });
    const { position } = await dfs.events();
    // This one goes on by itself.
    const steps = dfs.follow({ after: position });
    let first = await steps.next();
    // Copies of that file may be told of meanwhile.
    while (first.value?.type === 'event') first = await steps.next();
    expect(first.value).toMatchObject({ type: 'ready', position: { stream: position.stream } });
    await engine.stop();
    await copyFile(copy, database);
    for (const more of ['-wal', '-shm']) await rm(database + more, { force: true });
    await engine.start();

    const types: string[] = [];
    for await (const step of steps) {
      // What is not numbered comes at any time.
      if (step.type === 'event' && step.event.seq === null) continue;
      if (types.at(-1) !== step.type) types.push(step.type);
      if (step.type !== 'lost') break;
    }
    expect(types).toEqual(['lost', 'resync']);
    const auth = { token: engine.token, stream: position.stream, after: position.seq };
    const socket = io(`${engine.url}/events`, { auth, reconnection: false, forceNew: true });
    const told = await new Promise<EventPosition>((resolve, reject) => {
      socket
        .once('resync', resolve)
        .once('ready', () => reject(new Error('it went on')))
        .once('connect_error', reject);
    });
    socket.disconnect();
    expect(told.stream).not.toBe(position.stream);
  });
});
