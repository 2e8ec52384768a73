import type { EventPage, FileList, PurgeInfo } from '@dfs/contracts';
import { connected, eventually, removeAll, startNetwork, type Engine } from '@dfs/testing';

describe('what is past retention', () => {
  let nodes: Engine[] = [];
  afterEach(() => removeAll(nodes));

  const purgeOf = async (node: Engine, path: string): Promise<PurgeInfo | undefined> => {
    const { items } = await node.json<FileList>(`/files?state=deleted&prefix=${path}`);
    return items[0]?.purge;
  };
  const sees = (node: Engine, path: string, expected: object): Promise<unknown> =>
    eventually(
      async () => {
        const purge = await purgeOf(node, path);
        const waitingFor = purge?.waitingFor.map(({ name }) => name);
        expect({ ...purge, waitingFor }).toMatchObject(expected);
        return true;
      },
      { poll: 100, what: `${node.name} sees how far ${path} is purged` },
    );
  async function putAndDelete(by: Engine, path: string): Promise<string> {
    const { id } = await by.put(path, `bytes of ${path}`);
    await eventually(async () => (await by.file(id)).replication.state === 'safe');
    expect((await by.fetch(`/files/${id}`, { method: 'DELETE' })).status).toBe(204);
    return id;
  }

  it('goes from every node, each says so to all, and a node that was killed says so when it is back', async () => {
    nodes = await startNetwork(3, { env: { DFS_RETENTION: '2s', DFS_GRACE: '5s' } });
    const [a, b, c] = nodes as [Engine, Engine, Engine];
    await putAndDelete(a, 'one.txt');
    for (const node of nodes) await sees(node, 'one.txt', { purged: 3, kept: 0, members: 3, waitingFor: [] });
    const { items } = await c.json<EventPage>('/events');
    expect(items.filter(({ type }) => type === 'file.purged')).toHaveLength(1);

    const { id } = await a.put('two.txt', 'two');
    await eventually(async () => (await a.file(id)).replication.state === 'safe');
    await c.kill();
    expect((await b.fetch(`/files/${id}`, { method: 'DELETE' })).status).toBe(204);
    for (const node of [a, b]) {
      await sees(node, 'two.txt', { purged: 2, kept: 0, members: 3, waitingFor: [c.name] });
      expect((await purgeOf(node, 'two.txt'))!.waitingFor[0]!.lastSeenAt).not.toBeNull();
    }
    expect((await a.fetch(`/files/${id}/content`)).status).toBe(404);
    await c.start();
    await connected(nodes);
    for (const node of nodes) await sees(node, 'two.txt', { purged: 3, kept: 0, members: 3, waitingFor: [] });
    for (const node of nodes) await sees(node, 'one.txt', { purged: 3, kept: 0, members: 3, waitingFor: [] });
    for (const node of nodes) expect((await node.json<FileList>('/files')).total).toBe(0);
  });
});
