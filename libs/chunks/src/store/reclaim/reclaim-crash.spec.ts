import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { KiB } from '@dfs/runtime';
import type { Cid } from '@dfs/protocol';
import { Database } from '@dfs/database';
import { tempDir, type TempDir } from '@dfs/testing';
import type { Block } from '../../manifest/builder.js';
import { chunksEntities, chunksMigrations } from '../../schema.js';
import { blockOf, idsOf } from '../../testing/fixture.js';
import { pinnedBytes } from '../../testing/inputs.js';
import { ChunkStore } from '../chunk-store.js';
import { PackFiles } from '../packs/pack-files.js';

const blocks = (name: string, count: number, size: number): Block[] =>
  Array.from({ length: count }, (_, index) => blockOf(pinnedBytes(`${name} ${index}`, size)));

/** Calls `now` before and after every step of these methods that a crash could come between. */
function between(steps: readonly [object, string][], now: (step: string) => Promise<void>): Disposable {
  const restore = steps.map(([owner, name]) => {
    const methods = owner as Record<string, (...args: unknown[]) => Promise<unknown>>;
    const original = methods[name]!;
    methods[name] = async function (this: unknown, ...args: unknown[]) {
      await now(`before ${name}`);
      const result = await original.apply(this, args);
      await now(`after ${name}`);
      return result;
    };
    return () => void (methods[name] = original);
  });
  return { [Symbol.dispose]: () => restore.forEach((undo) => undo()) };
}

async function open(dir: string): Promise<{ db: Database; store: ChunkStore; close(): Promise<void> }> {
  const db = await Database.open({
    file: join(dir, 'dfs.sqlite'),
    migrations: chunksMigrations,
    entities: chunksEntities,
  });
  await asIfInPlace(db);
  const store = await ChunkStore.open({ dir: join(dir, 'chunks'), db, quotaBytes: 2 ** 40, reserveBytes: 0 });
  return {
    db,
    store,
    close: async () => {
      await store.close();
      await db.close();
    },
  };
}

/**
 * A copy of a directory is known as one, by the inode of its database. The store that died is to be started where it
 * was.
 */
async function asIfInPlace(db: Database): Promise<void> {
  const { ino, birthtimeNs } = await stat(db.file, { bigint: true });
  await db.write((tx) => tx.run('UPDATE chunk_store SET inode = ?, birth = ?', [`${ino}`, `${birthtimeNs}`]));
}

describe('a crash in the middle of a reclaim', () => {
  let home: TempDir;
  beforeEach(async () => (home = await tempDir()));
  afterEach(() => home.remove());

  // A copy of the folder, taken while nothing else runs, has the bytes on the disk at the death of the process.
  it('loses nothing that is live, at whatever step it comes', async () => {
    const dir = home.file('node');
    const [dead, mixed, full] = [
      blocks('dead', 6, 60 * KiB),
      blocks('mixed', 12, 40 * KiB),
      blocks('full', 4, 50 * KiB),
    ];
    const { db, store, close } = await open(dir);
    const live = [...mixed.filter((_, index) => index % 5 === 0), ...full];
    for (const group of [dead, mixed, full]) {
      const batch = store.batch('local');
      for (const each of group) await batch.add(each);
      await batch.flush();
      await db.write((tx) => batch.commit(tx));
    }
    const isLive = async (): Promise<Set<Cid>> => new Set(idsOf(live));
    const crashes: { step: string; copy: string }[] = [];
    const crash = async (step: string): Promise<void> => {
      const name = `crash ${crashes.length}`;
      crashes.push({ step, copy: home.file(name) });
      await home.copy(dir, name);
    };
    const files = PackFiles.prototype;
    const steps: [object, string][] = [
      [db, 'write'],
      [files, 'publish'],
      [files, 'syncFolder'],
      [files, 'remove'],
      [files, 'create'],
    ];
    {
      using _ = between(steps, crash);
      expect(await store.reclaim(isLive)).toMatchObject({ chunks: 6 + 9, packs: 2 });
    }
    await close();
    // Rows dropped, an empty pack removed, a pack rewritten: each of them in steps.
    expect(new Set(crashes.map(({ step }) => step)).size).toBe(10);
    for (const { step, copy } of crashes) await expectWhole(copy, step, live, isLive);
  });
});

async function expectWhole(dir: string, step: string, live: readonly Block[], isLive: () => Promise<Set<Cid>>) {
  const { store, close } = await open(dir);
  try {
    const lost: string[] = [];
    for (const { id, bytes } of live) {
      const read = await store.get(id).catch(() => new Uint8Array(0));
      if (Buffer.compare(read, bytes) !== 0) lost.push(id);
    }
    expect({ step, lost, damaged: store.damaged() }).toEqual({ step, lost: [], damaged: [] });
    // The next run finishes what was begun.
    await store.reclaim(isLive);
    expect({ step, chunks: store.usage().chunks }).toEqual({ step, chunks: live.length });
    expect(await store.verifyAll()).toMatchObject({ chunks: live.length, damaged: 0 });
  } finally {
    await close();
  }
}
