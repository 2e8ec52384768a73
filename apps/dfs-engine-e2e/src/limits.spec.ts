import type { FileInfo, Settings, SettingsPatch } from '@dfs/contracts';
import { connected, isLong, removeAll, startEngine, type Engine } from '@dfs/testing';
import { at, expectSound, listed, putPattern, rateOfReading, safe, sharesOf } from './steps.js';

const KiB = 1024;
const MiB = 1024 * KiB;
const MB = 1_000_000;
const SIZE = (isLong ? 320 : 128) * MiB;
/** Of what a limit lets pass, what does pass at least: a figure of the long form, since other work may take from it. */
const LEAST = isLong ? 27 / 30 : 0;
/** Enough blocks that each of three holders sends some of them. */
const LEAST_READ = 24 * MiB;
/** Of what passes without a limit: so little that this machine can do it beside other work. */
const LITTLE = 1 / 24;
/** Bytes that the reader may store: it reads from behind them. */
const KEPT = 16 * MiB;
/** Behind what a read before may have left in its cache. */
const FRESH = 4 * KEPT;

describe('three holders and a reader that holds nothing, with limits that a person has set', () => {
  let nodes: Engine[] = [];
  let reader: Engine;
  let file: FileInfo;
  /** Bytes a second without any limit. */
  let free: number;

  const limit = async (node: Engine, limits: SettingsPatch['limits']): Promise<Settings> =>
    node.json<Settings>('/settings', {
      method: 'PATCH',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ limits }),
    });

  beforeAll(async () => {
    const founder = await startEngine({ name: 'node-a' });
    nodes = [founder];
    for (const name of ['node-b', 'node-c']) nodes.push(await startEngine({ name, join: await founder.invite() }));
    await connected(nodes);
    file = await putPattern(founder, 'film.bin', SIZE);
    await safe(founder, file, 3);
    reader = await startEngine({ name: 'node-d', env: { DFS_QUOTA: String(KEPT) }, join: await founder.invite() });
    nodes.push(reader);
    await connected(nodes);
    await listed(reader, 'film.bin');
    free = await rateOfReading(reader, file, { from: KEPT });
  });
  afterAll(() => removeAll(nodes));

  it('is read as fast as they may send together, and no faster', async () => {
    const each = Math.floor(isLong ? 10 * MB : Math.min(10 * MB, free * LITTLE));
    for (const holder of nodes.slice(0, 3)) await limit(holder, { uploadBytesPerSecond: each });
    const shares = await sharesOf(nodes.slice(0, 3));
    const rate = await rateOfReading(reader, file, { from: KEPT, most: Math.max(LEAST_READ, 9 * 3 * each) });
    for (const share of await shares()) expect(share).toBeGreaterThan(1 / 6);
    for (const holder of nodes.slice(0, 3)) await limit(holder, { uploadBytesPerSecond: null });
    const what = `${(rate / MB).toFixed(1)} MB/s of three times ${(each / MB).toFixed(1)}`;
    console.info(`${what}, ${(free / MB).toFixed(1)} without limits`);
    expect(rate / (3 * each)).toBeGreaterThan(LEAST);
    // A little may go at once at the beginning.
    expect(rate / (3 * each)).toBeLessThan(33 / 30);
  });

  it('is read as fast as the reader may receive, and all else goes on meanwhile', async () => {
    const most = Math.floor(Math.min(10 * MB, free * LITTLE));
    await limit(reader, { downloadBytesPerSecond: most });
    const reading = rateOfReading(reader, file, { from: FRESH, most: 9 * most });
    const small = await putPattern(at(nodes, 1), 'small.bin', 5 * KiB);
    await listed(reader, small.path);
    const rate = await reading;
    await limit(reader, { downloadBytesPerSecond: null });
    expect(rate / most).toBeGreaterThan(LEAST);
    expect(rate / most).toBeLessThan(33 / 30);
  });

  it('leaves nothing damaged, missing or miscounted on any of them', () => expectSound(nodes));
});
