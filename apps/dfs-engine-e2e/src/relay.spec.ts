import type { PeerList } from '@dfs/contracts';
import {
  connected,
  eventually,
  isLong,
  NetnsLan,
  netnsUnavailable,
  removeAll,
  startEngine,
  unless,
  type Engine,
} from '@dfs/testing';
import { at, contentHash, listed, patternHash, putPattern } from './steps.js';

const MiB = 1024 * 1024;
/** Room for the middle: less than the file that goes through it. */
const SMALL_QUOTA = 32 * MiB;
const SIZE = 40 * MiB;

const why = await netnsUnavailable();

unless(why, describe)('two nodes that reach a third one, and not each other', () => {
  let lan: NetnsLan;
  let nodes: Engine[] = [];

  beforeAll(async () => {
    lan = await NetnsLan.create(3);
    await lan.isolate(1, 2);
    const quota = { DFS_QUOTA: String(SMALL_QUOTA) };
    nodes = [await startEngine({ name: 'middle', host: lan.host(0), env: quota })];
    for (const [index, name] of ['left', 'right'].entries()) {
      const join = await at(nodes, 0).invite();
      nodes.push(await startEngine({ name, host: lan.host(index + 1), join }));
    }
  });
  afterAll(async () => {
    await removeAll(nodes);
    await lan[Symbol.asyncDispose]();
  });

  const addressesOf = async (node: Engine, name: string): Promise<readonly string[]> => {
    const { items } = await node.json<PeerList>('/peers');
    return items.find((peer) => peer.name === name)?.addresses ?? [];
  };

  it('are connected through it, and say so', async () => {
    await connected(nodes);
    const [middle, left] = [at(nodes, 0), at(nodes, 1)];
    const { peerId } = await middle.node();
    const way = `/p2p/${peerId}/p2p-circuit/p2p/`;
    await eventually(async () => (await addressesOf(left, 'right'))[0]?.includes(way), {
      what: 'the way to the right',
    });
    await eventually(async () => (await left.node()).addresses.at(-1)?.includes(way), { what: 'its own address' });
    expect((await addressesOf(left, 'middle')).join()).not.toContain('p2p-circuit');
  });

  it('give each other files that it has no room for', async () => {
    const [left, right] = [at(nodes, 1), at(nodes, 2)];
    const file = await putPattern(left, 'large.bin', SIZE);
    expect(await contentHash(right, await listed(right, 'large.bin'))).toBe(patternHash(SIZE));
    await eventually(async () => (await right.file(file.id)).replication.copies === 2);
    expect((await at(nodes, 0).node()).storage.bytes).toBeLessThan(SIZE);
  });

  unless(isLong ? undefined : 'to speak directly takes a minute: DFS_LONG=1', it)(
    'speak directly when there is a way',
    async () => {
      await lan.isolate();
      const isRelayed = async (): Promise<boolean> =>
        (await addressesOf(at(nodes, 1), 'right'))[0]?.includes('circuit') ?? true;
      await eventually(async () => !(await isRelayed()), { deadline: 120_000, poll: 500 });
    },
  );
});
