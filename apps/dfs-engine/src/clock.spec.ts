import 'reflect-metadata';
import type { AnyEvent, FileInfo, Health, InviteInfo, PeerList } from '@dfs/contracts';
import { hour } from '@dfs/protocol';
import { eventually } from '@dfs/testing';
import { EventLog } from '@dfs/events';
import { startTestNode, type Answer, type TestNode } from './running-node.suite.js';

describe('a node whose clock is days off from that of its only peer, over HTTP', () => {
  let offset = 0;
  let peer: TestNode;
  let test: TestNode;
  beforeAll(async () => {
    peer = await startTestNode({ DFS_NAME: 'peer' });
    test = await startTestNode({}, { clock: { now: () => Date.now() + offset } });
    const { ticket } = (await peer.api('/network/invites', { json: {} })).json<InviteInfo>();
    expect((await test.api('/network/join', { json: { ticket } })).status).toBeLessThan(300);
    await eventually(async () => {
      const { items } = (await test.api('/peers')).json<PeerList>();
      return items.some(({ state }) => state === 'connected');
    });
  });
  afterAll(async () => {
    await test.remove();
    await peer.remove();
  });

  const put = (path: string, body: string): Promise<Answer> =>
    test.api(`/files/content?path=${path}`, { method: 'PUT', body });
  const clockCheck = async (): Promise<Health['checks'][number] | undefined> =>
    (await test.call('/health/ready')).json<Health>().checks.find(({ name }) => name === 'clock');
  const told = async (): Promise<boolean[]> => {
    const { items } = await test.node.app.get(EventLog, { strict: false }).since(0, 1000);
    return items.flatMap((event: AnyEvent) =>
      event.type === 'node.warning' && event.data.code === 'clock-skew' ? [event.data.active] : [],
    );
  };

  it('refuses every write with 503 `clock-skew`, reads, shows it in health and events, and goes on by itself', async () => {
    const file = (await put('kept.txt', 'kept')).json<FileInfo>();
    const gone = (await put('gone.txt', 'gone')).json<FileInfo>();
    expect((await test.api(`/files/${gone.id}`, { method: 'DELETE' })).status).toBe(204);
    expect(await clockCheck()).toMatchObject({ ok: true });

    offset = 80 * hour;
    await eventually(async () => (await clockCheck())?.ok === false, { deadline: 20_000, what: 'health shows it' });
    const boundary = 'x-x-x';
    const part = `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\na\r\n--${boundary}--\r\n`;
    const headers = { 'content-type': `multipart/form-data; boundary=${boundary}` };
    const answers = await Promise.all([
      put('new.txt', 'new'),
      put('kept.txt', 'kept'),
      test.api('/files', { method: 'POST', headers, body: part }),
      test.api(`/files/${file.id}`, { method: 'DELETE' }),
      test.api(`/files/${gone.id}/restore`, { method: 'POST' }),
      test.api(`/files/${file.id}/move`, { json: { path: 'moved.txt' } }),
      test.api(`/files/${file.id}/choose`, { json: { version: file.version } }),
    ]);
    for (const { status, problem } of answers) {
      expect({ status, code: problem.code }).toEqual({ status: 503, code: 'clock-skew' });
      expect(problem.detail).toContain('80 hours ahead of 1 of the 1 members heard from lately. Set the clock right');
    }
    expect((await test.api(`/files/${file.id}/content`)).text).toBe('kept');
    await eventually(async () => (await told()).length === 1, { deadline: 15_000, what: 'it is told' });

    offset = 0;
    await eventually(async () => (await clockCheck())?.ok, { deadline: 20_000, what: 'health is well' });
    expect((await put('new.txt', 'new')).status).toBe(201);
    await eventually(async () => (await told()).length === 2, { deadline: 15_000, what: 'its end is told' });
    expect(await told()).toEqual([true, false]);
    expect((await test.call('/metrics', { headers: { authorization: `Bearer ${test.node.token}` } })).text).toContain(
      'dfs_catalogue_forks 0',
    );
  }, 90_000);
});
