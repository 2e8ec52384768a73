import { MiB, second } from '@dfs/runtime';
import { eventually, isLong } from '@dfs/testing';
import { setOf, tallyOf, watchMemory, type PreparedDatabase, type StreamTally } from '../../../testing/many.js';
import { testNetwork, type TestNetwork } from '../../../testing/network.js';
import { fileDraft } from '../../../testing/nodes.js';

const RECORDS = isLong ? 1_000_000 : 100_000;
/** Of the whole process, both nodes and the test, beyond what it used before. */
const MAX_GROWTH = 300 * MiB;
/** Long enough for the one exchange to end: only one side begins. */
const SETTLE = 10 * second;
/** Of both sides together. */
const DIFFERENCES = 100;

/** The exchange of two nodes when they meet, both ways. */
async function meeting(network: TestNetwork): Promise<StreamTally> {
  const tallies = network.nodes.map((node) => tallyOf(node.transport));
  network.groups(network.nodes);
  const total = (key: keyof StreamTally): number => tallies.reduce((sum, tally) => sum + tally[key], 0);
  await network.converged();
  await eventually(() => total('streams') > 0 && total('ended') === total('streams'), {
    what: 'the end of an exchange',
  });
  const keys = ['bytes', 'roundTrips', 'streams', 'ended'] as const;
  return Object.fromEntries(keys.map((key) => [key, total(key)])) as unknown as StreamTally;
}

function print(what: string, { bytes, roundTrips }: StreamTally): void {
  process.stdout.write(`    ${RECORDS} records, ${what}: ${bytes} bytes both ways, ${roundTrips} round trips\n`);
}

describe(`sets of ${RECORDS} records`, () => {
  let many: PreparedDatabase;

  beforeAll(async () => {
    many = await setOf(RECORDS);
  }, 900_000);

  afterAll(() => many[Symbol.asyncDispose]());

  it('cost little to bring together where 100 differ, and next to nothing where none do', async () => {
    await using network = await testNetwork(2, { copyOf: many.file, settleMs: SETTLE });
    for (const [nth, node] of network.nodes.entries()) {
      await node.write(...Array.from({ length: DIFFERENCES / 2 }, (_, n) => fileDraft(`of/${nth}/${n}`, n)));
    }
    const watch = watchMemory();
    const different = await meeting(network);
    const growth = watch.stop();
    print(`${DIFFERENCES} differences`, different);
    expect(different).toMatchObject({ streams: 1 });
    expect(different.roundTrips).toBeLessThanOrEqual(5);
    expect(different.bytes).toBeLessThanOrEqual(200_000);
    expect(growth).toBeLessThan(MAX_GROWTH);

    network.groups();
    const same = await meeting(network);
    print('none', same);
    expect(same).toMatchObject({ streams: 1, roundTrips: 1 });
    expect(same.bytes).toBeLessThan(1024);
  });
});
