import { isLong, removeAll, startNetwork, type Engine } from '@dfs/testing';
import { at, blocksSent, expectSound, hashOf, listed, patternHash, putPattern, safe } from './steps.js';

const MiB = 1024 * 1024;
const [FETCHERS, SIZE] = isLong ? [10, 208 * MiB] : [5, 48 * MiB];

describe(`${FETCHERS} nodes that want the same new file of ${SIZE / MiB} MiB at the same time`, () => {
  let nodes: Engine[] = [];
  let uploader: Engine;
  beforeAll(async () => {
    nodes = await startNetwork(FETCHERS + 1, { env: { DFS_REPLICAS: '1' } });
    uploader = at(nodes, 0);
  });
  afterAll(() => removeAll(nodes));

  /** How many copies of a file the uploader has sent since it had sent so much. */
  async function copiesSince(before: number): Promise<number> {
    const copies = ((await blocksSent(uploader)) - before) / SIZE;
    console.info(`the uploader sent ${copies.toFixed(2)} copies to ${FETCHERS}`);
    return copies;
  }

  it('to read it, share it among themselves: its uploader sends less than two copies', async () => {
    const file = await putPattern(uploader, 'to-read.bin', SIZE, 1);
    const fetchers = nodes.slice(1);
    for (const fetcher of fetchers) await listed(fetcher, file.path);
    const before = await blocksSent(uploader);
    // At the same time: nobody reads on before all have begun.
    const answers = await Promise.all(fetchers.map((fetcher) => fetcher.fetch(`/files/${file.id}/content`)));
    expect(answers.map(({ status }) => status)).toEqual(fetchers.map(() => 200));
    const hashes = await Promise.all(answers.map(hashOf));
    expect(new Set(hashes)).toEqual(new Set([patternHash(SIZE, 1)]));
    expect(await copiesSince(before)).toBeLessThan(2);
  }, 900_000);

  it('to hold it, share it among themselves: its uploader sends less than two copies', async () => {
    const body = JSON.stringify({ replicas: FETCHERS + 1 });
    await uploader.json('/settings', { method: 'PATCH', headers: { 'content-type': 'application/json' }, body });
    const before = await blocksSent(uploader);
    const file = await putPattern(uploader, 'to-hold.bin', SIZE, 2);
    await safe(uploader, file, FETCHERS + 1);
    expect(await copiesSince(before)).toBeLessThan(2);
    await expectSound(nodes);
  }, 900_000);
});
