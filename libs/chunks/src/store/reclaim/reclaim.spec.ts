import { open, readFile } from 'node:fs/promises';
import { hour, KiB, MiB, minute, VirtualTime } from '@dfs/runtime';
import type { Cid } from '@dfs/protocol';
import { eventually } from '@dfs/testing';
import type { Block } from '../../manifest/builder.js';
import { StoreFixture, blockOf, idsOf } from '../../testing/fixture.js';
import { pinnedBytes } from '../../testing/inputs.js';
import { SMALL_PACKS, TOO_MANY_SMALL_PACKS } from '../limits.js';

let label = 0;
const block = (size: number): Block => blockOf(pinnedBytes(`reclaim ${label++}`, size));
const blocks = (count: number, size: number): Block[] => Array.from({ length: count }, () => block(size));
const only =
  (...live: Block[]) =>
  async () =>
    new Set(idsOf(live));
const nothing = async (): Promise<Set<Cid>> => new Set();
const everything = async (ids: Cid[]): Promise<Set<Cid>> => new Set(ids);

describe('reclaim', () => {
  let fixture: StoreFixture;
  beforeEach(async () => {
    fixture = await StoreFixture.open();
  });
  afterEach(() => fixture[Symbol.asyncDispose]());

  async function expectKept(kept: readonly Block[]): Promise<void> {
    expect(await fixture.store.has(idsOf(kept))).toEqual(new Set(idsOf(kept)));
    for (const { id, bytes } of kept) expect(Buffer.compare(await fixture.store.get(id), bytes)).toBe(0);
  }

  it('drops what is not live, whole packs first, and frees the quota', async () => {
    const [dead, live] = [blocks(5, 1 * MiB), blocks(5, 1 * MiB)];
    await fixture.put(dead);
    await fixture.put(live);
    const before = fixture.store.usage();
    const freed = await fixture.store.reclaim(only(...live));
    expect(freed).toMatchObject({ chunks: 5, packs: 1 });
    expect(freed.bytes).toBeGreaterThan(5 * MiB);
    expect(fixture.store.usage()).toMatchObject({ chunks: 5, bytes: before.bytes - freed.bytes });
    expect(await fixture.packs()).toHaveLength(1);
    await expectKept(live);
    expect((await fixture.store.has(idsOf(dead))).size).toBe(0);
    await expect(fixture.store.get(dead[0]!.id)).rejects.toMatchObject({ code: 'chunk-not-found' });
  });

  it('rewrites packs that are mostly empty, leaves the others, and keeps every live block', async () => {
    const [mixed, full] = [blocks(40, 200 * KiB), blocks(10, 200 * KiB)];
    await fixture.put(mixed);
    await fixture.put(full);
    const live = [...mixed.filter((_, index) => index % 4 === 0), ...full];
    const before = new Set(await fixture.packs());
    await fixture.store.reclaim(only(...live));
    const after = await fixture.packs();
    expect(after).toHaveLength(2);
    expect(after.filter((name) => before.has(name))).toHaveLength(1);
    expect(fixture.store.usage().bytes).toBeLessThan(21 * 200 * KiB);
    await expectKept(live);
    await fixture.reopen();
    await expectKept(live);
    expect(await fixture.temporary()).toEqual([]);
  });

  it('keeps what others than its caller need, until they do not', async () => {
    const [begun, dead] = [block(20 * KiB), block(20 * KiB)];
    await fixture.put([begun, dead]);
    let kept = idsOf([begun]);
    fixture.store.alsoKeep(async (ids) => new Set(ids.filter((id) => kept.includes(id))));
    expect(await fixture.store.reclaim(nothing)).toMatchObject({ chunks: 1 });
    await expectKept([begun]);
    kept = [];
    expect(await fixture.store.reclaim(nothing)).toMatchObject({ chunks: 1 });
  });

  it('drops just those that it is told to, as far as nothing needs them, and frees their packs', async () => {
    const [dead, live, other] = [blocks(5, 1 * MiB), block(20 * KiB), block(30 * KiB)];
    await fixture.put([...dead, live]);
    await fixture.put([other]);
    const before = fixture.store.usage();
    const freed = await fixture.store.drop(idsOf([...dead, live]), only(live));
    expect(freed.chunks).toBe(5);
    expect(freed.bytes).toBeGreaterThan(5 * MiB - 64 * KiB);
    expect(fixture.store.usage()).toMatchObject({ chunks: 2, bytes: before.bytes - freed.bytes });
    await expectKept([live, other]);
    expect((await fixture.store.has(idsOf(dead))).size).toBe(0);
    expect(await fixture.store.drop(idsOf(dead), nothing)).toEqual({ chunks: 0, packs: 0, bytes: 0 });
  });

  it('puts many small packs together', async () => {
    const small = blocks(70, 4 * KiB);
    for (const each of small) await fixture.put([each]);
    expect(await fixture.packs()).toHaveLength(70);
    const freed = await fixture.store.reclaim(everything);
    expect(freed.chunks).toBe(0);
    expect(await fixture.packs()).toHaveLength(1);
    await expectKept(small);
    expect(await fixture.store.reclaim(everything)).toMatchObject({ chunks: 0, packs: 0 });
  });

  it('is not needed for small packs beyond number: the store joins them by itself', async () => {
    const small = blocks(TOO_MANY_SMALL_PACKS + 20, 300);
    for (const each of small) await fixture.put([each]);
    await eventually(async () => (await fixture.packs()).length < 50);
    await expectKept(small);
    // Comes after what is being joined.
    await fixture.store.verifyDamaged();
    const { bytes } = fixture.store.usage();
    await fixture.reopen();
    expect(fixture.store.usage()).toMatchObject({ chunks: small.length, bytes });
  });

  it('is not needed for fewer of them: a quiet minute joins them, after a start too', async () => {
    const time = (fixture.timers = new VirtualTime());
    const small = blocks(SMALL_PACKS, 300);
    for (const each of small.slice(1)) await fixture.put([each]);
    await fixture.reopen();
    time.advance(1 * hour);
    expect(await fixture.packs()).toHaveLength(SMALL_PACKS - 1);
    await fixture.put(small.slice(0, 1));
    time.advance(1 * minute);
    await eventually(async () => (await fixture.packs()).length === 1);
    const more = blocks(SMALL_PACKS, 300);
    for (const each of more) await fixture.put([each]);
    await fixture.reopen();
    expect(await fixture.packs()).toHaveLength(1 + SMALL_PACKS);
    time.advance(1 * minute);
    await eventually(async () => (await fixture.packs()).length === 1);
    await expectKept([...small, ...more]);
  });

  it('does nothing to a store in which all is live', async () => {
    await fixture.put(blocks(10, 100 * KiB));
    const before = await fixture.packs();
    expect(await fixture.store.reclaim(everything)).toEqual({ chunks: 0, packs: 0, bytes: 0 });
    expect(await fixture.packs()).toEqual(before);
  });

  it('spares what a batch was told is already here, until it has committed or given up', async () => {
    const held = block(50 * KiB);
    await fixture.put([held, block(10)]);
    const batch = fixture.store.batch('local');
    await batch.add(held);
    await batch.flush();
    await fixture.store.reclaim(nothing);
    await expectKept([held]);
    const second = fixture.store.batch('local');
    await second.add(held);
    await second.flush();
    await batch.abort();
    await fixture.store.reclaim(nothing);
    await expectKept([held]);
    await fixture.commit(second);
    await fixture.store.reclaim(nothing);
    expect((await fixture.store.has([held.id])).size).toBe(0);
    expect(await fixture.packs()).toEqual([]);
  });

  it('never takes a block from an upload that finds it "already here", whatever the timing', async () => {
    // Blocks committed with a reference are referenced, as the catalogue does it: in one unit of work.
    await fixture.db.write((tx) => tx.run('CREATE TABLE reference (id TEXT PRIMARY KEY) STRICT').then(() => undefined));
    const isLive = async (ids: Cid[]): Promise<Set<Cid>> => {
      const rows = await fixture.db.query<{ id: Cid }>('SELECT id FROM reference');
      const referenced = new Set(rows.map(({ id }) => id));
      return new Set(ids.filter((id) => referenced.has(id)));
    };
    const shared = blocks(6, 20 * KiB);
    let running = true;
    const upload = async (turn: number): Promise<void> => {
      const batch = fixture.store.batch('local');
      const mine = shared.filter((_, index) => (index + turn) % 3 !== 0);
      for (const each of mine) await batch.add(each);
      await batch.flush();
      await fixture.db.write(async (tx) => {
        await batch.commit(tx);
        for (const { id } of mine) await tx.run('INSERT OR IGNORE INTO reference (id) VALUES (?)', [id]);
      });
      for (const { id, bytes } of mine) expect(Buffer.compare(await fixture.store.get(id), bytes)).toBe(0);
      await fixture.db.write((tx) => tx.run('DELETE FROM reference'));
    };
    const collecting = (async () => {
      while (running) await fixture.store.reclaim(isLive);
    })();
    for (let turn = 0; turn < 40; turn++) await upload(turn);
    running = false;
    await collecting;
    await fixture.store.reclaim(isLive);
    expect(fixture.store.usage()).toMatchObject({ chunks: 0, bytes: 0 });
    expect(await fixture.packs()).toEqual([]);
  });

  it('spares a pack that a batch has yet to commit, though what others put there is dead', async () => {
    const make = () => blocks(3, 900);
    await fixture.withSharedPack(make, async (batches, put) => {
      for (const batch of batches.slice(0, 2)) await fixture.commit(batch);
      await fixture.store.reclaim(nothing);
      await fixture.commit(batches[2]!);
      await expectKept([put[2]!]);
    });
  });

  it('goes on while others read and write, and nobody reads a wrong byte or misses a live one', async () => {
    const live = blocks(30, 64 * KiB);
    let running = true;
    const collecting = (async () => {
      while (running) await fixture.store.reclaim(only(...live));
    })();
    for (let turn = 0; turn < 15; turn++) {
      await fixture.put([...live.slice(turn * 2, turn * 2 + 2), ...blocks(6, 64 * KiB)]);
      const here = live.slice(0, turn * 2 + 2);
      const read: Cid[] = [];
      for await (const { id } of fixture.store.getMany(idsOf(here))) read.push(id);
      expect(read).toEqual(idsOf(here));
    }
    running = false;
    await collecting;
    await fixture.store.reclaim(only(...live));
    await expectKept(live);
    expect(fixture.store.damaged()).toEqual([]);
    expect(fixture.store.usage().chunks).toBe(live.length);
  });

  it('reports damage that it meets while it rewrites, and saves the rest', async () => {
    const mixed = blocks(12, 30 * KiB);
    await fixture.put(mixed);
    const path = `${fixture.dir}/packs/${(await fixture.packs())[0]!}`;
    const file = await open(path, 'r+');
    await file.write(Buffer.alloc(10), 0, 10, (await readFile(path)).indexOf(mixed[1]!.bytes));
    await file.close();
    const told: Cid[] = [];
    fixture.store.onDamaged((id) => told.push(id));
    const live = mixed.slice(0, 4);
    await fixture.store.reclaim(only(...live));
    expect(told).toEqual([mixed[1]!.id]);
    await expectKept([live[0]!, live[2]!, live[3]!]);
    await fixture.store.reclaim(only(live[0]!));
    await fixture.store.reclaim(only(live[0]!));
    expect(fixture.store.damaged()).toEqual([]);
  });

  it('stops when its signal fires', async () => {
    await fixture.put(blocks(3, 1 * KiB));
    await expect(fixture.store.reclaim(nothing, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'aborted',
    });
  });
});
