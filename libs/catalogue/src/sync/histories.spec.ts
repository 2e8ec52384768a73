import { isDfsError } from '@dfs/runtime';
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
        // The time that is shown is the author's: no clock of those that get the record is behind it.
        const passed = random.int(0, 50);
        for (const each of nodes) each.clock.advance(passed);
        const draft = fileDraft(path, random.int(0, 5), random.next() < 0.2 ? { replaces: 'all' } : {});
        const [commit] = await node.write(draft).catch((error: unknown) => {
          // A path is a file or a folder: `c/d` has no place where `c` is a file.
          if (isDfsError(error, 'path-taken')) return [];
          throw error;
        });
        if (commit && commit.outcome !== 'unchanged') written.add(commit.entry.recordId);
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
