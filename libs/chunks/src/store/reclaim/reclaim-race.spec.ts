import { KiB, hour, minute } from '@dfs/runtime';
import type { Cid } from '@dfs/protocol';
import { corrupt, fakeClock } from '@dfs/testing';
import type { Block } from '../../manifest/builder.js';
import { StoreFixture, blockOf, idsOf } from '../../testing/fixture.js';
import { pinnedBytes } from '../../testing/inputs.js';
import type { BlockBatch } from '../batch.js';
import type { IsLive } from './reclaim.js';

let label = 0;
const block = (size: number): Block => blockOf(pinnedBytes(`race ${label++}`, size));
const nothing: IsLive = async () => new Set();
const only =
  (...live: Block[]): IsLive =>
  async () =>
    new Set(idsOf(live));

let fixture: StoreFixture;
beforeEach(async () => {
  fixture = await StoreFixture.open();
});
afterEach(() => fixture[Symbol.asyncDispose]());

async function expectKept(kept: readonly Block[]): Promise<void> {
  for (const { id, bytes } of kept) expect(Buffer.compare(await fixture.store.get(id), bytes)).toBe(0);
}

// Reclaiming asks what is live twice: first in passing, then within the unit of work that drops. An upload of the very
// bytes comes at each of these moments.
describe('an upload that finds its chunk "already here" while it is being reclaimed', () => {
  let wanted: Block;
  let batch: BlockBatch;
  beforeEach(async () => {
    wanted = block(20 * KiB);
    await fixture.put([wanted]);
    batch = fixture.store.batch('local');
  });
  const upload = async (): Promise<void> => {
    await batch.add(wanted);
    await batch.flush();
  };

  /** Answers that nothing is live, and does something before each answer. */
  function asking(...before: ((ids: Cid[]) => Promise<void>)[]): IsLive & { asked: Cid[][] } {
    const asked: Cid[][] = [];
    const isLive = async (ids: Cid[]): Promise<Set<Cid>> => {
      asked.push(ids);
      await before[asked.length - 1]?.(ids);
      return new Set();
    };
    return Object.assign(isLive, { asked });
  }

  it('is answered before the chunk is dropped: then it stays', async () => {
    const isLive = asking(upload);
    expect(await fixture.store.reclaim(isLive)).toMatchObject({ chunks: 0, packs: 0 });
    // In the unit of work nobody even asked about it.
    expect(isLive.asked.slice(1).flat()).toEqual([]);
    await fixture.commit(batch);
    await expectKept([wanted]);
  });

  it('is answered while the drop is decided: only once it is done, and then it brings the bytes', async () => {
    let answered = false;
    let uploading: Promise<void> | undefined;
    const inTheUnit = async (ids: Cid[]): Promise<void> => {
      expect(ids).toEqual([wanted.id]);
      uploading = upload().then(() => void (answered = true));
      // Readers of the database are answered meanwhile, one after another.
      for (let read = 0; read < 20; read++) await fixture.db.query('SELECT count(*) FROM pack');
      expect(answered).toBe(false);
    };
    const isLive = asking(async () => undefined, inTheUnit);
    expect(await fixture.store.reclaim(isLive)).toMatchObject({ chunks: 1 });
    await uploading;
    await fixture.commit(batch);
    await expectKept([wanted]);
    await fixture.reopen();
    await expectKept([wanted]);
  });

  it('has committed its need of it between the two questions: then it stays', async () => {
    const live = new Set<Cid>();
    let asked = 0;
    const isLive: IsLive = async () => {
      const answer = new Set(live);
      if (asked++ === 0) {
        await upload();
        await fixture.commit(batch);
        live.add(wanted.id);
      }
      return answer;
    };
    expect(await fixture.store.reclaim(isLive)).toMatchObject({ chunks: 0 });
    expect(asked).toBeGreaterThan(1);
    await expectKept([wanted]);
  });

  it('waits with its commit for the drop of others: then it stays', async () => {
    const dead = block(4 * KiB);
    await fixture.put([dead]);
    await upload();
    let committing: Promise<void> | undefined;
    const isLive = asking(
      async () => undefined,
      async (ids) => {
        expect(ids).toEqual([dead.id]);
        committing = fixture.commit(batch);
      },
    );
    await fixture.store.reclaim(isLive);
    await committing;
    await expectKept([wanted]);
    expect((await fixture.store.has([dead.id])).size).toBe(0);
  });
});

