import { seededRandom } from '@dfs/testing';
import { testNetwork, type SyncedNode } from '../../testing/network.js';
import { dump, fileDraft } from '../../testing/nodes.js';

const SEEDS = [1, 2, 3, 4];
const STEPS = 25;

/** Random writes, deletions, partitions and joins of groups; at the end all meet. */
describe.each(SEEDS)('a random history, seed %i', (seed) => {
  it('ends in equal catalogues, with nothing lost that was not replaced', async () => {
    const random = seededRandom(seed);
    await using network = await testNetwork(4);
    const { nodes } = network;
    const written = new Set<string>();
    for (let step = 0; step < STEPS; step++) {
      const node = random.pick(nodes);
      const path = random.pick(['a', 'b', 'c/d', 'c']);
      const dice = random.next();
      if (dice < 0.55) {
        node.clock.advance(random.int(0, 50));
        const [commit] = await node.write(
          fileDraft(path, random.int(0, 5), random.next() < 0.2 ? { replaces: 'all' } : {}),
        );
        if (commit?.outcome !== 'unchanged') written.add(commit!.entry.recordId);
      } else if (dice < 0.75) {
        if ((await node.catalogue.byPath(path))?.deleted === false) {
          const [commit] = await node.write({ kind: 'deletion', path });
          written.add(commit!.entry.recordId);
        }
      } else if (dice < 0.9) {
        const groups: SyncedNode[][] = [[], []];
        for (const each of nodes) random.pick(groups).push(each);
        network.groups(...groups);
      } else {
        network.groups(nodes);
        network.heartbeat();
      }
    }
    network.groups([]);
    network.groups(nodes);
    await network.converged();
    const wanted = await dump(nodes[0]!);
    for (const node of nodes) {
      await node.catalogue.judgeNow();
      expect(await dump(node)).toEqual(wanted);
    }
    const { records } = wanted as { records: { id: string }[] };
    expect(new Set(records.map((record) => record.id))).toEqual(written);
  });
});
