import { KiB, MiB, day } from '@dfs/runtime';
import type { Cid } from '@dfs/protocol';
import { corrupt, eventually, fakeClock } from '@dfs/testing';
import type { Block } from '../manifest/builder.js';
import type { ScrubPlace, SliceOptions } from '../store/damage/scrub.js';
import { StoreFixture, blockOf, idsOf } from '../testing/fixture.js';
import { pinnedBytes } from '../testing/inputs.js';
import { Scrubber, type ScrubberOptions } from './scrubber.js';

let label = 0;
const blocks = (count: number, size: number): Block[] =>
  Array.from({ length: count }, () => blockOf(pinnedBytes(`scrub ${label++}`, size)));
/** As fast as it goes. */
const FAST: ScrubberOptions = { startDelay: 0, bytesPerSecond: 512 * MiB, share: 1 };

describe('Scrubber', () => {
  const clock = fakeClock();
  let fixture: StoreFixture;
  let scrubber: Scrubber | undefined;
  /** Places at which slices began, in order. */
  let from: ScrubPlace[];
  beforeEach(async () => {
    fixture = await StoreFixture.open();
    from = [];
  });
  afterEach(async () => {
    await scrubber?.stop();
    await fixture[Symbol.asyncDispose]();
  });

  async function begin(options: ScrubberOptions = {}): Promise<Scrubber> {
    const { store, db } = fixture;
    const watched = {
      usage: () => store.usage(),
      verifyDamaged: (options: { signal?: AbortSignal }) => store.verifyDamaged(options),
      verifySome: (place: ScrubPlace, slice: SliceOptions) => {
        from.push(place);
        return store.verifySome(place, slice);
      },
    };
    scrubber = await Scrubber.open({ db, store: watched, clock }, { ...FAST, ...options });
    scrubber.start();
    return scrubber;
  }

  it('looks at everything once, then rests until the next pass is due', async () => {
    const kept = [...blocks(30, 3 * KiB), ...blocks(12, 700 * KiB), ...blocks(2, 4 * MiB)];
    for (let at = 0; at < kept.length; at += 7) await fixture.put(kept.slice(at, at + 7));
    const bytes = kept.reduce((sum, block) => sum + block.bytes.length, 0);
    const running = await begin({ every: 30 * day });
    await eventually(() => running.status().last !== null);
    const first = running.status();
    expect(first).toMatchObject({ underWay: null, overdue: false });
    expect(first.last).toEqual({
      startedAt: clock.now(),
      finishedAt: clock.now(),
      chunks: kept.length,
      bytes,
      damaged: 0,
    });
    expect(first.verified).toEqual({ chunks: kept.length, bytes, damaged: 0 });
    await scrubber?.stop();

    const slices = from.length;
    clock.advance(29 * day);
    const early = await begin({ every: 30 * day });
    expect(early.status().last).toEqual(first.last);
    await eventually(() => early.work().runs > 0);
    expect(from).toHaveLength(slices);
    await early.stop();

    clock.advance(2 * day);
    const due = await begin({ every: 30 * day });
    await eventually(() => due.status().last?.startedAt === clock.now());
    expect(due.status().last?.chunks).toBe(kept.length);
  });

  it('goes on after a restart where it was, and counts on', async () => {
    const kept = blocks(40, 500 * KiB);
    for (let at = 0; at < kept.length; at += 10) await fixture.put(kept.slice(at, at + 10));
    // A slice of a few blocks, then a pause of seconds.
    const slow = await begin({ bytesPerSecond: 4 * MiB });
    await eventually(() => (slow.status().underWay?.chunks ?? 0) > 0);
    await slow.stop();
    const before = slow.status().underWay;
    expect(before?.chunks).toBeLessThan(20);
    expect(before?.share).toBeGreaterThan(0);
    await fixture.reopen();
    from = [];
    const fast = await begin();
    expect(fast.status().underWay).toEqual(before);
    await eventually(() => fast.status().last !== null);
    expect(from[0]).not.toEqual({ pack: 0, offset: 0 });
    expect(fast.status().last).toMatchObject({ chunks: kept.length, startedAt: before?.startedAt });
    expect(fast.status().verified.chunks).toBe(kept.length - (before?.chunks ?? 0));
  });

  it('finds every damaged block, tells of each once, and takes it out of use', async () => {
    const kept = [...blocks(20, 2 * KiB), ...blocks(10, 300 * KiB)];
    await fixture.put(kept);
    const hurt = [kept[3]!, kept[4]!, kept[25]!];
    for (const { bytes } of hurt) await corrupt(fixture.dir, bytes);
    const told: Cid[] = [];
    fixture.store.onDamaged((id) => told.push(id));
    const running = await begin();
    await eventually(() => running.status().last !== null);
    expect(running.status().last).toMatchObject({ chunks: kept.length, damaged: hurt.length });
    expect(new Set(told)).toEqual(new Set(idsOf(hurt)));
    expect(told).toHaveLength(hurt.length);
    const here = await fixture.store.has(idsOf(kept));
    expect(here.size).toBe(kept.length - hurt.length);
    expect(new Set(fixture.store.damaged())).toEqual(new Set(idsOf(hurt)));
  });

  it('keeps to its pace', async () => {
    await fixture.put(blocks(20, 100 * KiB));
    const began = performance.now();
    const running = await begin({ bytesPerSecond: 2 * MiB });
    await eventually(() => running.status().last !== null);
    // Two megabytes at two a second; what comes after the last slice is not waited for.
    expect(performance.now() - began).toBeGreaterThan(600);
  });

  it('ends a pass though more is stored than it can look at', async () => {
    await fixture.put(blocks(20, 200 * KiB));
    const running = await begin({ bytesPerSecond: 8 * MiB });
    await eventually(async () => {
      await fixture.put(blocks(8, 400 * KiB));
      return running.status().last !== null;
    });
    expect(running.status().last?.chunks).toBe(20);
  });

  it('leaves no block out though a reclaim moves them meanwhile', async () => {
    const kept = blocks(60, 100 * KiB);
    for (let at = 0; at < kept.length; at += 6) await fixture.put(kept.slice(at, at + 6));
    const live = kept.filter((_, index) => index % 6 === 0);
    const hurt = live.at(-1)!;
    await corrupt(fixture.dir, hurt.bytes);
    const running = await begin({ bytesPerSecond: 4 * MiB });
    await eventually(() => (running.status().underWay?.chunks ?? 0) > 0);
    await fixture.store.reclaim(async () => new Set(idsOf(live)));
    await eventually(() => running.status().last !== null);
    expect(fixture.store.damaged()).toEqual([hurt.id]);
  });

  it('is overdue when a pass does not come to its end', async () => {
    await fixture.put(blocks(30, 500 * KiB));
    const running = await begin({ bytesPerSecond: 1 * MiB, every: 30 * day });
    await eventually(() => running.status().underWay !== null);
    expect(running.status().overdue).toBe(false);
    clock.advance(61 * day);
    expect(running.status().overdue).toBe(true);
  });
});
