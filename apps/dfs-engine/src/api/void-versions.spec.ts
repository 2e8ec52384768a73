import 'reflect-metadata';
import type { FileInfo, InviteInfo, NodeInfo, VoidVersionList } from '@dfs/contracts';
import { Peers } from '@dfs/peers';
import { eventually } from '@dfs/testing';
import { startTestNode, type Answer, type TestNode } from '../testing/running-node.suite.js';

describe('void versions, over HTTP', () => {
  const nodes: TestNode[] = [];
  let test: TestNode;
  let removed: NodeInfo;
  const files = new Map<string, FileInfo>();
  afterAll(async () => {
    for (const node of nodes) await node.remove();
  });

  const put = async (node: TestNode, path: string, body: string): Promise<FileInfo> =>
    (await node.api(`/files/content?path=${path}`, { method: 'PUT', body })).json<FileInfo>();
  const list = async (query = ''): Promise<VoidVersionList> =>
    (await test.api(`/void-versions${query}`)).json<VoidVersionList>();
  const adopt = (version: string): Promise<Answer> => test.api(`/void-versions/${version}/adopt`, { method: 'POST' });
  const content = async (path: string): Promise<string> => {
    const { id } = files.get(path)!;
    return (await test.api(`/files/${id}/content`)).text;
  };

  beforeAll(async () => {
    test = await startTestNode();
    nodes.push(test);
    const { ticket } = (await test.api('/network/invites', { method: 'POST', json: {} })).json<InviteInfo>();
    const member = await startTestNode({ DFS_JOIN: ticket, DFS_NAME: 'the one removed' });
    nodes.push(member);
    removed = (await member.api('/node')).json<NodeInfo>();
    files.set('mine.txt', await put(test, 'mine.txt', 'base'));
    await eventually(async () => (await member.api(`/files/${files.get('mine.txt')!.id}`)).status === 200);
    await put(member, 'mine.txt', 'changed');
    for (const path of ['x/one.txt', 'x/two.txt', 'y/three.txt'])
      files.set(path, await put(member, path, `bytes of ${path}`));
    for (const { id } of files.values()) {
      const isHere = async (): Promise<boolean> =>
        (await test.api(`/files/${id}`)).json<FileInfo>().replication?.copies === 2;
      await eventually(isHere, { what: 'the bytes here' });
    }
    await eventually(async () => (await content('mine.txt')) === 'changed');
    // As where the owner was cut off from the member, and so knew of nothing that it wrote.
    test.node.app.get(Peers, { strict: false }).setLastRecordOf(() => Promise.resolve(null));
    expect((await test.api(`/peers/${removed.peerId}?confirm=true`, { method: 'DELETE' })).status).toBe(204);
    await eventually(async () => (await list()).total === 4, { what: 'void versions' });
  });

  it('are listed newest first, by pages, by author and by prefix', async () => {
    const all = await list();
    expect(all.items.map(({ path }) => path)).toEqual(['y/three.txt', 'x/two.txt', 'x/one.txt', 'mine.txt']);
    const { id, contentId, size, mediaType, version, modifiedAt } = files.get('x/two.txt')!;
    expect(all.items[1]).toEqual({
      ...{ version, fileId: id, path: 'x/two.txt', kind: 'file', contentId, size, mediaType, modifiedAt },
      ...{ author: removed.peerId, authorName: 'the one removed', reason: 'removed', adoptedAs: null, purged: false },
    });
    expect((await test.api(`/files/${id}`)).status).toBe(404);
    const first = await list('?limit=3');
    const second = await list(`?limit=3&cursor=${first.nextCursor}`);
    expect([...first.items, ...second.items]).toEqual(all.items);
    expect([first.total, second.total, second.nextCursor]).toEqual([4, 4, null]);
    expect((await list('?prefix=x/')).items).toEqual(all.items.slice(1, 3));
    expect((await list(`?author=${removed.peerId}`)).total).toBe(4);
    const { peerId } = (await test.api('/node')).json<NodeInfo>();
    expect(await list(`?author=${peerId}`)).toEqual({ items: [], nextCursor: null, total: 0 });
    for (const wrong of [
      'limit=0',
      'limit=1001',
      'author=x',
      'cursor=x',
      'zz=1',
      `prefix=x&cursor=${first.nextCursor}`,
    ]) {
      const { status, problem } = await test.api(`/void-versions?${wrong}`);
      expect([wrong, status, problem.errors?.[0]?.field]).toEqual([wrong, 400, wrong.match(/(\w+)=[^=]*$/)![1]]);
    }
  });

  it('are adopted by this node: the file is there with its bytes, and what was written since is a conflict', async () => {
    const { version, contentId, id } = files.get('x/one.txt')!;
    const answer = await adopt(version);
    expect(answer.status).toBe(200);
    const file = answer.json<FileInfo>();
    expect(file).toMatchObject({ id, path: 'x/one.txt', contentId, deleted: false, conflict: false });
    expect([answer.headers.etag, answer.headers.location]).toEqual([`"${contentId}"`, `/api/v1/files/${id}`]);
    expect(await content('x/one.txt')).toBe('bytes of x/one.txt');
    const again = await adopt(version);
    expect([again.status, again.json<FileInfo>().version]).toEqual([200, file.version]);
    expect((await list('?prefix=x/one')).items).toMatchObject([{ version, adoptedAs: file.version }]);

    // It replaced what was there before; what has been written since stays.
    await put(test, 'mine.txt', 'changed here');
    const [edit] = (await list('?prefix=mine')).items;
    expect((await adopt(edit!.version)).json<FileInfo>()).toMatchObject({ path: 'mine.txt', conflict: true });
    expect(await content('mine.txt')).toBe('changed');
  });

  it('are refused where there are none, or the id is none', async () => {
    const mine = (await test.api(`/files/${files.get('mine.txt')!.id}`)).json<FileInfo>();
    for (const version of ['0'.repeat(64), mine.version]) {
      expect((await adopt(version)).problem).toMatchObject({ status: 404, code: 'not-found', retryable: false });
    }
    expect((await adopt('x')).problem).toMatchObject({ status: 400, errors: [{ field: 'version' }] });
  });
});
