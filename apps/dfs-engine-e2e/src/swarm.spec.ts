import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { FileInfo } from '@dfs/contracts';
import {
  connected,
  eventually,
  isLong,
  netnsUnavailable,
  NetnsLan,
  removeAll,
  startEngine,
  unless,
  type Engine,
} from '@dfs/testing';
import {
  at,
  blocksSent,
  contentHash,
  expectSound,
  listed,
  patternHash,
  putPattern,
  rateOfReading,
  safe,
  sharesOf,
} from './steps.js';

const MiB = 1024 * 1024;
const MB = 1_000_000;
/** A multiple of what the pattern is made of. */
const KEPT = 16 * MiB;
/** Behind what a read before may have left in its cache. */
const FRESH = 4 * KEPT;
/** Enough blocks that each of three holders sends some of them. */
const LEAST_READ = 24 * MiB;
const SIZE = (isLong ? 320 : 128) * MiB;
const SERVER = resolve(fileURLToPath(new URL('../../../libs/transfer/dist/serve/block-server.js', import.meta.url)));

/** Loaded into a holder: while the file `lie` is in its data folder, every block it sends has a wrong byte. */
const LIAR = `
  import { existsSync } from 'node:fs';
  import { BlockServer } from ${JSON.stringify(pathToFileURL(SERVER).href)};
  const honest = BlockServer.prototype.readStored;
  BlockServer.prototype.readStored = async function* (...asked) {
    for await (const block of honest.apply(this, asked)) {
      if (!existsSync(process.env.DFS_DATA_DIR + '/lie')) { yield block; continue; }
      const bytes = Buffer.from(block.bytes);
      bytes[bytes.length >> 1] ^= 1;
      yield { ...block, bytes };
    }
  };`;

const why = await netnsUnavailable();

unless(why, describe)('three holders and a reader that holds nothing, each on a host of its own', () => {
  let lan: NetnsLan;
  let nodes: Engine[] = [];
  let reader: Engine;
  let file: FileInfo;
  let folder: string;
  /** Bytes a second without any limit. */
  let free: number;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dfs-liar-'));
    await writeFile(join(folder, 'liar.mjs'), LIAR);
    lan = await NetnsLan.create(4);
    const founder = await startEngine({ name: 'node-a', host: lan.host(0) });
    nodes = [founder];
    const liar = { NODE_OPTIONS: `--import ${join(folder, 'liar.mjs')}` };
    const environments: Record<string, string>[] = [liar, {}, { DFS_QUOTA: String(KEPT) }];
    for (const [before, env] of environments.entries()) {
      const index = before + 1;
      // The reader joins when the others hold the file.
      if (index === 3) {
        file = await putPattern(founder, 'film.bin', SIZE);
        await safe(founder, file, 3);
      }
      const name = `node-${'abcd'.charAt(index)}`;
      nodes.push(await startEngine({ name, env, host: lan.host(index), join: await founder.invite() }));
      await connected(nodes);
    }
    reader = at(nodes, 3);
    await listed(reader, 'film.bin');
  });
  afterAll(async () => {
    await removeAll(nodes);
    await lan[Symbol.asyncDispose]();
    if (folder) await rm(folder, { recursive: true });
  });

  it('is read from all of them at once, as fast as they can send together', async () => {
    // Much less than this machine, busy as it may be, can do without limits: then only these count.
    free = await rateOfReading(reader, file, { from: KEPT });
    const limit = isLong ? 10 * MB : Math.min(10 * MB, free / 24);
    for (const holder of [0, 1, 2]) await lan.limit(holder, { rateBytesPerSecond: limit });
    const shares = await sharesOf(nodes.slice(0, 3));
    const rate = await rateOfReading(reader, file, { from: KEPT, most: Math.max(LEAST_READ, 9 * 3 * limit) });
    for (const share of await shares()) expect(share).toBeGreaterThan(1 / 6);
    for (const holder of [0, 1, 2]) await lan.limit(holder);
    console.info(
      `${(rate / MB).toFixed(1)} MB/s of three times ${(limit / MB).toFixed(1)}, ${(free / MB).toFixed(1)} without limits`,
    );
    // A figure of the long form: other work on this machine may take from it.
    if (isLong) expect(rate / (3 * limit)).toBeGreaterThan(27 / 30);
  });

  it('is read from the honest one, in about the same time, when another lies and one stalls', async () => {
    // The reader's own line is the limit: one honest holder could fill it.
    const limit = Math.min(20 * MB, free / (isLong ? 4 : 12));
    const length = 6 * limit;
    await lan.limit(3, { rateBytesPerSecond: limit });
    const honest = await rateOfReading(reader, file, { from: KEPT, most: length });
    await writeFile(join(at(nodes, 1).dataDir, 'lie'), '');
    process.kill(at(nodes, 2).pid, 'SIGSTOP');
    try {
      const slow = honest / (await rateOfReading(reader, file, { from: FRESH, most: length }));
      // Its bytes are those of the file. A figure of the long form, too: other work may come between.
      if (isLong) expect(slow).toBeLessThan(1.5);
    } finally {
      process.kill(at(nodes, 2).pid, 'SIGCONT');
      await lan.limit(3);
    }
  });

  it('leaves nothing damaged, missing or miscounted on any of them', async () => {
    await expectSound(nodes);
  });
});

unless(why, describe)('a node that is killed in the middle of a large file', () => {
  it('fetches after its start only what it had not made durable', async () => {
    await using lan = await NetnsLan.create(2);
    // Slow enough to be met in the middle.
    await lan.limit(0, { rateBytesPerSecond: 12 * MB });
    const a = await startEngine({ name: 'node-a', host: lan.host(0), env: { DFS_REPLICAS: '1' } });
    const nodes = [a];
    try {
      const b = await startEngine({ name: 'node-b', host: lan.host(1), join: await a.invite() });
      nodes.push(b);
      await connected(nodes);
      const file = await putPattern(a, 'film.bin', SIZE);
      const body = JSON.stringify({ replicas: 2 });
      await a.json('/settings', { method: 'PATCH', headers: { 'content-type': 'application/json' }, body });
      // Of 64 MiB each: one part is durable and another is filling.
      await eventually(async () => (await b.node()).storage.bytes > 60 * MiB, { what: 'a durable part' });
      await b.kill();
      await lan.limit(0);
      const before = await blocksSent(a);
      expect(before).toBeLessThan(SIZE);
      await b.start();
      await safe(a, file, 2);
      expect(await contentHash(b, file)).toBe(patternHash(SIZE));
      const after = (await blocksSent(a)) - before;
      expect(after).toBeLessThan(SIZE - 60 * MiB);
      await expectSound(nodes);
    } finally {
      await removeAll(nodes);
    }
  });
});
