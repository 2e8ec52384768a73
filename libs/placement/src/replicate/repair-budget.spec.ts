import type { StoredContent } from '@dfs/chunks';
import fc from 'fast-check';
import { cidOf } from '@dfs/protocol';
import { KiB, MiB, second } from '@dfs/runtime';
import { eventually, seededRandom } from '@dfs/testing';
import { rank } from '../testing/ranking.js';
import { RepairBudget } from './repair-budget.js';
import { WantQueue, type WantedExtent } from './want-queue.js';
import { World, type WorldNode } from '../testing/world.js';

const random = seededRandom(71);

describe('the repair budget', () => {
  it('lets no more than its rate pass over any time, beyond one burst', () => {
    const steps = fc.array(fc.record({ bytes: fc.nat(10 * MiB), idleMs: fc.nat(5000) }), { maxLength: 60 });
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 20 * MiB }), fc.nat(8 * MiB), (list, rate, burst) => {
        let now = 0;
        const budget = new RepairBudget(rate, burst, () => now);
        const passed: { at: number; bytes: number }[] = [];
        for (const { bytes, idleMs } of list) {
          now += idleMs;
          passed.push({ at: now, bytes });
          now += budget.charge(bytes);
        }
        let sum = 0;
        for (const [index, { bytes }] of passed.entries()) {
          // Bytes before each of them are paid for by its time.
          expect(sum).toBeLessThanOrEqual(burst + (passed[index]!.at / second) * rate + 1);
          sum += bytes;
        }
      }),
    );
  });
});

describe('what can wait', () => {
  const want = (label: string, copies: number, canWait: boolean): WantedExtent => ({
    ...{ content: cidOf(Buffer.from(label)), size: 4 * KiB, extent: 0, holders: [] },
    ...{ copies, canWait },
  });

  it('is taken last, the fewest copies first, unless it becomes urgent', () => {
    const queue = new WantQueue();
    const [three, two, hurried, news] = [
      want('3', 3, true),
      want('2', 2, true),
      want('h', 3, true),
      want('n', 3, true),
    ];
    for (const one of [three, two, hurried, news]) queue.add(one);
    const last = want('one copy left', 1, false);
    queue.add(last);
    queue.hurry(new Set([hurried.content]));
    queue.add({ ...news, canWait: false });
    expect(queue.size).toBe(5);
    expect(queue.takeGroup(false).map(({ content }) => content)).toEqual(
      [hurried, last, news].map(({ content }) => content),
    );
    expect(queue.takeGroup(false)).toEqual([]);
    expect(queue.takeGroup()).toEqual([two, three]);
  });

  it('takes no room from what cannot', () => {
    const queue = new WantQueue(4);
    const add = (from: number, to: number, canWait: boolean): boolean[] =>
      Array.from({ length: to - from }, (_, n) => queue.add(want(`${from + n}`, canWait ? 2 : 1, canWait)));
    expect(add(0, 6, true)).toEqual([true, true, true, true, false, false]);
    expect(queue.isFew).toBe(false);
    // Those that wait are about to be lost now, and others of which nobody has heard yet.
    expect(add(2, 9, false)).toEqual(Array.from({ length: 7 }, () => true));
    expect([queue.waits, queue.pressing]).toEqual([2, 7]);
    queue.takeGroup();
    expect(queue.isFew).toBe(false);
    queue.takeGroup();
    expect(queue.isFew).toBe(true);
  });

  it.each([
    ['does wait, and neither what has one copy left nor what is new nor what is read', undefined],
    ['hides nothing of that, however much of it there is', 1],
  ])('%s', async (_what, mostWaiting) => {
    await using world = new World({ replicas: 3 });
    // Next to nothing: what has to wait for the budget never comes.
    const repair = { repairRate: 1, repairBurst: 1, ...(mostWaiting && { mostWaiting }) };
    for (let number = 0; number < 3; number++) await world.add({ repair });
    const [a, b, c] = world.nodes as [WorldNode, WorldNode, WorldNode];
    const files = (label: string): Promise<StoredContent[]> =>
      a.putMany(Array.from({ length: 20 }, (_, n) => ({ path: `${label}${n}`, bytes: random.bytes(300 * KiB) })));
    const safe = await files('safe');
    for (const { contentId } of safe) {
      for (const node of [b, c]) {
        await eventually(async () => (await node.pinned(contentId)) === 1);
      }
    }
    await b.stop();
    await c.stop();
    const last = await files('last');
    await b.restart();
    await c.restart();

    const late = await world.add({ repair });
    // It knows of all copies before it hears of the files.
    for (const file of safe) await eventually(async () => (await late.state(file)) === 'safe 3');
    for (const ref of a.contents.values()) late.contents.set(ref.contentId, ref);
    for (const listener of world.memberListeners) listener();
    const members = world.nodes.map(({ peerId }) => ({ peerId, capacity: 6 }));
    const mine = (list: readonly StoredContent[]): StoredContent[] =>
      list.filter(({ contentId }) => rank(contentId, 0, members).slice(0, 3).includes(late.peerId));
    const pinned = (list: readonly StoredContent[]): Promise<number[]> =>
      Promise.all(list.map(({ contentId }) => late.pinned(contentId)));
    for (const list of [last, await files('news')]) {
      expect(mine(list).length).toBeGreaterThan(0);
      await eventually(async () => (await pinned(mine(list))).every((extents) => extents === 1));
    }
    if (!mostWaiting) await eventually(() => late.placement.status().wanted === mine(safe).length);
    expect(mine(safe).length).toBeGreaterThan(0);
    expect(await pinned(safe)).toEqual(safe.map(() => 0));
    for (const { contentId, size } of mine(safe)) expect(await late.read(contentId, size)).toHaveLength(size);
  });
});
