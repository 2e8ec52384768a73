import fc from 'fast-check';
import { isLong } from '@dfs/testing';
import { Cluster } from './cluster.js';
import { History, type Step } from './history.suite.js';

const NODES = 3;
/** `DFS_LONG=1` takes the long form. */
const RUNS = isLong ? 2000 : 12;
/** Histories under way at a time: each waits more than it works. */
const LANES = isLong ? 5 : 3;

const node = fc.nat(NODES - 1);
const path = fc.nat(3);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('write' as const), node, path, content: fc.nat(9) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('delete', 'restore', 'choose'), node, path }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('move' as const), node, path, to: path }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('partition' as const), sides: fc.nat(2 ** NODES - 1) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('heal', 'settle') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const), node }) },
);

describe('random histories of writes, deletions, moves, partitions and restarts', () => {
  it(
    'converge: nothing acknowledged is lost, nothing deleted comes back, the last causal action wins',
    async () => {
      const history = fc.asyncProperty(
        fc.array(step, { minLength: 4, maxLength: 18 }),
        fc.nat(),
        async (steps, seed) => {
          const cluster = await Cluster.start(NODES, { seed });
          try {
            const run = new History(cluster);
            for (const each of steps) await run.take(each);
            await run.finish();
          } finally {
            await cluster.remove();
          }
        },
      );
      // A history that fails is told as it was: times are real, and a shorter one need not fail as well.
      const lanes = Array.from({ length: LANES }, () =>
        fc.assert(history, { numRuns: RUNS / LANES, endOnFailure: true }),
      );
      for (const lane of await Promise.allSettled(lanes)) if (lane.status === 'rejected') throw lane.reason;
    },
    RUNS * 20_000,
  );
});
