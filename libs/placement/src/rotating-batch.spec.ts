import { ChunkStore, chunksEntities, chunksMigrations } from '@dfs/chunks';
import { Database } from '@dfs/database';
import { MiB } from '@dfs/runtime';
import { cidOf } from '@dfs/protocol';
import { eventually, seededRandom, tempDir } from '@dfs/testing';
import { COMMIT_BYTES } from './rotating-batch.js';
import { RotatingBatch } from './rotating-batch.js';

const random = seededRandom(3);
const block = () => {
  const bytes = random.bytes(4 * MiB);
  return { id: cidOf(bytes), bytes };
};
const QUOTA = 24 * MiB;

describe('a rotating batch', () => {
  it('gives back all that is not committed, and that of a part that waited for another one that failed', async () => {
    await using dir = await tempDir();
    const db = await Database.open({
      file: dir.file('dfs.sqlite'),
      migrations: chunksMigrations,
      entities: chunksEntities,
    });
    const chunks = await ChunkStore.open({ dir: dir.file('chunks'), db, quotaBytes: QUOTA, reserveBytes: 0 });
    // The unit of work that commits the first part takes long, and fails in the end.
    const commit = Promise.withResolvers<undefined>();
    const write: Database['write'] = (work) =>
      db.write(async (tx) => {
        await commit.promise;
        await work(tx);
        throw new Error('the disk is full');
      });
    const failing = new Proxy(db, { get: (_, name) => (name === 'write' ? write : Reflect.get(db, name, db)) });
    let made = 0;
    const counting = { batch: (purpose: 'peer') => (made++, chunks.batch(purpose)) };
    const batch = new RotatingBatch(counting, failing);
    /** A part in full, though most of it is what it has already. */
    const fill = async (blocks: ReturnType<typeof block>[]): Promise<void> => {
      for (let bytes = 0, n = 0; bytes < COMMIT_BYTES; n++) {
        const next = blocks[n % blocks.length]!;
        bytes += next.bytes.length;
        await batch.add(next);
      }
    };
    await fill([block()]);
    const second = fill([block(), block(), block()]);
    second.catch(() => undefined);
    // It is full, too, and waits for the first.
    await eventually(() => made === 3);
    expect(batch.isCommitting).toBe(true);
    commit.resolve(undefined);
    await expect(second).rejects.toThrow('the disk is full');
    await batch.abort();
    expect(batch.isCommitting).toBe(false);

    const all = chunks.batch('local');
    for (let bytes = 0; bytes < QUOTA - 4 * MiB; bytes += 4 * MiB) await all.add(block());
    await all.flush();
    await all.abort();
    expect(chunks.usage()).toMatchObject({ chunks: 0, bytes: 0 });
    await chunks.close();
    await db.close();
  });
});
