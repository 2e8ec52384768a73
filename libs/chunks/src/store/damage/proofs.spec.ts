import { KiB, MiB } from '@dfs/runtime';
import { corrupt } from '@dfs/testing';
import type { Block } from '../../manifest/builder.js';
import { failing, systemError } from '../../testing/faults.js';
import { StoreFixture, blockOf, idsOf } from '../../testing/fixture.js';
import { pinnedBytes } from '../../testing/inputs.js';

let label = 0;
const block = (size: number): Block => blockOf(pinnedBytes(`proof ${label++}`, size));
const LONG = { timeMs: 60_000 };

describe('what more than the index says of a block', () => {
  let fixture: StoreFixture;
  beforeEach(async () => {
    fixture = await StoreFixture.open();
  });
  afterEach(() => fixture[Symbol.asyncDispose]());

  it('is said without reading of what was just written', async () => {
    const kept = [block(3 * KiB), block(2 * MiB)];
    await fixture.put(kept);
    using _ = await failing('read', () => Promise.reject(systemError('EIO')));
    expect(await fixture.store.prove([...idsOf(kept), block(9).id], { timeMs: 0 })).toEqual(new Set(idsOf(kept)));
  });

  it('is read after a start, and what has rotted is damaged', async () => {
    const [good, bad, other] = [block(3 * KiB), block(200 * KiB), block(2 * MiB)];
    await fixture.put([good, bad]);
    await fixture.put([other]);
    await fixture.reopen();
    await corrupt(fixture.dir, bad.bytes);
    const ids = idsOf([good, bad, other]);
    expect(await fixture.store.has(ids)).toEqual(new Set(ids));
    expect(await fixture.store.prove(ids, { timeMs: 0 })).toEqual(new Set());
    expect(await fixture.store.prove(ids, LONG)).toEqual(new Set(idsOf([good, other])));
    expect(fixture.store.damaged()).toEqual([bad.id]);
    // That counts from now on.
    expect(await fixture.store.prove(ids, { timeMs: 0 })).toEqual(new Set(idsOf([good, other])));
  });

  it('is nothing of what cannot be read, or was found damaged since', async () => {
    const [one, two] = [block(3 * KiB), block(3 * KiB)];
    await fixture.put([one, two]);
    await fixture.reopen();
    {
      using _ = await failing('read', () => Promise.reject(systemError('EACCES')));
      expect(await fixture.store.prove(idsOf([one, two]), LONG)).toEqual(new Set());
    }
    expect(fixture.store.damaged()).toEqual([]);
    expect(await fixture.store.prove(idsOf([one, two]), LONG)).toEqual(new Set(idsOf([one, two])));
    await corrupt(fixture.dir, one.bytes);
    await expect(fixture.store.get(one.id)).rejects.toMatchObject({ code: 'chunk-damaged' });
    expect(await fixture.store.prove(idsOf([one, two]), LONG)).toEqual(new Set([two.id]));
  });
});
