import { get, type IncomingMessage } from 'node:http';
import { io } from 'socket.io-client';
import type { AnyEvent, MadeKey } from '@dfs/contracts';
import { eventually } from '@dfs/testing';
import { startTestNode, type TestNode } from '../testing/running-node.suite.js';

describe('the stream of events', () => {
  let test: TestNode;
  beforeAll(async () => (test = await startTestNode()));
  afterAll(() => test.remove());

  /** The text that has come, until it ends. */
  const listen = (query: string, headers: Record<string, string>): Promise<{ text: string; ended: boolean }> =>
    new Promise((resolve, reject) => {
      const path = `/api/v1/events/stream${query}`;
      get({ host: '127.0.0.1', port: test.port, path, headers }, (answer: IncomingMessage) => {
        if (answer.statusCode !== 200) return reject(new Error(String(answer.statusCode)));
        const heard = { text: '', ended: false };
        answer.setEncoding('utf8').on('data', (part: string) => (heard.text += part));
        answer.on('close', () => (heard.ended = true)).on('error', () => undefined);
        resolve(heard);
      }).on('error', reject);
    });
  const put = (path: string) => test.api(`/files/content?path=${path}`, { method: 'PUT', body: path });
  const key = async (prefix?: string): Promise<MadeKey> =>
    (await test.api('/keys', { json: { name: 'ear', scope: 'read', ...(prefix && { prefix }) } })).json<MadeKey>();

  it('is for the token and for keys, ends with a key, and tells it what it sees', async () => {
    const made = await key('seen');
    const whole = await listen('?topics=file', { authorization: `Bearer ${test.node.token}` });
    const part = await listen('', { authorization: `Bearer ${made.token}` });
    await eventually(() => [whole, part].every(({ text }) => text.includes('event: ready')));
    await put('unseen/a');
    await put('seen/b');
    await eventually(() => [whole, part].every(({ text }) => text.includes('seen/b')));
    expect(whole.text).toContain('unseen/a');
    expect(part.text).not.toContain('unseen');
    await test.api(`/keys/${made.id}`, { method: 'DELETE' });
    await eventually(() => part.ended);
    expect(whole.ended).toBe(false);
    // Events that came are not told again.
    const [last] = [...whole.text.matchAll(/^id: (.*)$/gm)].slice(-1).map((match) => match[1] ?? '');
    const again = await listen('', { authorization: `Bearer ${test.node.token}`, 'last-event-id': String(last) });
    await eventually(() => again.text.includes('event: ready'));
    expect(again.text).not.toContain('event: file.uploaded');
  });

  it('refuses a cookie, an unknown topic, and an id that is none', async () => {
    const signedIn = await test.call('/api/v1/session', { json: { token: test.node.token } });
    const cookie = String(signedIn.headers['set-cookie']).split(';')[0] ?? '';
    expect((await test.call('/api/v1/events/stream', { headers: { cookie } })).status).toBe(401);
    expect((await test.api('/events/stream?topics=weather')).status).toBe(400);
    expect((await test.api('/events/stream?after=yesterday')).status).toBe(400);
    expect((await test.api('/events/stream', { headers: { 'last-event-id': '???' } })).status).toBe(400);
    expect((await test.api('/events/stream', { method: 'HEAD' })).status).toBe(200);
  });

  it('by sockets takes topics too', async () => {
    const heard: AnyEvent[] = [];
    const auth = { token: test.node.token, topics: 'file.deleted' };
    const socket = io(`http://127.0.0.1:${test.port}/events`, { auth, reconnection: false });
    socket.on('event', (event: AnyEvent) => heard.push(event));
    await new Promise((resolve, reject) => socket.once('ready', resolve).once('connect_error', reject));
    const { id } = (await put('topic')).json<{ id: string }>();
    await test.api(`/files/${id}`, { method: 'DELETE' });
    await eventually(() => heard.length > 0);
    expect(heard.map(({ type }) => type)).toEqual(['file.deleted']);
    socket.disconnect();
    const wrong = io(`http://127.0.0.1:${test.port}/events`, {
      auth: { ...auth, topics: 'weather' },
      reconnection: false,
      forceNew: true,
    });
    const error = await new Promise<Error>((resolve) => wrong.once('connect_error', resolve));
    expect(error.message).toBe('validation-failed');
    wrong.disconnect();
  });
});
