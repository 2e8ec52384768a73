import { readdir, rename, symlink, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { execFileSync } from 'node:child_process';
import { KiB, MiB, VirtualTime } from '@dfs/runtime';
import type { Cid } from '@dfs/protocol';
import { corrupt, eventually } from '@dfs/testing';
import type { Block } from '../../manifest/builder.js';
import { failing, systemError } from '../../testing/faults.js';
import { DISK_CALL_TIME, WRITE_CALL_TIME, WRITE_CALLS } from '../limits.js';
import { StoreFixture, blockOf, idsOf, readAll } from '../../testing/fixture.js';
import { pinnedBytes } from '../../testing/inputs.js';

let label = 0;
const block = (size: number): Block => blockOf(pinnedBytes(`second look ${label++}`, size));

/** Calls that are not answered before the block ends. */
async function hanging(
  method: 'read' | 'writev' | 'sync',
): Promise<Disposable & { hangs(calls?: number): Promise<unknown> }> {
  const answer = Promise.withResolvers<undefined>();
  let calls = 0;
  const fault = await failing(method, async (original, args) => {
    calls++;
    await answer.promise;
    return original(...args);
  });
  return {
    hangs: (count = 1) => eventually(() => calls >= count),
    [Symbol.dispose]: () => {
      fault[Symbol.dispose]();
      answer.resolve(undefined);
    },
  };
}

/** The first `times` reads of block bytes end so. */
async function badReads(fate: string, times = Infinity): Promise<Disposable> {
  let calls = 0;
  return failing('read', async (original, args) => {
    if (++calls > times) return original(...args);
    if (fate !== 'flip') throw systemError(fate);
    const result = await original(...args);
    (args[0] as Uint8Array)[0]! ^= 1;
    return result;
  });
}

describe('a read that fails', () => {
  let fixture: StoreFixture;
  const told: Cid[] = [];
  beforeEach(async () => {
    fixture = await StoreFixture.open();
    told.length = 0;
    fixture.store.onDamaged((id) => told.push(id));
  });
  afterEach(() => fixture[Symbol.asyncDispose]());

  async function expectWhole(...kept: Block[]): Promise<void> {
    for (const { id, bytes } of kept) expect(Buffer.compare(await fixture.store.get(id), bytes)).toBe(0);
    expect(await fixture.store.has(idsOf(kept))).toEqual(new Set(idsOf(kept)));
    expect(fixture.store.damaged()).toEqual([]);
  }

  it.each([
    ['EIO', 1],
    ['EIO', 2],
    ['flip', 1],
    ['flip', 2],
    ['EACCES', 1],
  ])('by %s, %i times, is no damage', async (fate, times) => {
    for (const size of [3 * KiB, 2 * MiB]) {
      const kept = block(size);
      await fixture.put([kept]);
      using _ = await badReads(fate, times);
      expect(Buffer.compare(await fixture.store.get(kept.id), kept.bytes)).toBe(0);
    }
    expect(told).toEqual([]);
    expect(fixture.store.damaged()).toEqual([]);
    {
      const some = [block(500), block(600), block(1 * MiB)];
      await fixture.put(some);
      using _ = await badReads(fate, times);
      expect(await readAll(fixture.store.getMany(idsOf(some)))).toHaveLength(3);
      await fixture.store.verifyAll();
    }
    expect(told).toEqual([]);
  });

  it('however it is read, is damage, until it reads well: for the next reader, at a start and for the scrub', async () => {
    const kept = [block(3 * KiB), block(1 * MiB)];
    await fixture.put(kept);
    const { chunks } = fixture.store.usage();
    const damage = async (): Promise<void> => {
      using _ = await badReads('EIO');
      for (const { id } of kept) await expect(fixture.store.get(id)).rejects.toMatchObject({ code: 'chunk-damaged' });
      expect((await fixture.store.has(idsOf(kept))).size).toBe(0);
    };
    await damage();
    expect(told).toEqual(idsOf(kept));
    await expectWhole(...kept);
    expect(fixture.store.usage().chunks).toBe(chunks);

    await damage();
    await fixture.reopen();
    await eventually(() => fixture.store.damaged().length === 0);
    await expectWhole(...kept);
    expect(fixture.store.usage().chunks).toBe(chunks);

    await damage();
    expect(await fixture.store.verifyDamaged()).toBe(2);
    await expectWhole(...kept);
    expect(fixture.store.usage().chunks).toBe(chunks);
  });

  it('never costs the bytes: packs with damaged blocks stay until these are healed or wanted by nobody', async () => {
    const [kept, rotten, ...others] = [
      block(9 * KiB),
      block(9 * KiB),
      ...Array.from({ length: 40 }, () => block(90 * KiB)),
    ];
    await fixture.put([kept, rotten, ...others]);
    {
      using _ = await badReads('EIO');
      await expect(fixture.store.get(kept.id)).rejects.toMatchObject({ code: 'chunk-damaged' });
    }
    await corrupt(fixture.dir, rotten.bytes);
    await expect(fixture.store.get(rotten.id)).rejects.toMatchObject({ code: 'chunk-damaged' });
    const live = new Set([kept.id, rotten.id]);
    await fixture.store.reclaim(async () => live);
    await fixture.store.reclaim(async () => live);
    expect(Buffer.compare(await fixture.store.get(kept.id), kept.bytes)).toBe(0);
    expect(fixture.store.damaged()).toEqual([rotten.id]);
    await fixture.reopen();
    expect(await fixture.store.has([...live])).toEqual(new Set([kept.id]));
    expect(await fixture.packs()).toHaveLength(1);

    await fixture.put([rotten]);
    await fixture.store.reclaim(async () => live);
    await expectWhole(kept, rotten);
    await fixture.store.reclaim(async () => new Set());
    expect(await fixture.packs()).toEqual([]);
    expect(fixture.store.usage()).toMatchObject({ chunks: 0, bytes: 0 });
  });

  it('while compacting costs nothing either', async () => {
    const [kept, ...others] = [block(9 * KiB), ...Array.from({ length: 40 }, () => block(90 * KiB))];
    await fixture.put([kept, ...others]);
    const live = new Set([kept.id]);
    {
      using _ = await badReads('EIO');
      await fixture.store.reclaim(async () => live);
    }
    await fixture.reopen();
    await eventually(() => fixture.store.damaged().length === 0);
    await expectWhole(kept);
    await fixture.store.reclaim(async () => live);
    await expectWhole(kept);
    expect(fixture.store.usage().bytes).toBeLessThan(10 * KiB);
  });

  it('for want of a right is told as that, and clears by itself', async () => {
    const kept = block(3 * KiB);
    await fixture.put([kept]);
    const [name] = await readdir(join(fixture.dir, 'packs'));
    const path = join(fixture.dir, 'packs', name!);
    await fixture.reopen();
    // Also root cannot follow a link to itself.
    await rename(path, `${path}.away`);
    await symlink(path, path);
    expect(fixture.store.trouble()).toEqual({ unreadable: null, unwritable: null });
    await expect(fixture.store.get(kept.id)).rejects.toMatchObject({ code: 'chunk-unreadable', status: 503 });
    await expect(readAll(fixture.store.getMany([kept.id]))).rejects.toMatchObject({ code: 'chunk-unreadable' });
    await fixture.store.verifyAll();
    expect(fixture.store.trouble()).toMatchObject({ unreadable: { packs: 1, code: 'ELOOP' } });
    expect(told).toEqual([]);
    await unlink(path);
    await rename(`${path}.away`, path);
    await eventually(() => fixture.store.trouble().unreadable === null);
    await expectWhole(kept);
  });

  it('since the node is short of something is none of the disk', async () => {
    const kept = block(3 * KiB);
    await fixture.put([kept]);
    {
      using _ = await badReads('EMFILE');
      await expect(fixture.store.get(kept.id)).rejects.toMatchObject({ code: 'chunk-unreadable' });
    }
    await expectWhole(kept);
    expect(fixture.store.trouble().unreadable).toBeNull();
  });

  it('does not wait for a named pipe in the place of a pack', async () => {
    const kept = block(3 * KiB);
    await fixture.put([kept]);
    const [name] = await readdir(join(fixture.dir, 'packs'));
    const path = join(fixture.dir, 'packs', name!);
    await fixture.reopen();
    await rename(path, `${path}.away`);
    execFileSync('mkfifo', [path]);
    await expect(fixture.store.get(kept.id)).rejects.toMatchObject({ code: 'chunk-damaged' });
    await rename(`${path}.away`, path);
    await expectWhole(kept);
  });

  it('is tried again after a start, which does not wait for that', async () => {
    const kept = block(3 * KiB);
    await fixture.put([kept]);
    {
      using _ = await badReads('EIO');
      await expect(fixture.store.get(kept.id)).rejects.toMatchObject({ code: 'chunk-damaged' });
    }
    fixture.timers = new VirtualTime();
    {
      using disk = await hanging('read');
      await fixture.reopen();
      await disk.hangs();
    }
    await eventually(() => fixture.store.damaged().length === 0);
    await expectWhole(kept);
  });

  it('since the disk does not answer ends in time, and reads again once it does', async () => {
    const kept = block(3 * KiB);
    await fixture.put([kept]);
    const time = (fixture.timers = new VirtualTime());
    await fixture.reopen();
    {
      using disk = await hanging('read');
      const read = fixture.store.get(kept.id);
      await disk.hangs();
      time.advance(DISK_CALL_TIME);
      await expect(read).rejects.toMatchObject({ code: 'chunk-unreadable' });
      await expect(readAll(fixture.store.getMany([kept.id]))).rejects.toMatchObject({ code: 'chunk-unreadable' });
      expect(fixture.store.trouble()).toMatchObject({ unreadable: { packs: 1, code: 'ETIMEDOUT' } });
    }
    await eventually(() => fixture.store.trouble().unreadable === null);
    await expectWhole(kept);
  });
});

describe('a write that fails', () => {
  it.each(['EIO', 'EROFS', 'EDQUOT'])('by %s is told, and clears by itself', async (code) => {
    await using fixture = await StoreFixture.open();
    {
      using _ = await failing('sync', () => Promise.reject(systemError(code)));
      await expect(fixture.put([block(1 * KiB)])).rejects.toMatchObject({
        code: code === 'EDQUOT' ? 'no-space' : 'disk-failed',
      });
      expect(fixture.store.trouble().unwritable).toEqual({ code });
    }
    await eventually(() => fixture.store.trouble().unwritable === null);
    expect(await fixture.temporary()).toEqual([]);
    await fixture.put([block(1 * KiB)]);
  });

  it.each(['writev', 'sync'] as const)('since %s is not answered ends in time, and works again', async (call) => {
    await using fixture = await StoreFixture.open();
    const time = (fixture.timers = new VirtualTime());
    await fixture.reopen();
    const sizes = [1 * KiB, 2 * MiB];
    const given = sizes.map((size) => block(size));
    {
      using disk = await hanging(call);
      for (const [index, one] of given.entries()) {
        const batch = fixture.store.batch('local');
        await batch.add(one);
        const flushed = batch.flush();
        await disk.hangs(index + 1);
        time.advance(WRITE_CALL_TIME);
        await expect(flushed).rejects.toMatchObject({ code: 'disk-failed', status: 503 });
        expect(fixture.store.trouble().unwritable).toEqual({ code: 'ETIMEDOUT' });
        await batch.abort();
      }
      expect(await fixture.store.has(idsOf(given))).toEqual(new Set());
    }
    await eventually(() => fixture.store.trouble().unwritable === null);
    await eventually(async () => (await fixture.temporary()).length === 0);
    // The late bytes are in no pack, and no room is kept for them.
    expect(await fixture.packs()).toEqual([]);
    expect(fixture.store.usage()).toMatchObject({ bytes: 0, chunks: 0 });
    await fixture.put(given);
    for (const { id, bytes } of given) expect(Buffer.compare(await fixture.store.get(id), bytes)).toBe(0);
  });

  it('of all at once is refused without a wait, and what was refused is removed once the disk answers', async () => {
    await using fixture = await StoreFixture.open();
    const time = (fixture.timers = new VirtualTime());
    await fixture.reopen();
    const batches = Array.from({ length: WRITE_CALLS + 2 }, () => fixture.store.batch('local'));
    {
      using disk = await hanging('sync');
      const flushed = batches.map(async (batch) => {
        await batch.add(block(2 * MiB));
        await batch.flush();
      });
      const ends = Promise.allSettled(flushed);
      await disk.hangs(WRITE_CALLS);
      await eventually(async () => (await fixture.temporary()).length === batches.length);
      time.advance(WRITE_CALL_TIME);
      expect((await ends).map(({ status }) => status)).toEqual(batches.map(() => 'rejected'));
      for (const batch of batches) await batch.abort();
      await expect(fixture.put([block(1 * KiB)])).rejects.toMatchObject({ code: 'disk-failed' });
    }
    await eventually(async () => (await fixture.temporary()).length === 0);
    await eventually(() => fixture.store.trouble().unwritable === null);
    expect([await fixture.packs(), fixture.store.usage().bytes]).toEqual([[], 0]);
    await fixture.put([block(1 * KiB)]);
  });

  it('for want of quota is none of the disk', async () => {
    await using fixture = await StoreFixture.open({ quotaBytes: 1 * KiB });
    await expect(fixture.put([block(2 * KiB)])).rejects.toMatchObject({ code: 'quota-exceeded' });
    expect(fixture.store.trouble().unwritable).toBeNull();
  });
});
