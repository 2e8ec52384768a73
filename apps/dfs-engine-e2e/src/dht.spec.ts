import type { DhtInfo, ProviderList } from '@dfs/contracts';
import { eventually, removeAll, startEngine, startNetwork, type Engine } from '@dfs/testing';
import { at, contentHash, listed, patternHash, putPattern } from './steps.js';

const SIZE = 3 * 1024 * 1024;

describe('the DHT', () => {
  let nodes: Engine[] = [];
  afterEach(() => removeAll(nodes));

  const lagOf = async (node: Engine): Promise<string | undefined> => {
    const answer = await fetch(`${node.url}/metrics`, { headers: { authorization: `Bearer ${node.token}` } });
    return /^dfs_dht_provide_lag_seconds (\S+)$/m.exec(await answer.text())?.[1];
  };

  it('names the holders of a file, and says how late it is with that', async () => {
    nodes = await startNetwork(3, { env: { DFS_REPLICAS: '1' } });
    const [a, c] = [at(nodes, 0), at(nodes, 2)];
    const { contentId } = await putPattern(a, 'named.bin', SIZE);
    await eventually(async () => (await c.json<ProviderList>(`/dht/providers/${contentId}`)).providers.length > 0, {
      poll: 250,
    });
    await eventually(async () => (await a.json<DhtInfo>('/dht')).routingTableSize > 0, { what: 'others in its table' });
    const { enabled, provide } = await a.json<DhtInfo>('/dht');
    expect([enabled, provide.lagSeconds >= 0]).toEqual([true, true]);
    expect(Number(await lagOf(a))).toBeGreaterThanOrEqual(0);
  });

  it('is not needed: with it off a file is read from the node that has it', async () => {
    nodes = await startNetwork(2, { env: { DFS_REPLICAS: '1', DFS_DHT: 'off' } });
    const [a, b] = [at(nodes, 0), at(nodes, 1)];
    await putPattern(a, 'without.bin', SIZE);
    expect(await contentHash(b, await listed(b, 'without.bin'))).toBe(patternHash(SIZE));
    for (const node of nodes) {
      expect(await node.json<DhtInfo>('/dht')).toMatchObject({ enabled: false, routingTableSize: 0 });
      expect(await lagOf(node)).toBe('0');
    }
  });

  it('is told, once it is on, of what was stored while it was off', async () => {
    const off = await startEngine({ env: { DFS_DHT: 'off' } });
    nodes = [off];
    await putPattern(off, 'before.bin', SIZE);
    await off.stop();
    const on = await startEngine({ dataDir: off.dataDir });
    nodes = [off, on];
    await eventually(async () => (await on.json<DhtInfo>('/dht')).provide.queued === 1);
  });
});
