import { execFile } from 'node:child_process';
import { copyFile, cp, mkdir, open, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Database, Snapshots } from '@dfs/database';
import { KiB, MiB, day, type DfsError } from '@dfs/runtime';
import { tempDir, type TempDir } from '@dfs/testing';
import { checkStore } from '../../check/check-store.js';
import type { Block } from '../../manifest/builder.js';
import { chunksEntities, chunksMigrations } from '../../schema.js';
import { StoreFixture, blockOf, idsOf, readAll } from '../../testing/fixture.js';
import { pinnedBytes } from '../../testing/inputs.js';
import { ChunkStore } from '../chunk-store.js';
import { ENTRY_HEAD_BYTES } from '../packs/format.js';
import { Generation, type Doubt } from './generation.js';
import { MARK_FILE, readMark } from './mark.js';
import { FOUND_RETENTION } from '../reclaim/reclaim.js';

const kept = [blockOf(pinnedBytes('marked', 3 * KiB))];

describe('the folder of a store', () => {
  let fixture: StoreFixture;
  let away: string;
  beforeEach(async () => {
    fixture = await StoreFixture.open();
    away = `${fixture.dir}-away`;
  });
  afterEach(() => fixture[Symbol.asyncDispose]());

  const refusal = (): Promise<DfsError> =>
    fixture.reopen().then(
      () => Promise.reject(new Error('it was opened')),
      (error: DfsError) => error,
    );
  const check = (): Promise<unknown> => checkStore(fixture.db, fixture.dir, { rehash: false, onFinding: () => {} });

  it('is required where chunks are known: nothing is stored in a mount point', async () => {
    await fixture.put(kept);
    await rename(fixture.dir, away);
    await mkdir(fixture.dir);
    const error = await refusal();
    expect(error).toMatchObject({ code: 'not-ready' });
    expect(error.message).toContain(fixture.dir);
    expect(error.message).toMatch(/missing.*Mount the disk/);
    await expect(check()).rejects.toMatchObject({ code: 'not-ready', message: error.message });
    expect(await readdir(fixture.dir)).toEqual([]);

    await rm(fixture.dir, { recursive: true });
    await rename(away, fixture.dir);
    await fixture.reopen();
    expect((await fixture.store.has(idsOf(kept))).size).toBe(1);
    expect(fixture.store.damaged()).toEqual([]);
  });

  it('can be made by the command that the refusal names, where the chunks are gone', async () => {
    await fixture.put(kept);
    await rm(fixture.dir, { recursive: true });
    await mkdir(fixture.dir);
    const [, command] = /run: (echo .*") – /.exec((await refusal()).message) ?? [];
    await promisify(execFile)('sh', ['-c', command!]);
    await fixture.reopen();
    expect(fixture.store.damaged()).toEqual(idsOf(kept));
    await fixture.put(kept);
    expect(fixture.store.damaged()).toEqual([]);
    // Now they may be lost again, and are missed again.
    await rm(fixture.dir, { recursive: true });
    await mkdir(fixture.dir);
    expect(await refusal()).toMatchObject({ code: 'not-ready' });
  });

  it('of another store is refused, and one without chunks is marked anew', async () => {
    const [mine] = /^[0-9a-f]{32}(?= 1\n$)/.exec(await readFile(join(fixture.dir, MARK_FILE), 'utf8')) ?? [];
    expect(mine).toBeDefined();
    await rm(fixture.dir, { recursive: true });
    await fixture.reopen();
    expect(await readFile(join(fixture.dir, MARK_FILE), 'utf8')).toBe(`${mine} 2\n`);
    await using other = await StoreFixture.open();
    await fixture.put(kept);
    await rename(fixture.dir, away);
    await cp(other.dir, fixture.dir, { recursive: true });
    expect((await refusal()).message).toMatch(/that of another/);
    await rm(fixture.dir, { recursive: true });
    await rename(away, fixture.dir);
    await fixture.reopen();
  });

  it('is known by its packs where only the mark is lost', async () => {
    await fixture.put(kept);
    await rm(join(fixture.dir, MARK_FILE));
    await fixture.reopen();
    expect((await fixture.store.has(idsOf(kept))).size).toBe(1);
    expect(await readdir(fixture.dir)).toContain(MARK_FILE);
  });

  it('of a database that is new takes the place of any other', async () => {
    await writeFile(join(fixture.dir, MARK_FILE), 'left by another');
    await fixture.reopen();
    await fixture.put(kept);
    await fixture.reopen();
    expect((await fixture.store.has(idsOf(kept))).size).toBe(1);
    const findings: unknown[] = [];
    await checkStore(fixture.db, fixture.dir, { rehash: true, onFinding: (finding) => findings.push(finding) });
    expect(findings).toEqual([]);
  });
});

/** Starts and ends of a node's database and store, in one directory. */
class Directory {
  db!: Database;
  store!: ChunkStore;
  doubt: Doubt | undefined;
  generation!: Generation;

  constructor(private readonly home: TempDir) {}

  file(name: string): string {
    return this.home.file(name);
  }

  async start(): Promise<void> {
    this.db = await Database.open({
      file: this.file('dfs.sqlite'),
      migrations: chunksMigrations,
      entities: chunksEntities,
    });
    this.generation = await Generation.open({ db: this.db }, this.file('chunks'));
    this.doubt = this.generation.doubt;
    this.store = await ChunkStore.open({
      ...{ dir: this.file('chunks'), db: this.db, quotaBytes: 2 ** 40, reserveBytes: 0 },
      generation: this.generation,
    });
    await this.generation.raise();
  }

  async stop(): Promise<void> {
    await this.store.close();
    await this.db.close();
  }

  async put(...blocks: Block[]): Promise<void> {
    const batch = this.store.batch('local');
    for (const block of blocks) await batch.add(block);
    await batch.flush();
    await this.db.write((tx) => batch.commit(tx));
  }

  packs(): Promise<string[]> {
    return readdir(this.file('chunks/packs'));
  }

  async expectAll(blocks: readonly Block[]): Promise<void> {
    const read = await readAll(this.store.getMany(idsOf(blocks)));
    read.forEach(({ bytes }, index) => expect(Buffer.compare(bytes, blocks[index]!.bytes)).toBe(0));
    expect(this.store.damaged()).toEqual([]);
  }
}

describe('a start with a database that may not be the newest', () => {
  let home: TempDir;
  let node: Directory;
  let label = 0;
  const block = (size: number): Block => blockOf(pinnedBytes(`generation ${label++}`, size));
  const nothing = async (): Promise<Set<string>> => new Set();

  beforeEach(async () => {
    home = await tempDir();
    node = new Directory(home);
    await node.start();
  });
  afterEach(async () => {
    await node.stop();
    await home.remove();
  });

  it('has no doubt at the first start, and at one after another', async () => {
    expect(node.doubt).toBeUndefined();
    for (let turn = 0; turn < 3; turn++) {
      await node.put(block(1 * KiB));
      await node.stop();
      await writeFile(node.file(`chunks/packs/${'0'.repeat(32)}.pack`), 'left by a crash');
      await node.start();
      expect(node.doubt).toBeUndefined();
      expect(await node.packs()).toHaveLength(turn + 1);
    }
    expect(await readMark(node.file('chunks'))).toMatchObject({ generation: 4 });
  });

  it('takes every pack in where the database is gone, and knows the old one when it is put back', async () => {
    const kept = [block(3 * KiB), block(700 * KiB), block(3 * MiB), block(1)];
    for (const each of kept) await node.put(each);
    await node.put(...Array.from({ length: 1200 }, () => block(300)));
    const before = node.store.usage();
    const packs = (await node.packs()).sort();
    await node.stop();
    await rename(node.file('dfs.sqlite'), node.file('away.sqlite'));
    const unfinished = node.file('chunks/tmp/unfinished');
    await writeFile(unfinished, 'x');

    await node.start();
    expect(node.doubt).toBe('database-new');
    expect((await node.packs()).sort()).toEqual(packs);
    expect(node.store.usage()).toMatchObject({ chunks: before.chunks, bytes: before.bytes });
    await node.expectAll(kept);
    expect(await node.store.found()).toEqual({ packs: packs.length, unread: 0, bytes: before.bytes });
    expect((await stat(unfinished)).size).toBe(1);
    const late = block(2 * KiB);
    await node.put(late);
    await node.stop();

    await rename(node.file('dfs.sqlite'), node.file('other.sqlite'));
    await rename(node.file('away.sqlite'), node.file('dfs.sqlite'));
    await node.start();
    expect(node.doubt).toBe('database-older');
    await node.expectAll([...kept, late]);
    await node.stop();
    await node.start();
    expect(node.doubt).toBeUndefined();
    await node.expectAll([...kept, late]);
  });

  it('keeps packs that are newer than a database that was restored over the file', async () => {
    const [first, second] = [block(3 * KiB), block(2 * MiB)];
    await node.put(first);
    await node.stop();
    await copyFile(node.file('dfs.sqlite'), node.file('copy.sqlite'));
    await node.start();
    await node.put(second);
    await node.stop();
    await copyFile(node.file('copy.sqlite'), node.file('dfs.sqlite'));
    await node.start();
    expect(node.doubt).toBe('database-older');
    await node.expectAll([first, second]);
  });

  it('takes what a reclaim has moved since the copy from where it is now', async () => {
    const [live, dead] = [block(30 * KiB), Array.from({ length: 9 }, () => block(30 * KiB))];
    await node.put(live, ...dead);
    await node.stop();
    await copyFile(node.file('dfs.sqlite'), node.file('copy.sqlite'));
    await node.start();
    const before = await node.packs();
    await node.store.reclaim(async () => new Set([live.id]));
    expect(await node.packs()).not.toEqual(before);
    await node.stop();
    await rename(node.file('copy.sqlite'), node.file('dfs.sqlite'));
    await node.start();
    await expect(node.store.get(live.id)).resolves.toHaveLength(30 * KiB);
    expect(node.store.damaged().sort()).toEqual(idsOf(dead).sort());
  });

  it('knows a copy of the newest state by its file', async () => {
    const kept = block(3 * KiB);
    await node.put(kept);
    await node.stop();
    await copyFile(node.file('dfs.sqlite'), node.file('copy.sqlite'));
    await rename(node.file('copy.sqlite'), node.file('dfs.sqlite'));
    await node.start();
    expect(node.doubt).toBe('database-copied');
    await node.expectAll([kept]);
  });

  it('knows a copy that was made before a raise, and whose bytes were put into the same file', async () => {
    const kept = block(3 * KiB);
    const snapshots = new Snapshots({
      database: node.db.file,
      dir: node.file('snapshots'),
      room: async () => Infinity,
    });
    const { file } = await snapshots.take();
    await node.generation.raise();
    await node.put(kept);
    await node.stop();
    await copyFile(file, node.file('dfs.sqlite'));
    await node.start();
    expect(node.doubt).toBe('database-older');
    await node.expectAll([kept]);
  });

  it('has no doubt where a crash came between the two steps of a raise', async () => {
    await node.stop();
    await copyFile(node.file('chunks/store-id'), node.file('before'));
    await node.start();
    await node.stop();
    await copyFile(node.file('before'), node.file('chunks/store-id'));
    await node.start();
    expect(node.doubt).toBeUndefined();
    await node.stop();
    await rm(node.file('chunks/store-id'));
    await rm(node.file('dfs.sqlite'));
    await node.start();
    expect(node.doubt).toBeUndefined();
  });

  it('leaves the doubt to the next start when it ends before it is done', async () => {
    await node.put(block(3 * KiB));
    await node.stop();
    await rm(node.file('dfs.sqlite'));
    for (let turn = 0; turn < 2; turn++) {
      const db = await Database.open({
        file: node.file('dfs.sqlite'),
        migrations: chunksMigrations,
        entities: chunksEntities,
      });
      expect((await Generation.open({ db }, node.file('chunks'))).isProven).toBe(false);
      await db.close();
    }
    await node.start();
    expect(node.doubt).toBe('database-new');
    await node.stop();
    await node.start();
    expect(node.doubt).toBeUndefined();
  });

  it('goes around a head that is damaged, and takes nothing that is not what it is called', async () => {
    const kept = Array.from({ length: 6 }, () => block(40 * KiB));
    await node.put(...kept);
    const places = await node.db.query<{ cid: Uint8Array; offset: number }>(
      'SELECT cid, offset FROM chunk ORDER BY offset',
    );
    await node.stop();
    const [pack] = await node.packs();
    const file = await open(node.file(`chunks/packs/${pack}`), 'r+');
    // The mark of the second, and the bytes of the third: whether it is whole is not known once a head is lost.
    await file.write('XXXX', places[1]!.offset - ENTRY_HEAD_BYTES);
    await file.write('XXXX', places[2]!.offset + 100);
    await file.close();
    await rm(node.file('dfs.sqlite'));
    await node.start();
    const found = await node.db.query<{ cid: Uint8Array }>('SELECT cid FROM chunk ORDER BY offset');
    expect(found.map(({ cid }) => cid)).toEqual([0, 3, 4, 5].map((index) => places[index]!.cid));
  });

  it('goes on with what was not read yet, and does not sweep it meanwhile', async () => {
    const kept = [block(3 * KiB), block(3 * KiB)];
    for (const each of kept) await node.put(each);
    await node.stop();
    await rm(node.file('dfs.sqlite'));
    await node.start();
    // As where it ended in the middle.
    await node.db.write(async (tx) => {
      await tx.run('DELETE FROM chunk WHERE pack = (SELECT max(id) FROM pack)');
      await tx.run('UPDATE pack SET unread_from = 0 WHERE id = (SELECT max(id) FROM pack)');
    });
    await node.store.reclaim(nothing);
    expect(await node.packs()).toHaveLength(2);
    await node.stop();
    await node.start();
    expect(node.doubt).toBeUndefined();
    await node.expectAll(kept);
  });

  it('keeps what was found for a while though nothing needs it', async () => {
    const kept = [block(3 * KiB), block(2 * MiB)];
    await node.put(...kept);
    await node.stop();
    await rm(node.file('dfs.sqlite'));
    await node.start();
    let now = Date.now();
    const clock = { now: () => now };
    expect(await node.store.reclaim(nothing, { clock })).toMatchObject({ chunks: 0, packs: 0 });
    await node.expectAll(kept);
    now += FOUND_RETENTION + day;
    expect(await node.store.reclaim(nothing, { clock })).toMatchObject({ chunks: 2, packs: 1 });
  });
});
