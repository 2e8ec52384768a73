import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Database } from '@dfs/database';
import type { Cid } from '@dfs/protocol';
import { seededRandom, sha256Hex, tempDir } from '@dfs/testing';
import { chunksFrom } from './manifest/reader.js';
import { chunksEntities, chunksMigrations } from './schema.js';
import { ChunkStore } from './store/chunk-store.js';
import { pinnedBytes } from './testing/inputs.js';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Runs the child until it has acknowledged some uploads, and a little longer, and kills it. Gives what it printed. */
async function runAndKill(dir: string, seed: number, acknowledgements: number, longer: number): Promise<string[]> {
  const child = spawn(
    process.execPath,
    [
      '--conditions=@dfs/source',
      '--import',
      here('./testing/source-loader.mjs'),
      here('./testing/crash-child.ts'),
    ].concat(dir, String(seed)),
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let [stdout, stderr] = ['', ''];
  child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
  const killed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  child.stdout.on('data', (data: Buffer) => {
    stdout += data.toString();
    if (stdout.split('\n').length > acknowledgements) setTimeout(() => child.kill('SIGKILL'), longer);
  });
  await killed;
  if (child.signalCode !== 'SIGKILL') throw new Error(`the child ended by itself: ${stderr}`);
  // The last line may have been cut off: then it is not an acknowledgement.
  return stdout.split('\n').slice(0, -1);
}

describe('after SIGKILL', () => {
  it('every acknowledged content reads back, and nothing else is left on the disk', async () => {
    const random = seededRandom();
    await using dir = await tempDir();
    const kept = new Set<Cid>();
    let stored = 0;
    for (let round = 0; round < 4; round++) {
      const lines = await runAndKill(dir.path, random.int(1, 1e9), random.int(2, 40), random.int(0, 150));
      for (const line of lines) {
        const [sign, content] = line.split(' ') as [string, Cid];
        if (sign === '-') kept.delete(content);
        if (sign === '+') {
          kept.add(content);
          stored++;
        }
      }
      await expectWhole(dir.path, kept, random.seed);
    }
    expect(stored).toBeGreaterThan(10);
  });
});

async function expectWhole(dir: string, kept: ReadonlySet<Cid>, seed: number): Promise<void> {
  const db = await Database.open({
    file: join(dir, 'dfs.sqlite'),
    migrations: chunksMigrations,
    entities: chunksEntities,
  });
  const store = await ChunkStore.open({ dir: join(dir, 'chunks'), db, quotaBytes: 2 ** 40, reserveBytes: 0 });
  try {
    const named = await db.query<{ name: string }>('SELECT name FROM pack');
    const packs = await readdir(join(dir, 'chunks', 'packs'));
    expect({ seed, packs: packs.sort() }).toEqual({ seed, packs: named.map(({ name }) => `${name}.pack`).sort() });
    expect(await readdir(join(dir, 'chunks', 'tmp'))).toEqual([]);
    const contents = await db.query<{ id: Cid; label: string; size: number }>('SELECT * FROM content');
    const committed = new Set(contents.map(({ id }) => id));
    expect({ seed, lost: [...kept].filter((content) => !committed.has(content)) }).toEqual({ seed, lost: [] });
    for (const { id, label, size } of contents) {
      const hash = createHash('sha256');
      const ids: Cid[] = [];
      for await (const chunk of chunksFrom(id, size, (id) => store.get(id))) ids.push(chunk.id);
      for await (const { bytes } of store.getMany(ids)) hash.update(bytes);
      const sha256 = await sha256Hex(pinnedBytes(label, size));
      expect({ seed, label, sha256: hash.digest('hex') }).toEqual({ seed, label, sha256 });
    }
    expect(store.damaged()).toEqual([]);
    expect(await store.verifyAll()).toMatchObject({ damaged: 0, chunks: store.usage().chunks });
    const sizes = await Promise.all(packs.map(async (pack) => (await stat(join(dir, 'chunks', 'packs', pack))).size));
    expect(store.usage().bytes).toBe(sizes.reduce((sum, size) => sum + size, 0));
  } finally {
    await store.close();
    await db.close();
  }
}
