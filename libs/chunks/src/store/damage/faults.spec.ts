import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { KiB, MiB } from '@dfs/runtime';
import { MANIFEST_CODEC, cidFromBytes, cidOf, type Cid } from '@dfs/protocol';
import { eventually } from '@dfs/testing';
import type { Block } from '../../manifest/builder.js';
import { failing, systemError } from '../../testing/faults.js';
import { StoreFixture, blockOf, idsOf, readAll } from '../../testing/fixture.js';
import { pinnedBytes } from '../../testing/inputs.js';
import { ENTRY_HEAD_BYTES, PACK_HEAD, readEntryHead } from '../packs/format.js';
import { entryBytes } from '../packs/pack-writer.js';

let label = 0;
const block = (size: number): Block => blockOf(pinnedBytes(`fault ${label++}`, size));
const blocks = (count: number, size: number): Block[] => Array.from({ length: count }, () => block(size));

describe('a disk that fails', () => {
  let fixture: StoreFixture;
  beforeEach(async () => {
    fixture = await StoreFixture.open();
  });
  afterEach(() => fixture[Symbol.asyncDispose]());

  async function expectNothingLeft(): Promise<void> {
    expect([...(await fixture.packs()), ...(await fixture.temporary())]).toEqual([]);
    expect(fixture.store.usage()).toMatchObject({ chunks: 0, bytes: 0 });
  }

  it.each([
    ['writev', 'ENOSPC', 'no-space'],
    ['writev', 'EDQUOT', 'no-space'],
    ['writev', 'EIO', 'disk-failed'],
    ['writev', 'EROFS', 'disk-failed'],
    // As libuv gives EDQUOT, for which it has no name.
    ['writev', 'Unknown system error -122', 'no-space'],
    ['sync', 'EIO', 'disk-failed'],
    ['sync', 'ENOSPC', 'no-space'],
  ] as const)('at %s with %s fails the batch for good, and leaves nothing', async (method, errno, code) => {
    for (const size of [1 * KiB, 3 * MiB]) {
      for (const fails of [1, 2]) {
        const batch = fixture.store.batch('local');
        let calls = 0;
        let failed: unknown;
        {
          using _ = await failing(method, (original, args) => {
            if (++calls === fails) throw systemError(errno, errno.includes('-122') ? -122 : undefined);
            return original(...args);
          });
          try {
            for (const each of blocks(24, size)) await batch.add(each);
            await batch.flush();
          } catch (error) {
            failed = error;
          }
        }
        if (calls < fails) {
          await batch.abort();
          continue;
        }
        expect(failed).toMatchObject({ code });
        // The disk is well again, but this batch is not: what it wrote before is in doubt.
        await expect(batch.flush()).rejects.toBe(failed);
        await expect(batch.add(block(10))).rejects.toBe(failed);
        await expect(fixture.commit(batch)).rejects.toBe(failed);
        await batch.abort();
        await expectNothingLeft();
      }
    }
    const kept = block(2 * KiB);
    await fixture.put([kept]);
    expect(Buffer.compare(await fixture.store.get(kept.id), kept.bytes)).toBe(0);
  });

  it('leaves no pack behind that waited for the one that failed', async () => {
    const batch = fixture.store.batch('local');
    let failNow: () => void = () => {};
    const held = new Promise<void>((resolve) => (failNow = resolve));
    let calls = 0;
    {
      using _ = await failing('sync', async (original, args) => {
        if (++calls > 1) return original(...args);
        await held;
        throw systemError('EIO');
      });
      for (const each of blocks(24, 3 * MiB)) await batch.add(each);
      await eventually(() => calls === 1);
      const flushed = batch.flush();
      flushed.catch(() => undefined);
      // Time for the flush to queue the pack at hand behind the one whose fsync hangs.
      for (let turn = 0; turn < 200; turn++) await new Promise(setImmediate);
      failNow();
      await expect(flushed).rejects.toMatchObject({ code: 'disk-failed' });
    }
    await batch.abort();
    await expectNothingLeft();
  });

  it('fails all the small batches that share the pack, and no other', async () => {
    let calls = 0;
    using _ = await failing('writev', (original, args) => {
      if (++calls === 1) throw systemError('ENOSPC');
      return original(...args);
    });
    const put = blocks(40, 3 * KiB);
    const outcomes = await Promise.all(
      put.map(async (each) => {
        const batch = fixture.store.batch('local');
        try {
          await batch.add(each);
          await batch.flush();
          await fixture.commit(batch);
          return true;
        } catch (error) {
          expect(error).toMatchObject({ code: 'no-space' });
          await batch.abort();
          return false;
        }
      }),
    );
    expect(outcomes).toContain(false);
    const next = block(3 * KiB);
    await fixture.put([next]);
    const stored = [...put.filter((_, index) => outcomes[index]), next];
    put.push(next);
    expect(await fixture.store.has(idsOf(put))).toEqual(new Set(idsOf(stored)));
    const { bytes } = fixture.store.usage();
    await fixture.reopen();
    expect(fixture.store.usage()).toMatchObject({ chunks: stored.length, bytes });
    expect(await readAll(fixture.store.getMany(idsOf(stored)))).toHaveLength(stored.length);
  });

  it('writes short, and the rest is written after', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 300_000 }), { maxLength: 6 }),
        // Some get on: two million writes of a byte each say no more.
        fc.integer({ min: 20_000, max: 300_000 }),
        async (some, last) => {
          const lengths = [...some, last];
          let turn = 0;
          using _ = await failing('writev', (original, [vectors, position]) => {
            let room = lengths[turn++ % lengths.length]!;
            const short: Uint8Array[] = [];
            for (const vector of vectors as Uint8Array[]) {
              if (room <= 0) break;
              short.push(vector.subarray(0, room));
              room -= vector.length;
            }
            return original(short, position);
          });
          const put = [...blocks(20, 700), ...blocks(2, 1 * MiB), block(90 * KiB)];
          await fixture.put(put);
          for (const { id, bytes } of put) expect(Buffer.compare(await fixture.store.get(id), bytes)).toBe(0);
        },
      ),
      { numRuns: 8, examples: [[[], 100_000]] },
    );
  });
});

describe('a pack', () => {
  it('names its blocks by itself, so that the index can be made again', async () => {
    await using fixture = await StoreFixture.open();
    const put = [...blocks(5, 300), ...blocks(2, 200 * KiB), block(1)];
    const bytes = pinnedBytes('manifest', 100);
    put.push({ id: cidOf(bytes, MANIFEST_CODEC), bytes });
    await fixture.put(put);
    const found = new Map<Cid, Uint8Array>();
    for (const pack of await fixture.packs()) {
      const file = await readFile(`${fixture.dir}/packs/${pack}`);
      expect(Buffer.compare(file.subarray(0, PACK_HEAD.length), PACK_HEAD)).toBe(0);
      for (let at = PACK_HEAD.length; at < file.length;) {
        const head = readEntryHead(file.subarray(at, at + ENTRY_HEAD_BYTES))!;
        found.set(cidFromBytes(head.cid), file.subarray(at + ENTRY_HEAD_BYTES, at + ENTRY_HEAD_BYTES + head.size));
        at += entryBytes(head.size);
      }
    }
    expect([...found.keys()].sort()).toEqual(idsOf(put).sort());
    for (const { id, bytes } of put) expect(Buffer.compare(found.get(id)!, bytes)).toBe(0);
    expect(readEntryHead(Buffer.alloc(ENTRY_HEAD_BYTES))).toBeUndefined();
  });
});
