import { hour, KiB } from '@dfs/runtime';
import { VOID_PROTOCOL } from '@dfs/protocol';
import { eventually } from '@dfs/testing';
import { tallyOf } from '../../testing/many.js';
import { testNetwork, type SyncedNode, type TestNetwork } from '../../testing/network.js';
import { fileDraft, recordOf, START, testSigner } from '../../testing/nodes.js';
import { recount } from '../index.js';

const dora = testSigner(50);
type Three = [SyncedNode, SyncedNode, SyncedNode];

/** So many files by Dora. */
const written = (count: number, from = 0) =>
  Array.from({ length: count }, (_, n) =>
    recordOf(dora, { path: `dora/${from + n}`, clock: { ms: START - 9 * hour, counter: from + n } }),
  );
const remove = async (nodes: readonly SyncedNode[]): Promise<void> => {
  for (const node of nodes) {
    node.members.remove(dora.peerId, null);
    await node.catalogue.judgeNow();
  }
};
const voids = (node: SyncedNode): number => node.catalogue.voids.records.root().count;
const know = (nodes: readonly SyncedNode[], count: number): Promise<unknown> =>
  eventually(() => nodes.every((node) => voids(node) === count), {
    what: `${count} void versions everywhere`,
  });

describe('void records', () => {
  let network: TestNetwork;
  let nodes: Three;
  beforeEach(async () => {
    network = await testNetwork(3);
    nodes = network.nodes as Three;
    for (const node of nodes) node.members.admit(dora.peerId);
  });
  afterEach(() => network[Symbol.asyncDispose]());

  it('come to members that have never heard of them, from one that was cut off with their author', async () => {
    const [a, b, c] = nodes;
    await c.catalogue.receive(written(300), dora.peerId);
    await a.write(fileDraft('a', 1));
    expect((await c.catalogue.totals()).count).toBe(300);
    await remove([a, b, c]);
    expect(nodes.map(voids)).toEqual([0, 0, 300]);
    network.groups([a, b, c]);
    network.heartbeat();
    await know(nodes, 300);
    await network.converged();
    for (const node of nodes) {
      expect((await node.catalogue.totals()).count).toBe(1);
      expect((await node.catalogue.voids.list({ limit: 1000 })).items).toEqual(
        (await c.catalogue.voids.list({ limit: 1000 })).items,
      );
      expect((await recount(node.db)).miscounts).toEqual([]);
    }
  });

  it('come as soon as they are void, and cost what the difference costs', async () => {
    const [a, b, c] = nodes;
    await remove([a, b]);
    const old = written(2000);
    for (const node of nodes) await node.catalogue.receive(old, dora.peerId);
    await c.catalogue.receive(written(10, 2000), dora.peerId);
    await remove([c]);
    const tallies = nodes.map(({ transport }) => tallyOf(transport));
    network.groups([a, b, c]);
    network.heartbeat();
    await know(nodes, 2010);
    await network.converged();
    // The 2,000 that all have are some 600 KiB.
    expect(tallies.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThan(200 * KiB);
  });

  it('are no longer compared once all have the same, also where one counts them again', async () => {
    const [a, b, c] = nodes;
    await c.catalogue.receive(written(50), dora.peerId);
    await remove([a, b, c]);
    network.groups([a, b, c]);
    network.heartbeat();
    await know(nodes, 50);
    await network.converged();
    for (const node of nodes) node.members.admit(dora.peerId);
    for (const node of nodes) await node.catalogue.judgeNow();
    await know(nodes, 0);
    await network.converged();
    expect((await b.catalogue.totals()).count).toBe(50);
    let compared = 0;
    for (const { transport } of nodes) {
      const open = transport.open.bind(transport);
      transport.open = (peerId, protocol, options) => {
        if (protocol === VOID_PROTOCOL) compared++;
        return open(peerId, protocol, options);
      };
    }
    for (let round = 0; round < 5; round++) network.heartbeat();
    await a.write(fileDraft('end', 1));
    await eventually(async () => (await c.catalogue.byPath('end')) !== undefined);
    expect(compared).toBe(0);
  });
});
