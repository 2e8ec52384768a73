import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { EMPTY_CONTENT, MANIFEST_CODEC, cidOf, type Cid } from '@dfs/protocol';
import { KiB, MiB } from '@dfs/runtime';
import { corrupt, eventually } from '@dfs/testing';
import type { Block } from '../manifest/builder.js';
import { StoreFixture, blockOf, idsOf, readAll } from '../testing/fixture.js';
import { pinnedBytes } from '../testing/inputs.js';
import { ENTRY_HEAD_BYTES, PACK_HEAD } from './packs/format.js';

let label = 0;
const block = (size: number): Block => blockOf(pinnedBytes(`block ${label++}`, size));
const blocks = (count: number, size: number): Block[] => Array.from({ length: count }, () => block(size));
const same = (a: readonly Block[], b: readonly Block[]): boolean =>
  a.length === b.length && a.every(({ id, bytes }, i) => id === b[i]!.id && Buffer.compare(bytes, b[i]!.bytes) === 0);

describe('ChunkStore', () => {
  let fixture: StoreFixture;
  beforeEach(async () => {
    fixture = await StoreFixture.open();
  });
  afterEach(() => fixture[Symbol.asyncDispose]());
  const read = async (id: Cid): Promise<Block> => ({ id, bytes: await fixture.store.get(id) });

  it('gives back what was committed, also after a restart, and nothing before', async () => {
    const { store } = fixture;
    const put = [block(1), block(4 * KiB), block(300 * KiB), block(4 * MiB), block(70 * KiB)];
    const batch = store.batch('local');
    for (const each of put) await batch.add(each);
    for (const each of put) expect(Buffer.compare((await batch.get(each.id))!, each.bytes)).toBe(0);
    await batch.flush();
    for (const each of put) expect(Buffer.compare((await batch.get(each.id))!, each.bytes)).toBe(0);
    expect(await batch.get(cidOf(Uint8Array.of(9)))).toBeUndefined();
    expect((await store.has(idsOf(put))).size).toBe(0);
    await expect(store.get(put[0]!.id)).rejects.toMatchObject({ code: 'chunk-not-found' });
    expect(store.usage()).toMatchObject({ chunks: 0, bytes: 0 });
    await fixture.commit(batch);
    const usage = store.usage();
    for (let turn = 0; turn < 2; turn++) {
      expect(await fixture.store.has([...idsOf(put), EMPTY_CONTENT])).toEqual(new Set(idsOf(put)));
      for (const each of put) expect(Buffer.compare(await fixture.store.get(each.id), each.bytes)).toBe(0);
      expect(same(await readAll(fixture.store.getMany(idsOf(put))), put)).toBe(true);
      expect(fixture.store.usage()).toEqual(usage);
      await fixture.reopen();
    }
    expect(usage.chunks).toBe(put.length);
    const bytes = put.reduce((sum, each) => sum + each.bytes.length + ENTRY_HEAD_BYTES, PACK_HEAD.length);
    expect(usage.bytes).toBe(bytes);
  });

  it('keeps a chunk and a manifest block of equal bytes apart', async () => {
    const { bytes } = block(100);
    const manifest = { id: cidOf(bytes, MANIFEST_CODEC), bytes };
    await fixture.put([manifest]);
    expect(await fixture.store.has([manifest.id, cidOf(bytes)])).toEqual(new Set([manifest.id]));
    await fixture.put([blockOf(bytes)]);
    await fixture.store.reclaim(async () => new Set([manifest.id]));
    expect(await fixture.store.has([manifest.id, cidOf(bytes)])).toEqual(new Set([manifest.id]));
  });

  it('costs one file for a small batch, and one for many that flush together', async () => {
    await fixture.put([block(4 * KiB), block(200)]);
    expect(await fixture.packs()).toHaveLength(1);
    const many = blocks(60, 4 * KiB);
    await Promise.all(many.map((each) => fixture.put([each])));
    expect((await fixture.packs()).length).toBeLessThan(10);
    expect((await fixture.store.has(idsOf(many))).size).toBe(many.length);
  });

  it('rolls large batches over many packs', async () => {
    const large = blocks(150, 1 * MiB);
    const batch = fixture.store.batch('local');
    for (const [index, each] of large.entries()) {
      await batch.add(each);
      if (index % 40 === 0)
        expect(Buffer.compare((await batch.get(large[index >> 1]!.id))!, large[index >> 1]!.bytes)).toBe(0);
    }
    await batch.flush();
    await fixture.commit(batch);
    expect((await fixture.packs()).length).toBeGreaterThanOrEqual(3);
    expect(same(await readAll(fixture.store.getMany(idsOf(large))), large)).toBe(true);
  });

  it('reads any list of ids in its order, repeated and scattered ones too', async () => {
    const kept = [...blocks(700, 300), ...blocks(20, 100 * KiB), ...blocks(3, 2 * MiB)];
    for (let at = 0; at < kept.length; at += 97) await fixture.put(kept.slice(at, at + 97));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(kept.length - 1), { maxLength: 900 }), async (picks) => {
        const wanted = picks.map((pick) => kept[pick]!);
        expect(same(await readAll(fixture.store.getMany(idsOf(wanted))), wanted)).toBe(true);
      }),
      { numRuns: 12 },
    );
    expect(same(await readAll(fixture.store.getMany(idsOf(kept))), kept)).toBe(true);
  });

  it('gives what comes before a missing block, then says that it is missing', async () => {
    const kept = blocks(5, 500);
    await fixture.put(kept);
    const seen: Cid[] = [];
    const ids = [...idsOf(kept.slice(0, 3)), cidOf(Uint8Array.of(1, 2)), kept[4]!.id];
    const read = async (): Promise<void> => {
      for await (const { id } of fixture.store.getMany(ids)) seen.push(id);
    };
    await expect(read()).rejects.toMatchObject({ code: 'chunk-not-found' });
    expect(seen).toEqual(ids.slice(0, 3));
  });

  it('stores each block once, in a batch, between batches, and between batches side by side', async () => {
    const [one, two] = [block(2 * MiB), block(600)];
    await fixture.put([one, two, one, two, blockOf(new Uint8Array(one.bytes))]);
    const before = fixture.store.usage();
    await fixture.put([two, one]);
    expect(fixture.store.usage()).toEqual(before);
    const [a, b] = [fixture.store.batch('local'), fixture.store.batch('local')];
    const shared = block(1 * KiB);
    for (const batch of [a, b]) await batch.add(shared);
    await Promise.all([a.flush(), b.flush()]);
    await fixture.commit(a);
    await fixture.commit(b);
    expect(fixture.store.usage().chunks).toBe(before.chunks + 1);
    expect(Buffer.compare(await fixture.store.get(shared.id), shared.bytes)).toBe(0);
  });

  it('copies or is done with the bytes before it says that they are released', async () => {
    const buffer = Buffer.alloc(256 * KiB);
    const batch = fixture.store.batch('local');
    const put: Block[] = [];
    for (const size of [100, 90 * KiB, 256 * KiB, 5000, 200 * KiB, 256 * KiB]) {
      const each = block(size);
      put.push(each);
      buffer.set(each.bytes);
      await new Promise<void>((released, failed) => {
        batch.add({ id: each.id, bytes: buffer.subarray(0, size) }, released).catch(failed);
      });
      buffer.fill(0xee);
    }
    await batch.flush();
    await fixture.commit(batch);
    expect(same(await readAll(fixture.store.getMany(idsOf(put))), put)).toBe(true);
  });

  describe('a batch that is not committed', () => {
    it('leaves nothing behind when it is aborted, at any stage', async () => {
      for (const size of [1 * KiB, 3 * MiB]) {
        for (const stage of ['added', 'flushing', 'flushed', 'rolled back']) {
          const batch = fixture.store.batch('local');
          for (const each of blocks(30, size)) await batch.add(each);
          const flushed = stage === 'added' ? undefined : batch.flush();
          if (stage !== 'flushing') await flushed;
          if (stage === 'rolled back') {
            const failed = fixture.db.write(async (tx) => {
              await batch.commit(tx);
              throw new Error('the caller changed its mind');
            });
            await expect(failed).rejects.toThrow('changed its mind');
          }
          await Promise.all([batch.abort(), batch.abort()]);
          await flushed?.catch(() => undefined);
          expect({ stage, size, packs: await fixture.packs(), tmp: await fixture.temporary() }).toEqual({
            stage,
            size,
            packs: [],
            tmp: [],
          });
        }
      }
      expect(fixture.store.usage()).toMatchObject({ chunks: 0, bytes: 0 });
      const batch = fixture.store.batch('local');
      await batch.abort();
      await expect(batch.add(block(1))).rejects.toMatchObject({ code: 'aborted' });
    });

    it('does not take along a batch that shares its pack', async () => {
      const make = () => blocks(3, 900);
      await fixture.withSharedPack(make, async (batches, put) => {
        await batches[1]!.abort();
        for (const index of [0, 2]) await fixture.commit(batches[index]!);
        expect(await fixture.store.has(idsOf(put))).toEqual(new Set([put[0]!.id, put[2]!.id]));
        for (const index of [0, 2]) expect(same([await read(put[index]!.id)], [put[index]!])).toBe(true);
      });
    });

    it('is swept at the next start', async () => {
      const kept = block(5000);
      await fixture.put([kept]);
      const batch = fixture.store.batch('local');
      for (const each of blocks(70, 1 * MiB)) await batch.add(each);
      await batch.flush();
      const unfinished = fixture.store.batch('local');
      for (const each of blocks(20, 1 * MiB)) await unfinished.add(each);
      await eventually(async () => (await fixture.temporary()).length > 0);
      await writeFile(join(fixture.dir, 'packs', 'stray'), 'x');
      await fixture.reopen();
      expect(await fixture.packs()).toHaveLength(1);
      expect(await fixture.temporary()).toEqual([]);
      expect(Buffer.compare(await fixture.store.get(kept.id), kept.bytes)).toBe(0);
      expect(fixture.store.usage().chunks).toBe(1);
      await unfinished.abort();
    });
  });

  it('survives an abort after a commit, and refuses a commit without a flush', async () => {
    const kept = block(3 * MiB);
    const batch = fixture.store.batch('local');
    await batch.add(kept);
    await expect(fixture.commit(batch)).rejects.toThrow(/flush/);
    await batch.flush();
    await fixture.commit(batch);
    await batch.abort();
    expect(Buffer.compare(await fixture.store.get(kept.id), kept.bytes)).toBe(0);
  });

  it('keeps the bytes when a unit of work says that it failed though it did not', async () => {
    for (const kept of [block(100), block(3 * MiB)]) {
      const batch = fixture.store.batch('local');
      await batch.add(kept);
      await batch.flush();
      // As a COMMIT whose answer is lost: the rows are there, and nobody was told.
      await fixture.db.write((tx) => batch.commit({ ...passing(tx), afterCommit: () => {} }));
      await batch.abort();
      expect(Buffer.compare(await fixture.store.get(kept.id), kept.bytes)).toBe(0);
    }
    expect(fixture.store.usage().bytes).toBeGreaterThan(3 * MiB);
  });

  describe('damage', () => {
    it('is found by every way of reading, told once, and healed by adding the block again', async () => {
      for (const size of [300, 2 * MiB]) {
        const [before, bad, after] = blocks(3, size) as [Block, Block, Block];
        await fixture.put([before, bad, after]);
        const told: Cid[] = [];
        const unsubscribe = fixture.store.onDamaged((id) => told.push(id));
        await corrupt(fixture.dir, bad.bytes);
        const list = readAll(fixture.store.getMany(idsOf([before, bad, after])));
        await expect(list).rejects.toMatchObject({ code: 'chunk-damaged', status: 500 });
        await expect(fixture.store.get(bad.id)).rejects.toMatchObject({ code: 'chunk-damaged' });
        expect(told).toEqual([bad.id]);
        expect(await fixture.store.has(idsOf([before, bad, after]))).toEqual(new Set([before.id, after.id]));
        await fixture.reopen();
        expect(fixture.store.damaged()).toEqual([bad.id]);
        await expect(fixture.store.get(bad.id)).rejects.toMatchObject({ code: 'chunk-damaged' });
        const chunks = fixture.store.usage().chunks;
        await fixture.put([before, bad, after]);
        expect(fixture.store.usage().chunks).toBe(chunks + 1);
        expect(fixture.store.damaged()).toEqual([]);
        expect(Buffer.compare(await fixture.store.get(bad.id), bad.bytes)).toBe(0);
        unsubscribe();
      }
    });

    it('heals at once, before the database has noted it', async () => {
      const bad = block(2000);
      await fixture.put([bad]);
      await corrupt(fixture.dir, bad.bytes);
      await expect(fixture.store.get(bad.id)).rejects.toMatchObject({ code: 'chunk-damaged' });
      await fixture.put([bad]);
      expect(Buffer.compare(await fixture.store.get(bad.id), bad.bytes)).toBe(0);
      await fixture.reopen();
      expect(fixture.store.damaged()).toEqual([]);
      expect(fixture.store.usage().chunks).toBe(1);
    });

    it('refuses to commit a batch that counts on a block found damaged since', async () => {
      const bad = block(2000);
      await fixture.put([bad]);
      const batch = fixture.store.batch('local');
      await batch.add(bad);
      await batch.flush();
      await corrupt(fixture.dir, bad.bytes);
      await expect(fixture.store.get(bad.id)).rejects.toMatchObject({ code: 'chunk-damaged' });
      await expect(fixture.commit(batch)).rejects.toMatchObject({ code: 'chunk-damaged' });
      await batch.abort();
    });

    it('includes packs that are gone or cut short', async () => {
      const [one, two] = [block(3000), block(3000)];
      await fixture.put([one]);
      const [pack] = await fixture.packs();
      await fixture.put([two]);
      await writeFile(join(fixture.dir, 'packs', pack!), 'short');
      await fixture.reopen();
      await expect(fixture.store.get(one.id)).rejects.toMatchObject({ code: 'chunk-damaged' });
      for (const name of await fixture.packs()) await rm(join(fixture.dir, 'packs', name));
      await fixture.reopen();
      expect((await fixture.store.has([one.id, two.id])).size).toBe(0);
      expect(fixture.store.damaged().sort()).toEqual(idsOf([one, two]).sort());
      expect(fixture.store.usage()).toMatchObject({ chunks: 0, bytes: 0 });
    });

    it('is found by the scrub, which can be paced and stopped', async () => {
      const kept = [...blocks(200, 500), ...blocks(5, 1 * MiB)];
      await fixture.put(kept);
      await corrupt(fixture.dir, kept[7]!.bytes);
      await corrupt(fixture.dir, kept[203]!.bytes);
      const found: Cid[] = [];
      const done = await fixture.store.verifyAll({ onDamaged: (id) => found.push(id), bytesPerSecond: 100 * MiB });
      expect(done).toMatchObject({ chunks: 205, damaged: 2 });
      expect(found.sort()).toEqual([kept[7]!.id, kept[203]!.id].sort());
      expect(await fixture.store.verifyAll()).toMatchObject({ chunks: 203, damaged: 0 });
      const abort = new AbortController();
      const stopped = fixture.store.verifyAll({ bytesPerSecond: 1, signal: abort.signal });
      abort.abort();
      await expect(stopped).rejects.toMatchObject({ code: 'aborted' });
    });
  });

  it('aborts reads by their signal', async () => {
    const kept = blocks(30, 1 * MiB);
    await fixture.put(kept);
    const abort = new AbortController();
    const read = async (): Promise<void> => {
      for await (const { id } of fixture.store.getMany(idsOf(kept), { signal: abort.signal })) {
        if (id === kept[3]!.id) abort.abort();
      }
    };
    await expect(read()).rejects.toMatchObject({ code: 'aborted' });
    await expect(fixture.store.get(kept[0]!.id, { signal: abort.signal })).rejects.toMatchObject({ code: 'aborted' });
  });
});

/** A unit of work that passes everything on, to change one thing about it. */
function passing<T extends object>(tx: T): T {
  const bound: Record<string, unknown> = {};
  for (const name of ['query', 'run', 'later', 'insertMany', 'insertCounted', 'afterCommit'] as const) {
    const method = (tx as Record<string, unknown>)[name] as (...args: unknown[]) => unknown;
    bound[name] = method.bind(tx);
  }
  return bound as T;
}
