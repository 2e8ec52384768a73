import fc from 'fast-check';
import { KiB, MiB } from '@dfs/runtime';
import type { Block } from '../../manifest/builder.js';
import { StoreFixture, blockOf } from '../../testing/fixture.js';
import { pinnedBytes } from '../../testing/inputs.js';
import { Admission } from './admission.js';

let label = 0;
const block = (size: number): Block => blockOf(pinnedBytes(`admission ${label++}`, size));

describe('admission', () => {
  it('refuses what exceeds the quota, peers at 90 % of it, and takes what fits', async () => {
    await using fixture = await StoreFixture.open({ quotaBytes: 10 * MiB });
    const put = async (purpose: 'local' | 'peer', mebibytes: number): Promise<unknown> => {
      const batch = fixture.store.batch(purpose);
      try {
        for (let i = 0; i < mebibytes; i++) await batch.add(block(1 * MiB));
        await batch.flush();
        return await fixture.commit(batch);
      } catch (error) {
        await batch.abort();
        return error;
      }
    };
    expect(await put('peer', 10)).toMatchObject({ code: 'quota-exceeded', status: 507 });
    expect(await fixture.packs()).toEqual([]);
    expect(await put('peer', 8)).toBeUndefined();
    expect(await put('peer', 1)).toMatchObject({ code: 'quota-exceeded' });
    expect(await put('local', 1)).toBeUndefined();
    expect(await put('local', 1)).toMatchObject({
      code: 'quota-exceeded',
      // Also true of a file that is larger than an empty quota.
      message: expect.stringContaining('has no room left for that') as string,
    });
    expect(fixture.store.usage()).toMatchObject({ chunks: 9, quotaBytes: 10 * MiB });
    fixture.store.setQuota(20 * MiB);
    expect(await put('local', 5)).toBeUndefined();
    await fixture.store.reclaim(async () => new Set());
    expect(await put('peer', 17)).toBeUndefined();
  });

  it('promises the same room once, to however many ask at the same time', async () => {
    const fileSystem = async () => ({ totalBytes: 1000 * MiB, freeBytes: 900 * MiB });
    const admission = await Admission.open({ dir: '/', quota: 6 * MiB, keptBytes: 0, fileSystem });
    const asked = await Promise.allSettled(Array.from({ length: 8 }, () => admission.admit(2 * MiB, 'local')));
    expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
  });

  it('lets no set of batches side by side exceed the quota, and counts right after any mix of ends', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({ size: fc.integer({ min: 1, max: 2 * MiB }), ends: fc.constantFrom('commit', 'abort', 'fail') }),
          { minLength: 1, maxLength: 12 },
        ),
        async (plans) => {
          await using fixture = await StoreFixture.open({ quotaBytes: 6 * MiB });
          await Promise.all(
            plans.map(async ({ size, ends }) => {
              const batch = fixture.store.batch('local');
              try {
                await batch.add(block(size));
                await batch.flush();
                if (ends === 'abort') return;
                await fixture.db.write(async (tx) => {
                  await batch.commit(tx);
                  if (ends === 'fail') throw new Error('on purpose');
                });
              } catch (error) {
                const expected = (error as Error).message === 'on purpose' || (error as { code?: string }).code;
                expect([true, 'quota-exceeded']).toContain(expected);
              } finally {
                await batch.abort();
              }
            }),
          );
          const { bytes } = fixture.store.usage();
          expect(bytes).toBeLessThanOrEqual(6 * MiB + plans.length * 8);
          await fixture.reopen();
          expect(fixture.store.usage().bytes).toBe(bytes);
          // Nothing is owed to the batches that are gone: all the rest can be used.
          const rest = fixture.store.batch('local');
          const room = Math.min(4 * MiB, 6 * MiB - bytes - 100);
          if (room > 0) await rest.add(block(room));
          await rest.flush();
          await rest.abort();
        },
      ),
      { numRuns: 15 },
    );
  });

  it('leaves the reserve of the file system alone, and goes on once there is room', async () => {
    let freeBytes = 100 * MiB;
    const admission = await Admission.open({
      dir: '/',
      quota: { percent: 50 },
      reserveBytes: 20 * MiB,
      keptBytes: 0,
      fileSystem: async () => ({ totalBytes: 1000 * MiB, freeBytes }),
    });
    expect(admission.quotaBytes).toBe(500 * MiB);
    await admission.admit(60 * MiB, 'local');
    await expect(admission.admit(21 * MiB, 'local')).rejects.toMatchObject({ code: 'no-space', status: 507 });
    // Written, so gone from what is free: not counted twice.
    freeBytes = 40 * MiB;
    admission.written(60 * MiB);
    await admission.admit(20 * MiB, 'peer');
    await expect(admission.admit(1, 'local')).rejects.toMatchObject({ code: 'no-space' });
    freeBytes = 100 * MiB;
    admission.release(20 * MiB, 20 * MiB);
    await admission.admit(80 * MiB, 'local');
  });

  it('lets a full disk be emptied: what makes room may take some of the reserve for a while', async () => {
    const reserveBytes = 20 * MiB;
    await using fixture = await StoreFixture.open({ reserveBytes });
    expect(fixture.store.room()).toBe(2 ** 40 - reserveBytes);
    const [kept, ...dead] = [block(1 * MiB), block(2 * MiB), block(2 * MiB)];
    await fixture.put([kept, ...dead]);
    const before = fixture.store.usage().bytes;
    fixture.disk = { totalBytes: 2 ** 40, freeBytes: reserveBytes };
    await fixture.reopen();
    await expect(fixture.put([block(10)])).rejects.toMatchObject({ code: 'no-space' });
    expect(fixture.store.room()).toBe(0);
    expect(await fixture.store.reclaim(async () => new Set([kept.id]))).toMatchObject({ chunks: 2, packs: 1 });
    expect(fixture.store.usage().bytes).toBeLessThanOrEqual(before - 4 * MiB);
    expect(Buffer.compare(await fixture.store.get(kept.id), kept.bytes)).toBe(0);
    await expect(fixture.put([block(10)])).rejects.toMatchObject({ code: 'no-space' });
  });

  it('keeps half of the reserve, whatever is made room for', async () => {
    const fileSystem = async (): Promise<{ totalBytes: number; freeBytes: number }> => ({
      totalBytes: 1000 * MiB,
      freeBytes: 20 * MiB,
    });
    const admission = await Admission.open({ dir: '/', quota: 1, reserveBytes: 20 * MiB, keptBytes: 0, fileSystem });
    await admission.admitRewrite(10 * MiB);
    await expect(admission.admitRewrite(1)).rejects.toMatchObject({ code: 'no-space' });
    admission.release(10 * MiB, 10 * MiB);
    await admission.admitRewrite(1);
  });

  it('a full disk is told as such, leaves nothing behind, and mends by itself', async () => {
    await using fixture = await StoreFixture.open();
    fixture.disk = { totalBytes: 2 ** 40, freeBytes: 100 * KiB };
    await fixture.reopen();
    const batch = fixture.store.batch('local');
    await batch.add(block(1 * KiB));
    await batch.add(block(2 * MiB));
    await expect(batch.flush()).rejects.toMatchObject({ code: 'no-space', retryable: false });
    await expect(batch.add(block(1))).rejects.toMatchObject({ code: 'no-space' });
    await expect(fixture.commit(batch)).rejects.toMatchObject({ code: 'no-space' });
    await batch.abort();
    expect([...(await fixture.packs()), ...(await fixture.temporary())]).toEqual([]);
    fixture.disk.freeBytes = 2 ** 40;
    await fixture.put([block(2 * MiB)]);
    expect(fixture.store.usage().chunks).toBe(1);
  });
});
