import 'reflect-metadata';
import type { EventPage, FileInfo, FileList, Settings, VersionList } from '@dfs/contracts';
import { Placement } from '@dfs/placement';
import { eventually } from '@dfs/testing';
import { startTestNode, type Answer, type TestNode } from '../testing/running-node.suite.js';

describe('what is past retention, over HTTP', () => {
  let test: TestNode;
  beforeAll(async () => (test = await startTestNode({ DFS_RETENTION: '1h' })));
  afterAll(() => test.remove());

  const put = async (path: string, body: string): Promise<FileInfo> =>
    (await test.api(`/files/content?path=${path}`, { method: 'PUT', body })).json<FileInfo>();
  const remove = (file: { id: string }): Promise<Answer> => test.api(`/files/${file.id}`, { method: 'DELETE' });
  const restore = (file: { id: string }): Promise<Answer> => test.api(`/files/${file.id}/restore`, { method: 'POST' });
  const content = ({ id, version }: FileInfo): Promise<Answer> => test.api(`/files/${id}/content?version=${version}`);
  const deleted = async (path: string): Promise<FileInfo> => {
    const { items } = (await test.api('/files?state=deleted')).json<FileList>();
    return items.find((file) => file.path === path)!;
  };
  const isPurged = (path: string): Promise<unknown> =>
    eventually(async () => (await deleted(path)).purge?.purged === 1, { what: `${path} purged` });

  it('is purged by itself, told, counted, and no longer to be had; an owner says when', async () => {
    const file = await put('gone.txt', 'gone');
    const twin = await put('twin.txt', 'twins');
    await put('other.txt', 'twins');
    await remove(file);
    expect(await deleted('gone.txt')).toMatchObject({
      purge: { purged: 0, kept: 0, members: 1, waitingFor: [{ name: expect.any(String) as string }] },
    });
    expect((await content(file)).text).toBe('gone');
    await remove(twin);
    const json = { retentionSeconds: 1 };
    expect((await test.api('/settings', { method: 'PATCH', json })).json<Settings>()).toMatchObject(json);
    await isPurged('gone.txt');
    expect((await deleted('gone.txt')).purge).toEqual({ purged: 1, kept: 0, members: 1, waitingFor: [] });
    await eventually(async () => (await deleted('twin.txt')).purge?.kept === 1);
    const versions = (await test.api(`/files/${file.id}/versions`)).json<VersionList>();
    expect(versions.items).toMatchObject([
      { kind: 'deletion', purged: false, purge: { purged: 1, members: 1 } },
      { kind: 'file', purged: true },
    ]);
    expect((await content(file)).problem).toMatchObject({ code: 'purged', status: 410, retryable: false });
    expect((await content(twin)).text).toBe('twins');
    const { items } = (await test.api('/events')).json<EventPage>();
    const told = items.flatMap((event) => (event.type === 'file.purged' ? event.data.files : []));
    expect(told.map(({ path }) => path)).toEqual(['gone.txt']);
    await test.node.app.get(Placement, { strict: false }).reclaim(0);
    expect((await restore(file)).problem).toMatchObject({ code: 'purged', status: 410 });
    expect((await test.api('/files')).json<FileList>().items.map(({ path }) => path)).toEqual(['other.txt']);
  });

  it('is kept again when it is brought back before the bytes are gone', async () => {
    const file = await put('back.txt', 'back again');
    await remove(file);
    await isPurged('back.txt');
    const answer = await restore(file);
    expect([answer.status, answer.json<FileInfo>().replication.copies]).toEqual([200, 1]);
    await test.node.app.get(Placement, { strict: false }).reclaim(0);
    expect((await test.api(`/files/${file.id}/content`)).text).toBe('back again');
  });

  it('is what the settings of the network say', async () => {
    const json = { retentionSeconds: 3600, retainedVersions: 7, replicas: 2 };
    const answer = await test.api('/settings', { method: 'PATCH', json });
    expect([answer.status, answer.json<Settings>()]).toMatchObject([200, json]);
    expect((await test.api('/settings')).json<Settings>()).toMatchObject(json);
    const file = await put('kept.txt', 'kept');
    await remove(file);
    const { items } = (await test.api('/files?state=deleted&prefix=kept')).json<FileList>();
    expect(items[0]!.purge!.purged).toBe(0);
    expect((await content(file)).text).toBe('kept');
    const wrong = await test.api('/settings', { method: 'PATCH', json: { retainedVersions: 0 } });
    expect([wrong.status, wrong.problem.errors?.[0]?.field]).toEqual([400, 'retainedVersions']);
  });
});
