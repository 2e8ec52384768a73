import type { Cid } from '@dfs/protocol';
import { eventually, isLong, seededRandom } from '@dfs/testing';
import { KadWorld, summary, type KadNode } from '../testing/kad-world.js';

const SIZE = isLong ? 500 : 50;
const CONTENTS = isLong ? 200 : 20;
/** Of the nodes that run, ended at a time. */
const CHURN = 0.1;
const ROUNDS = 3;
/** Others that a node knows before anything is provided: it asks who is near it a second after it has started. */
const ENOUGH = 5;
const SEED = 41;

describe(`a DHT of ${SIZE} nodes (seed ${SEED})`, () => {
  const world = new KadWorld(seededRandom(SEED));
  const provided = new Map<Cid, KadNode>();
  const told: string[] = [];

  beforeAll(async () => {
    for (let i = 0; i < SIZE; i++) await world.add();
    const sizes = (): number[] => world.nodes.map(({ routing }) => routing.size()).sort((a, b) => a - b);
    await eventually(() => (sizes()[Math.floor(SIZE / 20)] ?? 0) >= ENOUGH && (sizes()[0] ?? 0) > 0, {
      deadline: 600_000,
      poll: 200,
      what: 'nearly everybody knows some others',
    });
    const known = sizes();
    told.push(`routing tables: least ${known[0]}, median ${known[SIZE >> 1]}, most ${known.at(-1)}`);
    await world.provide(CONTENTS, provided);
  }, 1_200_000);
  afterAll(async () => {
    await world.stop();
    console.info([`${SIZE} nodes, ${CONTENTS} contents, seed ${SEED}`, ...told].join('\n'));
  });

  it('finds what is provided, from anywhere, in a few hops', async () => {
    const results = await world.lookUpAll(provided);
    told.push(`at rest: ${summary(results)}`);
    expect(results.filter(({ found }) => !found)).toEqual([]);
    const hops = results.map((result) => result.hops);
    expect(Math.max(...hops)).toBeLessThanOrEqual(2 + Math.ceil(Math.log2(SIZE)));
  }, 1_200_000);

  it('still finds it while nodes go without a word, and come back with empty memories', async () => {
    for (let round = 1; round <= ROUNDS; round++) {
      await world.churn(CHURN);
      await eventually(() => world.running().every(({ routing }) => routing.size() > 0), {
        deadline: 120_000,
        what: 'who has come back knows somebody',
      });
      const alive = new Map([...provided].filter(([, node]) => node.up));
      const results = await world.lookUpAll(alive);
      told.push(`round ${round} of churn, ${world.running().length} run: ${summary(results)}`);
      const found = results.filter((result) => result.found).length;
      expect(found / results.length).toBeGreaterThan(0.9);
    }
  }, 1_200_000);
});
