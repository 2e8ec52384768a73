import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { connected, corrupt, eventually, removeAll, startNetwork, type Engine } from '@dfs/testing';
import { allFiles, at, check } from './steps.js';

const FILES = 12;

describe('a member that comes back with rotten packs', () => {
  let nodes: Engine[] = [];
  afterEach(() => removeAll(nodes));

  it('promises nothing of them before they are healed: nobody lets go of the only copy', async () => {
    nodes = await startNetwork(2, { env: { DFS_REPLICAS: '2', DFS_GRACE: '5s' } });
    const [well, rotten] = [at(nodes, 0), at(nodes, 1)];
    const bytes = Array.from({ length: FILES }, () => randomBytes(30_000));
    for (const [index, each] of bytes.entries()) await well.put(`f/${index}`, each);
    const copies = async (count: number): Promise<boolean> =>
      (await allFiles(well)).every(({ replication }) => replication.copies === count);
    await eventually(() => copies(2), { what: 'two copies of each' });

    await rotten.kill();
    for (const each of bytes) await corrupt(join(rotten.dataDir, 'chunks'), each);
    // From now on one copy is enough: each member lets go of what the other should hold, once that has promised it.
    const body = JSON.stringify({ replicas: 1 });
    const headers = { 'content-type': 'application/json' };
    await well.json('/settings', { method: 'PATCH', headers, body });
    await rotten.start();
    await connected(nodes);
    await eventually(() => copies(1), { deadline: 180_000, poll: 500, what: 'one copy of each' });

    // Reads and hashes everything: what is promised must be right. Blocks that nobody promises are cache, rotten or not.
    for (const node of nodes) {
      await node.stop();
      const { problems } = JSON.parse((await check(node.dataDir, '--json')).out) as { problems: { area: string }[] };
      expect(problems.filter(({ area }) => area === 'pins')).toEqual([]);
    }
  });
});