describe('the grace of what nothing needs', () => {
  const clock = fakeClock();
  const graceMs = 1 * hour;
  const run = (isLive: IsLive) => fixture.store.reclaim(isLive, { graceMs, clock });

  /** Without reading them: that would make their time longer. */
  async function expectHere(kept: readonly Block[]): Promise<void> {
    expect(await fixture.store.has(idsOf(kept))).toEqual(new Set(idsOf(kept)));
  }

  it('counts from the run that first finds it so', async () => {
    const [cache, live] = [block(3 * KiB), block(3 * KiB)];
    await fixture.put([cache, live]);
    clock.advance(10 * hour);
    expect(await run(only(live))).toMatchObject({ chunks: 0 });
    clock.advance(59 * minute);
    expect(await run(only(live))).toMatchObject({ chunks: 0 });
    await fixture.reopen();
    await expectHere([cache, live]);
    clock.advance(1 * minute);
    expect(await run(only(live))).toMatchObject({ chunks: 1 });
    expect(await fixture.store.has(idsOf([cache, live]))).toEqual(new Set([live.id]));
    await expectKept([live]);
  });

  it('begins anew for what was needed meanwhile, and for what was gone and came back', async () => {
    const [needed, gone] = [block(3 * KiB), block(3 * KiB)];
    await fixture.put([needed, gone]);
    await run(nothing);
    clock.advance(2 * hour);
    expect(await run(only(needed))).toMatchObject({ chunks: 1 });
    await fixture.put([gone]);
    expect(await run(nothing)).toMatchObject({ chunks: 0 });
    clock.advance(30 * minute);
    expect(await run(nothing)).toMatchObject({ chunks: 0 });
    await expectHere([needed, gone]);
    clock.advance(30 * minute);
    expect(await run(nothing)).toMatchObject({ chunks: 2 });
    expect(await fixture.packs()).toEqual([]);
    expect(await fixture.db.query('SELECT * FROM unused_chunk')).toEqual([]);
  });

  it('is forgotten of what went another way than by a reclaim', async () => {
    const [damaged, other] = [block(3 * KiB), block(3 * KiB)];
    await fixture.put([damaged, other]);
    await run(nothing);
    await corrupt(fixture.dir, damaged.bytes);
    await fixture.store.verifyAll();
    await run(only(other, damaged));
    expect(await fixture.db.query('SELECT * FROM unused_chunk')).toEqual([]);
    await fixture.put([damaged]);
    clock.advance(2 * hour);
    expect(await run(nothing)).toMatchObject({ chunks: 0 });
    await expectKept([damaged, other]);
  });

  it('is shorter where room is, for what was not read for longest and no more than is needed', async () => {
    const [old, read, fresh] = [block(30 * KiB), block(30 * KiB), block(30 * KiB)];
    const short = (bytes: number) =>
      fixture.store.reclaim(nothing, { graceMs, clock, short: { graceMs: 10 * minute, bytes } });
    await fixture.put([old, read]);
    await run(nothing);
    clock.advance(5 * minute);
    await fixture.put([fresh]);
    await run(nothing);
    // All are within the shorter grace, too.
    expect(await short(Infinity)).toMatchObject({ chunks: 0 });
    await fixture.store.get(read.id);
    clock.advance(5 * minute);
    // The one that was read counts from now on.
    expect(await short(90 * KiB)).toMatchObject({ chunks: 1 });
    await expectHere([read, fresh]);
    clock.advance(10 * minute);
    expect(await short(1)).toMatchObject({ chunks: 1 });
    await expectHere([read]);
    expect(await short(0)).toMatchObject({ chunks: 0 });
    clock.advance(50 * minute);
    expect(await run(nothing)).toMatchObject({ chunks: 1 });
  });

  it('is over at once where none is asked for', async () => {
    await fixture.put([block(1 * KiB)]);
    await run(nothing);
    expect(await fixture.store.reclaim(nothing)).toMatchObject({ chunks: 1 });
  });
});
