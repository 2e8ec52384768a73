import { createHash } from 'node:crypto';
import { readFile, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { eventually, isLong, removeAll, startNetwork, type Engine } from '@dfs/testing';
import { at, blocksSent, known, patternHash, putPattern, safe } from './steps.js';

const MiB = 1024 * 1024;
const GiB = 1024 * MiB;
/** Several times what a node may take. */
const SIZE = isLong ? 4 * GiB : 1 * GiB;
/** Resident bytes that no node may exceed. */
const LIMIT = 400 * MiB;

describe('memory', () => {
  let nodes: Engine[] = [];
  afterEach(() => removeAll(nodes));

  it(`stays flat while ${SIZE / GiB} GiB go in, over and out`, async () => {
    const disk = await statfs(tmpdir());
    const room = disk.bavail * disk.bsize;
    const size = room > 4 * SIZE ? SIZE : 1 * GiB;
    if (size < SIZE) console.warn(`only ${Math.round(room / GiB)} GiB free: measured with 1 GiB`);
    nodes = await startNetwork(2, { env: { DFS_REPLICAS: '2', DFS_QUOTA: String(10 * GiB) } });
    const [a, b] = [at(nodes, 0), at(nodes, 1)];
    const file = await putPattern(a, 'large.bin', size);
    expect(file.size).toBe(size);
    await safe(a, file, 2, 300_000);

    const hash = createHash('sha256');
    const answer = await b.fetch(`/files/${file.id}/content`);
    for await (const part of answer.body as ReadableStream<Uint8Array>) hash.update(part);
    expect(hash.digest('hex')).toBe(patternHash(size));
    for (const node of nodes) expect(await peakBytes(node)).toBeLessThan(LIMIT);
  }, 1_800_000);

  it('stays flat while a reader takes nothing', async () => {
    nodes = await startNetwork(2, { env: { DFS_REPLICAS: '1' } });
    const [a, b] = [at(nodes, 0), at(nodes, 1)];
    const file = await putPattern(a, 'unread.bin', 700 * MiB);
    await known([b], file);
    const readers = await Promise.all([1, 2, 3, 4].map(() => b.fetch(`/files/${file.id}/content`)));
    // Nothing moves any more: all that is read ahead is there.
    let sent = 0;
    await eventually(
      async () => {
        const before = sent;
        sent = await blocksSent(a);
        return before > 0 && sent === before;
      },
      { deadline: 120_000, poll: 1000, what: 'a standstill' },
    );
    for (const node of nodes) expect(await peakBytes(node)).toBeLessThan(LIMIT);
    for (const { body } of readers) await body?.cancel();
    expect((await b.fetch('/node')).status).toBe(200);
  });
});

/** The most that was ever resident (VmHWM). */
async function peakBytes(node: Engine): Promise<number> {
  const status = await readFile(`/proc/${node.pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? NaN) * 1024;
}
