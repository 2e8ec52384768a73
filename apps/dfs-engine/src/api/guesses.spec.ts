import { Writable } from 'node:stream';
import { pino } from 'pino';
import { io } from 'socket.io-client';
import type { Problem } from '@dfs/contracts';
import { minute, VirtualTime } from '@dfs/runtime';
import { eventually, tempDir, type TempDir } from '@dfs/testing';
import { parseConfig } from '../config.js';
import { startNode, type RunningNode } from '../start/start.js';
import { quietEnv } from '../testing/running-node.suite.js';

const GUESSES = 300;
/** Those that are answered at once, and those that wait at a time: see `GuessLimit`. */
const [FREE, WAITING] = [5, 256];

/** Answers the status that a token meets there; 200 and more for one that is let in. */
type Entrance = (token: string) => Promise<number>;

describe(`${GUESSES} wrong tokens from one address`, () => {
  const time = new VirtualTime(Date.now());
  let temp: TempDir;
  let node: RunningNode;
  let log = '';

  beforeAll(async () => {
    temp = await tempDir('dfs-guesses-');
    const sink = new Writable({
      write: (line: Buffer, _encoding, done) => {
        log += line.toString();
        done();
      },
    });
    const logger = pino({ level: 'warn' }, sink);
    node = await startNode(parseConfig(quietEnv(temp.file('data'))), { logger, clock: time, timers: time });
  });
  afterAll(async () => {
    await node?.stop();
    await temp.remove();
  });

  const send = async (path: string, token: string, init: RequestInit = {}): Promise<number> => {
    const control = new AbortController();
    const headers = { authorization: `Bearer ${token}`, ...init.headers };
    const answer = await fetch(new URL(path, node.url), { ...init, headers, signal: control.signal });
    // A stream of events has no end.
    control.abort();
    return answer.status;
  };
  const signIn: Entrance = async (token) => {
    const body = JSON.stringify({ token });
    const headers = { 'content-type': 'application/json' };
    return (await fetch(new URL('/api/v1/session', node.url), { method: 'POST', headers, body })).status;
  };
  const socket: Entrance = (token) =>
    new Promise((resolve) => {
      const client = io(`${node.url}events`, {
        ...{ auth: { token }, transports: ['websocket'], reconnection: false, forceNew: true, timeout: 10 * minute },
      });
      const end = (status: number): void => {
        client.disconnect();
        resolve(status);
      };
      client.once('ready', () => end(200));
      client.once('connect_error', (error: Error & { data?: Problem }) => end(error.data?.status ?? 0));
    });
  const tus: Entrance = (token) =>
    send('/api/v1/uploads', token, {
      method: 'POST',
      headers: {
        ...{ 'tus-resumable': '1.0.0', 'upload-length': '1' },
        'upload-metadata': `path ${Buffer.from('guessed').toString('base64')}`,
      },
    });

  it.each<[string, Entrance]>([
    ['a header', (token) => send('/api/v1/files', token)],
    ['signing in', signIn],
    ['a socket', socket],
    ['server-sent events', (token) => send('/api/v1/events/stream', token)],
    ['an upload in parts', tus],
  ])('by %s are slowed down and leave one warning; the right one is let in at once', async (_name, enter) => {
    // A burst of its own.
    time.advance(2 * minute);
    log = '';
    const statuses: number[] = [];
    const all = Array.from({ length: GUESSES }, async (_, n) =>
      statuses.push(await enter(`guess-${n}`.padEnd(32, 'x'))),
    );
    const atOnce = GUESSES - WAITING;
    await eventually(() => statuses.length === atOnce && time.waiting >= WAITING, {
      deadline: 60_000,
      what: 'those that need not wait',
    });
    expect([200, 201, 204]).toContain(await enter(node.token));
    expect(statuses).toHaveLength(atOnce);
    expect(atOnce).toBeGreaterThanOrEqual(FREE);
    time.advance(2000);
    await Promise.all(all);
    expect(new Set(statuses)).toEqual(new Set([401]));
    expect(log.split('a wrong token').length - 1).toBe(1);
  });
});
