import { SYNC_PROTOCOL, type SignedRecord } from '@dfs/protocol';
import { seededRandom } from '@dfs/testing';
import { MemoryNetwork } from '@dfs/transport';
import { insertRecords, numberOf } from '../../../testing/many.js';
import { testNode, testSigner, type TestNode } from '../../../testing/nodes.js';
import { Fingerprints } from '../../store/fingerprints.js';
import { RecordSet } from '../../store/record-set.js';
import { Exchange, sameRoot, type ExchangeOutcome, type ExchangeParts } from './exchange.js';
import type { SyncChannel } from '../../ports.js';
import type { TurnLimits } from './turn.js';

/** One side of an exchange, over a real database; what comes is stored without a look at signatures. */
interface Side {
  node: TestNode;
  set: RecordSet;
  insert(numbers: readonly number[]): Promise<void>;
  parts(channel: SyncChannel): ExchangeParts;
}

async function side(): Promise<Side> {
  const node = await testNode();
  const prints = await Fingerprints.load(node.db);
  const set = new RecordSet(node.db, prints);
  const insert = (numbers: readonly number[]): Promise<void> => insertRecords(node.db, prints, numbers);
  const receive = async (records: readonly SignedRecord[]) => {
    await insert(records.map(({ body }) => numberOf(body)));
    return { added: records.length, waiting: 0, known: 0, refused: 0, offences: 0 };
  };
  const parts = (channel: SyncChannel): ExchangeParts => ({
    channel,
    records: set,
    receive,
    started: () => Promise.resolve(),
    progress: () => undefined,
  });
  return { node, set, insert, parts };
}

/** Exchanges until one leaves nothing. */
async function reconcile(a: Side, b: Side, limits?: TurnLimits): Promise<ExchangeOutcome[]> {
  const network = new MemoryNetwork();
  const [from, to] = [network.node(testSigner(1)), network.node(testSigner(2))];
  for (const transport of [from, to]) {
    transport.setGate({ isMember: () => true, acceptsStrangers: () => false });
    await transport.start();
  }
  to.handle(SYNC_PROTOCOL, async (channel) => {
    const frames = channel.frames()[Symbol.asyncIterator]();
    const hello = (await frames.next()).value as { header: never };
    await new Exchange(b.parts(channel), frames, limits).answer(hello.header);
  });
  await from.dialPeer(to.peerId, to.addresses());
  const outcomes: ExchangeOutcome[] = [];
  try {
    do {
      const channel = await from.open(to.peerId, SYNC_PROTOCOL);
      outcomes.push(await new Exchange(a.parts(channel), undefined, limits).initiate());
    } while (outcomes.at(-1)?.rest);
  } finally {
    await from.stop();
    await to.stop();
  }
  return outcomes;
}

const SEEDS = [1, 2, 3];
/** So small that sets of a few thousand go through every level, and through several exchanges. */
const TIGHT: TurnLimits = { listed: 2, divided: 20, moved: 150 };

describe.each(SEEDS)('an exchange between random sets, seed %i', (seed) => {
  it.each<[string, TurnLimits | undefined]>([
    ['as it is', undefined],
    ['in steps of bounded size', TIGHT],
  ])('ends with the union on both sides, %s', async (_name, limits) => {
    const random = seededRandom(seed);
    const [a, b] = [await side(), await side()];
    await using _a = a.node;
    await using _b = b.node;
    const size = random.pick([50, 600, 2500]);
    const shared = random.pick([0, 0.5, 0.98]);
    const mine: number[][] = [[], []];
    for (let n = 1; n <= size; n++) {
      const who = random.next() < shared ? [0, 1] : [random.int(0, 1)];
      for (const one of who) mine[one]?.push(n);
    }
    await a.insert(mine[0]!);
    await b.insert(mine[1]!);
    const outcomes = await reconcile(a, b, limits);
    expect(a.set.root().count).toBe(size);
    expect(sameRoot(a.set.root(), b.set.root())).toBe(true);
    const moved = outcomes.reduce((sum, { received, sent }) => sum + received + sent, 0);
    // Nothing moves twice: each record that one side lacked, once.
    expect(moved).toBe(2 * size - mine[0]!.length - mine[1]!.length);
  });
});

describe('an exchange', () => {
  it('is done in several where the difference is large, none of them without its share', async () => {
    const [a, b] = [await side(), await side()];
    await using _a = a.node;
    await using _b = b.node;
    await a.insert(Array.from({ length: 1500 }, (_, n) => n + 1));
    await b.insert(Array.from({ length: 300 }, (_, n) => 1400 + n));
    const outcomes = await reconcile(a, b, TIGHT);
    expect(outcomes.length).toBeGreaterThan(2);
    expect(outcomes.slice(0, -1).every(({ received, sent }) => received + sent > 0)).toBe(true);
    expect(sameRoot(a.set.root(), b.set.root())).toBe(true);
  });
});
