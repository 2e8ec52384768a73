import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { cidOf, type Cid } from '@dfs/protocol';
import { hour, KiB, minute, MiB } from '@dfs/runtime';
import { corrupt, fakeClock, seededRandom } from '@dfs/testing';
import { MemoryNetwork } from '@dfs/transport';
import type { Opener } from '@dfs/transfer';
import { HolderGroup, type Given, type Holder, type HolderGroupOptions } from '../testing/holder.js';

const random = seededRandom(91);
const clock = fakeClock();
const { signal } = new AbortController();
type Three = [Holder, Holder, Holder];

const small: Given = { bytes: random.bytes(3 * KiB) };
const content = cidOf(small.bytes);
const size = small.bytes.length;
const extent = { content, size, extent: 0 };

const group = (
  count: number,
  options: Partial<HolderGroupOptions> & Pick<HolderGroupOptions, 'target' | 'keepers'>,
  given = [small],
): Promise<HolderGroup> => HolderGroup.of(count, given, { memory: new MemoryNetwork(), clock, ...options });

/** Questions wait at a gate until it is opened. */
function gated(): { opener: HolderGroupOptions['opener']; waiting: () => number; open: () => void } {
  const gate = Promise.withResolvers<undefined>();
  let waiting = 0;
  const opener = (_: number, transport: Opener): Opener => ({
    open: async (...args) => {
      waiting++;
      await gate.promise;
      return transport.open(...args);
    },
  });
  return { opener, waiting: () => waiting, open: () => gate.resolve(undefined) };
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await delay(2);
}

const holding = async (holders: readonly Holder[], id: Cid, bytes: number): Promise<number> =>
  (await Promise.all(holders.map((holder) => holder.has(id, bytes)))).filter(Boolean).length;

