import 'reflect-metadata';
import type {
  AnyEvent,
  FileInfo,
  FileList,
  Health,
  InviteInfo,
  PeerList,
  VoidVersionInfo,
  VoidVersionList,
} from '@dfs/contracts';
import { hour, minute, second, VirtualTime } from '@dfs/runtime';
import { eventually } from '@dfs/testing';
import { EventLog } from '@dfs/events';
import { startTestNode, type Answer, type TestNode } from '../testing/running-node.suite.js';

/** Members tell the time with a heartbeat, each minute, where the question in between went astray. */
const HEARD = 3 * minute;

describe('a node whose clock is days off from those of its peers, over HTTP', () => {
  let offset = 0;
  let peers: TestNode[] = [];
  let test: TestNode;
  /** By which it looks at itself; passes while the test waits. */
  const timers = new VirtualTime();
  const passing = { time: timers, step: 5 * second };
  beforeAll(async () => {
    peers = [await startTestNode({ DFS_NAME: 'peer' })];
    test = await startTestNode({}, { clock: { now: () => Date.now() + offset }, timers });
    await joined(test);
  });
  afterAll(async () => {
    for (const node of [test, ...peers]) await node.remove();
  });

  /** Until the one that joins is connected to all that are there. */
  async function joined(node: TestNode): Promise<void> {
    const { ticket } = (await peers[0]!.api('/network/invites', { json: {} })).json<InviteInfo>();
    expect((await node.api('/network/join', { json: { ticket } })).status).toBeLessThan(300);
    await eventually(async () => {
      const { items } = (await node.api('/peers')).json<PeerList>();
      return items.length > 1 && items.every(({ state }) => state === 'connected' || state === 'self');
    });
  }

  const put = (path: string, body: string): Promise<Answer> =>
    test.api(`/files/content?path=${path}`, { method: 'PUT', body });
  const clockCheck = async (node = test): Promise<Health['checks'][number] | undefined> =>
    (await node.call('/health/ready')).json<Health>().checks.find(({ name }) => name === 'clock');
  const told = async (): Promise<boolean[]> => {
    const { items } = await test.node.app.get(EventLog, { strict: false }).since(0, 1000);
    return items.flatMap((event: AnyEvent) =>
      event.type === 'node.warning' && event.data.code === 'clock-skew' ? [event.data.active] : [],
    );
  };

  it('goes on writing while there is one other, and both say by how much they differ', async () => {
    const [peer] = peers as [TestNode];
    offset = 80 * hour;
    for (const node of [test, peer]) {
      await eventually(async () => (await clockCheck(node))?.ok === false, {
        deadline: HEARD,
        what: 'health shows it',
      });
    }
    expect((await clockCheck())?.detail).toContain(
      '80 hours ahead of 1 of the 1 members heard from lately. Either may',
    );
    expect((await clockCheck(peer))?.detail).toContain('80 hours behind 1 of the 1 members');
    expect((await put('ahead.txt', 'ahead')).status).toBe(201);
    expect((await peer.api('/files/content?path=behind.txt', { method: 'PUT', body: 'behind' })).status).toBe(201);
    // At the other it waits for its time, is shown, and is adopted by a person.
    const waiting = async (): Promise<VoidVersionInfo[]> =>
      (await peer.api('/void-versions')).json<VoidVersionList>().items;
    await eventually(async () => (await waiting()).length === 1, { deadline: HEARD, what: 'it is listed' });
    const [listed] = await waiting();
    expect(listed).toMatchObject({ path: 'ahead.txt', reason: 'future' });
    expect((await peer.api(`/void-versions/${listed!.version}/adopt`, { method: 'POST' })).status).toBeLessThan(300);
    offset = 0;
    await eventually(async () => (await clockCheck())?.ok, { deadline: HEARD, what: 'health is well' });
    await eventually(async () => (await test.api('/files?prefix=ahead.txt')).json<FileList>().total === 1);
  });

  it('refuses every write with 503 `clock-skew` once two others agree, reads, shows it in health and events, and goes on by itself', async () => {
    const third = await startTestNode({ DFS_NAME: 'third' });
    peers.push(third);
    await joined(third);
    const before = (await told()).length;
    const file = (await put('kept.txt', 'kept')).json<FileInfo>();
    const gone = (await put('gone.txt', 'gone')).json<FileInfo>();
    expect((await test.api(`/files/${gone.id}`, { method: 'DELETE' })).status).toBe(204);
    expect(await clockCheck()).toMatchObject({ ok: true });

    offset = 80 * hour;
    await eventually(async () => (await clockCheck())?.ok === false, { deadline: HEARD, what: 'health shows it' });
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
      expect(problem.detail).toContain('80 hours ahead of 2 of the 2 members heard from lately. Set the clock right');
    }
    expect((await test.api(`/files/${file.id}/content`)).text).toBe('kept');
    await eventually(async () => (await told()).length === before + 1, { passing, what: 'it is told' });

    // A person knows better, until the clock is set again.
    expect((await test.api('/node/clock', { json: { right: false } })).problem.code).toBe('validation-failed');
    expect((await test.api('/node/clock', { json: { right: true } })).status).toBe(204);
    expect((await put('sure.txt', 'sure')).status).toBe(201);
    offset = 81 * hour;
    await eventually(async () => (await put('sure.txt', 'no more')).status === 503, { deadline: HEARD });

    offset = 0;
    await eventually(async () => (await clockCheck())?.ok, { deadline: HEARD, what: 'health is well' });
    expect((await put('new.txt', 'new')).status).toBe(201);
    await eventually(async () => (await told()).at(-1) === false, { passing, what: 'its end is told' });
    expect((await told()).slice(before, before + 2)).toEqual([true, false]);
    expect((await test.call('/metrics', { headers: { authorization: `Bearer ${test.node.token}` } })).text).toContain(
      'dfs_catalogue_forks 0',
    );
  });
});
