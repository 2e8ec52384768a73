import { join } from 'node:path';
import { Database } from '@dfs/database';
import { KiB, MiB } from '@dfs/runtime';
import type { Cid } from '@dfs/protocol';
import type { Block } from '../manifest/builder.js';
import { chunksEntities, chunksMigrations } from '../schema.js';
import { storeContent } from '../store-content.js';
import type { BlockBatch } from '../store/batch.js';
import { ChunkStore } from '../store/chunk-store.js';
import { inPieces, pinnedBytes } from './inputs.js';

// A node that stores, deletes and reclaims until it is killed. Every line it prints has happened or, for a deletion,
// may have:
// `+ contentId label size` after a commit, `- contentId` before one.

const [dir, seed] = process.argv.slice(2) as [string, string];
const db = await Database.open({
  file: join(dir, 'dfs.sqlite'),
  migrations: chunksMigrations,
  entities: chunksEntities,
});
await db.write(async (tx) => {
  await tx.run('CREATE TABLE IF NOT EXISTS content (id TEXT PRIMARY KEY, label TEXT, size INTEGER) STRICT');
  await tx.run('CREATE TABLE IF NOT EXISTS part (id TEXT, content TEXT, PRIMARY KEY (id, content)) STRICT');
});
const store = await ChunkStore.open({ dir: join(dir, 'chunks'), db, quotaBytes: 2 ** 40, reserveBytes: 0 });
const SIZES = [3 * KiB, 700 * KiB, 5 * KiB, 5 * MiB, 80 * KiB, 400, 40 * MiB];

async function upload(label: string, size: number): Promise<Cid> {
  const batch = store.batch('local');
  const parts: Cid[] = [];
  const noting: BlockBatch = Object.assign(Object.create(batch) as BlockBatch, {
    add: (block: Block, released?: () => void) => {
      parts.push(block.id);
      return batch.add(block, released);
    },
  });
  const { contentId } = await storeContent(noting, inPieces(pinnedBytes(label, size), [64 * KiB]));
  await batch.flush();
  await db.write(async (tx) => {
    await batch.commit(tx);
    await tx.insertMany('content', ['id', 'label', 'size'], [[contentId, label, size]], 'ignore');
    const rows = parts.map((part) => [part, contentId]);
    await tx.insertMany('part', ['id', 'content'], rows, 'ignore');
  });
  process.stdout.write(`+ ${contentId} ${label} ${size}\n`);
  return contentId;
}

async function remove(content: Cid): Promise<void> {
  process.stdout.write(`- ${content}\n`);
  await db.write(async (tx) => {
    await tx.run('DELETE FROM part WHERE content = ?', [content]);
    await tx.run('DELETE FROM content WHERE id = ?', [content]);
  });
}

async function uploads(lane: number): Promise<never> {
  for (let turn = 0; ; turn++) {
    // Every third is there already, from this run or the one before, unless it is being reclaimed just now.
    const shared = turn % 3 === 2;
    const label = shared ? `shared-${lane}-${turn % 5}` : `${seed}-${lane}-${turn}`;
    const content = await upload(label, SIZES[(turn + lane) % SIZES.length] as number);
    if (turn % 2 === 0) await remove(content);
  }
}

async function reclaiming(): Promise<never> {
  for (;;) {
    await store.reclaim(async (ids) => {
      const marks = ids.map(() => '?').join(',');
      const rows = await db.query<{ id: Cid }>(`SELECT DISTINCT id FROM part WHERE id IN (${marks})`, ids);
      return new Set(rows.map(({ id }) => id));
    });
  }
}

process.stdout.write('ready\n');
await Promise.all([uploads(0), uploads(1), uploads(2), reclaiming()]);