describe('letting go', () => {
  it('keeps what a member that came back with rotten packs no longer has, though its index says so', async () => {
    const other: Given = { bytes: random.bytes(4 * KiB) };
    await using all = await group(2, { target: 1, keepers: () => [1] }, [small, other]);
    const [a, b] = all.holders as [Holder, Holder];
    await b.kill();
    await corrupt(b.storeDir, small.bytes);
    await b.open();
    expect((await b.chunks.has([content])).size).toBe(1);
    await a.lettingGo.run();
    expect(a.lettingGo.status()).toMatchObject({ letGo: 1, refused: 1 });
    expect(await a.inState('promised')).toEqual([content]);
    await a.reclaim();
    expect(await a.has(content, size)).toBe(true);
    expect(b.chunks.damaged()).toEqual([content]);
  });

  it('makes cache of what all that should hold it have promised, and of nothing before', async () => {
    const gate = gated();
    const withdrawn: unknown[] = [];
    const options = { withdrawn: (...said: unknown[]) => void withdrawn.push(said) };
    await using all = await group(3, { target: 2, keepers: () => [1, 2], opener: gate.opener!, ...options });
    const [a, b, c] = all.holders as Three;
    const run = a.lettingGo.run();
    await until(() => gate.waiting() === 2);
    // Promised no longer, kept all the same.
    expect(await a.inState('releasing')).toEqual([content]);
    expect((await a.pins.page(0)).pins).toEqual([{ content, extent: 0, held: false }]);
    await a.reclaim();
    expect(await a.has(content, size)).toBe(true);
    expect(withdrawn).toEqual([]);
    gate.open();
    expect(await run).toBe(1);
    expect(withdrawn).toEqual([[0, [content]]]);
    expect(await a.inState('letGo')).toEqual([content]);
    await a.reclaim();
    expect(await a.has(content, size)).toBe(false);
    expect(await b.inState('promised')).toEqual([content]);
    expect(await c.inState('promised')).toEqual([content]);
    expect(a.lettingGo.status()).toEqual({ runs: 1, letGo: 1, refused: 0 });
  });

  it('keeps what one of those that should hold it does not promise', async () => {
    await using all = await group(3, { target: 2, keepers: () => [1, 2] });
    const [a, b, c] = all.holders as Three;
    await c.db.write((tx) => c.pins.drop(tx, [extent]));
    expect(await a.lettingGo.run()).toBe(0);
    expect(await a.inState('promised')).toEqual([content]);
    await c.kill();
    expect(await a.lettingGo.run()).toBe(0);
    expect(await a.inState('promised')).toEqual([content]);
    // Peers that follow its log hear of the end of it.
    expect((await a.pins.page(0)).pins).toEqual([{ content, extent: 0, held: true }]);
    expect(await b.inState('promised')).toEqual([content]);
  });

  it('looks again for one that was not there, though nothing else has changed when it is', async () => {
    let away = [2];
    await using all = await group(3, { target: 2, keepers: () => [1, 2], away: () => away });
    const [a] = all.holders as Three;
    a.lettingGo.start();
    await until(() => a.lettingGo.status().runs > 0);
    expect(await a.inState('promised')).toEqual([content]);
    away = [];
    await until(() => a.lettingGo.status().letGo > 0);
    expect(await a.inState('letGo')).toEqual([content]);
    expect(a.lettingGo.status().refused).toBe(0);
  });

  it('is not done by anybody when all do it at once, and no byte goes', async () => {
    const gate = gated();
    const others = [
      [1, 2],
      [0, 2],
      [0, 1],
    ];
    await using all = await group(3, { target: 2, keepers: (self) => others[self]!, opener: gate.opener! });
    const runs = all.holders.map(({ lettingGo }) => lettingGo.run());
    await until(() => gate.waiting() === 6);
    for (const holder of all.holders) expect(await holder.inState('releasing')).toEqual([content]);
    gate.open();
    expect(await Promise.all(runs)).toEqual([0, 0, 0]);
    for (const holder of all.holders) await holder.reclaim();
    expect(await holding(all.holders, content, size)).toBe(3);
    for (const holder of all.holders) expect(await holder.inState('promised')).toEqual([content]);
  });

  it('leaves alone for an hour what was promised to another, restarts included', async () => {
    await using all = await group(3, { target: 1, keepers: (self) => [(self + 1) % 3] });
    const [a, b] = all.holders as Three;
    expect(await a.lettingGo.run()).toBe(1);
    await a.reclaim();
    expect(await b.lettingGo.run()).toBe(0);
    await b.kill();
    await b.open();
    clock.advance(59 * minute);
    expect(await b.lettingGo.run()).toBe(0);
    expect(await b.inState('promised')).toEqual([content]);
    clock.advance(1 * minute);
    expect(await b.lettingGo.run()).toBe(1);
    await b.reclaim();
    expect(await holding(all.holders, content, size)).toBe(1);
  });

  it('binds who has promised for an hour, whatever else wants the content gone', async () => {
    await using all = await group(3, { target: 2, keepers: () => [1, 2] });
    const [a, b, c] = all.holders as Three;
    const outstanding = (holder: Holder): Promise<Set<Cid>> =>
      holder.db.write((tx) => holder.promises.outstanding(tx, [content, cidOf(random.bytes(8))]));
    for (const holder of [a, b, c]) expect(await outstanding(holder)).toEqual(new Set());
    expect(await a.lettingGo.run()).toBe(1);
    expect(await outstanding(a)).toEqual(new Set());
    for (const holder of [b, c]) expect(await outstanding(holder)).toEqual(new Set([content]));
    clock.advance(1 * hour);
    for (const holder of [b, c]) expect(await outstanding(holder)).toEqual(new Set());
  });

  it('that was cut short between its steps is as if it had not begun, and refused to others until it is over', async () => {
    const gate = gated();
    await using all = await group(3, { target: 1, keepers: (self) => [(self + 1) % 3], opener: gate.opener! });
    const [a, , c] = all.holders as Three;
    const run = a.lettingGo.run().catch(() => undefined);
    await until(() => gate.waiting() === 1);
    await a.kill();
    gate.open();
    await run;
    await a.open();
    expect(await a.inState('releasing')).toEqual([content]);
    await a.reclaim();
    expect(await a.has(content, size)).toBe(true);
    // The third asks the first, which does not promise what it may be letting go of.
    expect(await c.lettingGo.run()).toBe(0);
    a.lettingGo.start();
    await until(async () => (await a.inState('promised')).length === 1);
    expect(await c.lettingGo.run()).toBe(1);
  });

  it('ends where what it is at is stored anew: that promise holds', async () => {
    const gate = gated();
    await using all = await group(3, { target: 2, keepers: () => [1, 2], opener: gate.opener! });
    const [a] = all.holders as Three;
    const run = a.lettingGo.run();
    await until(() => gate.waiting() === 2);
    await a.db.write((tx) => a.pins.add(tx, [extent]));
    gate.open();
    expect(await run).toBe(0);
    expect(await a.inState('promised')).toEqual([content]);
    // As does that of what is cache already.
    expect(await a.lettingGo.run()).toBe(1);
    await a.db.write((tx) => a.pins.add(tx, [extent]));
    await a.reclaim();
    expect(await a.has(content, size)).toBe(true);
  });

  it('takes promises for what is whole alone', async () => {
    await using all = await group(2, { target: 1, keepers: () => [1] }, [{ bytes: random.bytes(5 * MiB) }]);
    const [a, b] = all.holders as [Holder, Holder];
    const [manifest] = await b.inState('promised');
    // Gone from the index though it is pinned, as no unit of work would leave it.
    await b.db.write((tx) =>
      tx.run('DELETE FROM chunk WHERE cid IN (SELECT cid FROM chunk WHERE size < 4000000 ORDER BY size DESC LIMIT 1)'),
    );
    expect(await b.promises.give([{ content: manifest!, extent: 0 }], signal)).toEqual(new Set());
    expect(await a.lettingGo.run()).toBe(0);
    expect(await a.inState('promised')).toEqual([manifest]);
  });

  it('promises nothing of what it has never had, and many extents in one request', async () => {
    const many = Array.from({ length: 1500 }, () => ({ bytes: random.bytes(40) }));
    let asked = 0;
    const opener = (_: number, transport: Opener): Opener => ({
      open: (...args) => {
        asked++;
        return transport.open(...args);
      },
    });
    await using all = await group(3, { target: 2, keepers: () => [1, 2], opener }, many);
    const [a, b] = all.holders as Three;
    expect(await b.promises.give([extent], signal)).toEqual(new Set());
    expect(await a.lettingGo.run()).toBe(1500);
    // Two batches, two members.
    expect(asked).toBe(4);
  });

  const step = fc.record({
    at: fc.nat(4),
    does: fc.constantFrom('trim' as const, 'trim' as const, 'kill' as const, 'reclaim' as const),
    after: fc.nat(30),
  });
  const plans = fc.record({
    count: fc.integer({ min: 2, max: 5 }),
    target: fc.integer({ min: 1, max: 3 }),
    views: fc.array(fc.nat(1000), { minLength: 20, maxLength: 20 }),
    rounds: fc.array(fc.array(step, { minLength: 2, maxLength: 10 }), { minLength: 1, maxLength: 3 }),
    latency: fc.tuple(fc.nat(3), fc.integer({ min: 3, max: 12 })),
  });

  it('leaves as many copies as are wanted, whoever lets go when and dies between', async () => {
    const contents = Array.from({ length: 3 }, () => ({ bytes: random.bytes(2 * KiB) }));
    const ids = contents.map(({ bytes }) => cidOf(bytes));
    let letGo = 0;
    await fc.assert(
      fc.asyncProperty(plans, async ({ count, target: wanted, views, rounds, latency }) => {
        const target = Math.min(wanted, count - 1);
        // Any of the others, in any order, another for each extent and each member.
        const keepers = (self: number, { content: id }: { content: Cid }): number[] => {
          const others = Array.from({ length: count }, (_, number) => number).filter((number) => number !== self);
          const key = (number: number): number => (views[(self * 5 + number + ids.indexOf(id) * 7) % 20]! * 31) % 97;
          return others.sort((a, b) => key(a) - key(b)).slice(0, target);
        };
        const memory = new MemoryNetwork({ latencyMs: latency });
        await using all = await group(count, { target, keepers, memory }, contents);
        for (const round of rounds) {
          const work = round.map(async ({ at, does, after }) => {
            const holder = all.holders[at % count]!;
            await delay(after);
            letGo += await perform(holder, does);
          });
          await Promise.all(work);
          for (const holder of all.holders) if (!holder.up) await holder.open();
          // Only what is here can be counted on, and only what is cache can have gone.
          for (const holder of all.holders) await holder.reclaim();
          for (const id of ids) expect(await holding(all.holders, id, 2 * KiB)).toBeGreaterThanOrEqual(target);
          clock.advance(2 * hour);
        }
      }),
      { numRuns: 20 },
    );
    expect(letGo).toBeGreaterThan(0);
  });
});

const busy = new Map<Holder, Promise<unknown>>();

/** One of these at a time for each holder, but for a kill, which comes when it comes. */
async function perform(holder: Holder, does: 'trim' | 'kill' | 'reclaim'): Promise<number> {
  if (does === 'kill') {
    await holder.kill();
    return 0;
  }
  if (busy.has(holder)) return 0;
  const work = does === 'trim' ? holder.lettingGo.run() : holder.reclaim().then(() => 0);
  busy.set(holder, work);
  try {
    return await work;
  } catch (error) {
    // It was killed meanwhile.
    if (holder.up) throw error;
    return 0;
  } finally {
    busy.delete(holder);
  }
}
