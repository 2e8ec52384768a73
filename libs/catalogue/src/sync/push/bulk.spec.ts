import { MiB } from '@dfs/runtime';
import { eventually, isLong } from '@dfs/testing';
import { databaseOf, watchMemory, type PreparedDatabase } from '../../../testing/many.js';
import { testNetwork, type SyncedNode } from '../../../testing/network.js';

/** Real records, signed by the path that uploads take. */
const RECORDS = isLong ? 300_000 : 5_000;
const MINUTES = 60_000;
/** Of the whole process, both nodes and the test, beyond what it used before: however many records there are. */
const MAX_GROWTH = 400 * MiB;

describe(`a newcomer to ${RECORDS} records`, () => {
  let many: PreparedDatabase;

  beforeAll(async () => {
    many = await databaseOf(RECORDS);
  }, 10 * MINUTES);

  afterAll(() => many[Symbol.asyncDispose]());

  it(
    'gets them in bulk, keeps what came when it is cut off, and then gets the rest alone',
    async () => {
      await using network = await testNetwork(2, { copyOf: (nth) => (nth === 0 ? many.file : undefined) });
      const [full, fresh] = network.nodes as [SyncedNode, SyncedNode];
      const count = (): number => fresh.catalogue.records.root().count;
      const watch = watchMemory();
      let began = performance.now();
      // Cut off in the moment when a third has come, however busy the machine is.
      const watching = fresh.catalogue.onRecords(() => {
        if (count() <= RECORDS / 3) return;
        watching();
        network.groups();
      });
      network.groups(network.nodes);
      await eventually(() => count() > RECORDS / 3, { deadline: 20 * MINUTES, what: 'a third of them' });
      print(count(), performance.now() - began);
      await eventually(async () => (await finished(fresh)).length > 0, { what: 'the exchange to be given up' });
      const kept = count();
      expect(kept).toBeGreaterThan(RECORDS / 3);
      expect(kept).toBeLessThan(RECORDS);

      began = performance.now();
      network.groups(network.nodes);
      await eventually(() => count() === RECORDS, { deadline: 20 * MINUTES, what: 'all of them' });
      print(RECORDS - kept, performance.now() - began);
      await network.converged();
      const growth = watch.stop();
      process.stdout.write(`    memory rose by ${(growth / MiB).toFixed(0)} MiB\n`);
      expect(growth).toBeLessThan(MAX_GROWTH);
      expect(await fresh.catalogue.totals()).toEqual(await full.catalogue.totals());
      await eventually(async () => sum(await finished(fresh)) === RECORDS, { what: 'every record to have come once' });
    },
    40 * MINUTES,
  );
});

/** Records that each exchange brought. */
async function finished(node: SyncedNode): Promise<number[]> {
  const { items } = await node.events.since(0, 10_000);
  return items.flatMap((event) => (event.type === 'sync.finished' ? [event.data.received] : []));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, number) => all + number, 0);
}

function print(records: number, milliseconds: number): void {
  const rate = Math.round((records / milliseconds) * 1000);
  process.stdout.write(`    ${records} records came at ${rate} a second, both nodes on one thread\n`);
}
