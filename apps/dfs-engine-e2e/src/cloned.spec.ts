import type { Health, Problem } from '@dfs/contracts';
import { eventually, removeAll, startEngine, startNetwork, tempDir, type Engine, type TempDir } from '@dfs/testing';
import { at, listed } from './steps.js';

const runs = async (node: Engine): Promise<Health['checks'][number] | undefined> => {
  const health = (await (await fetch(`${node.url}/health/ready`)).json()) as Health;
  return health.checks.find(({ name }) => name === 'runs');
};

const put = (node: Engine, path: string): Promise<Response> =>
  node.fetch(`/files/content?path=${path}`, { method: 'PUT', body: path });

describe('a data directory that was copied and is run twice', () => {
  let nodes: Engine[];
  let copy: Engine | undefined;
  let home: TempDir;

  beforeAll(async () => {
    // A heartbeat each two seconds, so that three of them are six.
    nodes = await startNetwork(3, { env: { DFS_GRACE: '6s' } });
    home = await tempDir('dfs-copy-');
  });
  afterAll(async () => {
    await removeAll([...nodes, ...(copy ? [copy] : [])]);
    await home.remove();
  });

  it('is noticed by the members, and the run that began later writes nothing until the other ends', async () => {
    const [founder, original] = [at(nodes, 0), at(nodes, 1)];
    await original.stop();
    const folder = await home.copy(original.dataDir, 'data');
    await original.start();
    await listed(founder, (await original.put('before.txt', 'one run')).path);
    for (const node of nodes) expect(await runs(node)).toMatchObject({ ok: true });
    // Members have heard the first for a while when the second comes.
    const began = (await original.node()).startedAt;
    await eventually(async () => (await original.node()).uptimeSeconds >= 8, {
      what: 'a few heartbeats',
    });
    expect((await original.node()).startedAt).toBe(began);
    const second = await startEngine({ name: 'copy', dataDir: folder, env: { DFS_GRACE: '6s' } });
    copy = second;
    expect((await second.node()).peerId).toBe((await original.node()).peerId);
    for (const node of [founder, at(nodes, 2), second]) {
      await eventually(async () => (await runs(node))?.ok === false, { what: `${node.name} tells`, deadline: 90_000 });
    }
    expect((await runs(founder))?.detail).toContain((await original.node()).peerId);
    const refused = await put(second, 'by-the-copy.txt');
    expect(refused.status).toBe(503);
    const problem = (await refused.json()) as Problem;
    expect(problem).toMatchObject({ code: 'cloned', retryable: true });
    const [address = ''] = (await original.node()).addresses;
    expect(problem.detail).toContain(address.replace(/\/p2p\/.*/, ''));
    expect((await put(original, 'by-the-original.txt')).status).toBe(201);
    await listed(founder, 'by-the-original.txt');
    await original.stop();
    await eventually(async () => (await runs(second))?.ok === true, { what: 'the copy is alone', deadline: 90_000 });
    await eventually(async () => (await put(second, 'alone.txt')).ok, { what: 'the copy writes' });
    await eventually(async () => (await runs(founder))?.ok === true, {
      what: 'the founder is content',
    });
  });
});
