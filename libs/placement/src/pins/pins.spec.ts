import fc from 'fast-check';
import { cidOf, type Cid, type Pin } from '@dfs/protocol';
import { tempDatabase } from '@dfs/testing';
import { MemberPins } from './member-pins.js';
import { PinLog } from './pin-log.js';
import { placementEntities, placementMigrations } from '../schema.js';
import { namesAll } from '../testing/names-all.js';
import { peerIdOf } from '../testing/world.js';

const CONTENTS: Cid[] = Array.from({ length: 12 }, (_, n) => cidOf(Buffer.from(`content ${n}`)));
const [self, other, third] = [peerIdOf(0), peerIdOf(1), peerIdOf(2)] as [string, string, string];
const extent = (content: Cid, number = 0) => ({ content, extent: number, size: 100 });
const nonceOf = (n: number) => Buffer.alloc(16, n);

/** Reads a log to its end, as a peer would. */
async function readAll(log: PinLog, holdings: MemberPins, peerId: string, page: number): Promise<void> {
  const known = holdings.known(peerId);
  const same = known?.nonce && Buffer.compare(known.nonce, log.nonce) === 0;
  for (let after = same ? known.number : 0; ;) {
    const { pins, to, last } = await log.page(after, page);
    await holdings.learn(peerId, { nonce: log.nonce, after, to }, pins);
    if (last) return;
    after = to;
  }
}

describe('the pin log', () => {
  it('numbers what is new, ignores what is not, and survives a restart', async () => {
    await using temp = await tempDatabase(placementMigrations, placementEntities);
    const log = await PinLog.open(temp.db, 5);
    const heard: Pin[] = [];
    log.onEntries((pins) => heard.push(...pins));
    await temp.db.write((tx) => log.add(tx, [extent(CONTENTS[0]!), extent(CONTENTS[1]!)]));
    const after = log.number;
    await temp.db.write((tx) => log.add(tx, [extent(CONTENTS[0]!)]));
    expect((await log.page(after)).pins).toEqual([]);
    await temp.db.write((tx) => log.drop(tx, [extent(CONTENTS[0]!)]));
    expect((await log.page(after)).pins).toEqual([{ content: CONTENTS[0], extent: 0, held: false }]);
    expect(heard).toHaveLength(4);
    const again = await PinLog.open(temp.db, 9);
    expect(again.nonce).toEqual(log.nonce);
    expect(again.capacity).toBe(5);
    expect((await again.page(0)).to).toBe(again.number);
    expect(await again.of(CONTENTS)).toEqual([extent(CONTENTS[1]!)]);
  });

  it('goes on under another nonce where its numbers may have been given before', async () => {
    await using temp = await tempDatabase(placementMigrations, placementEntities);
    const log = await PinLog.open(temp.db, 5);
    await temp.db.write((tx) => log.add(tx, [extent(CONTENTS[0]!)]));
    const again = await PinLog.open(temp.db, 9, true);
    expect(again.nonce).not.toEqual(log.nonce);
    expect(again).toMatchObject({ capacity: 5, number: log.number });
    expect(await again.of(CONTENTS)).toEqual([extent(CONTENTS[0]!)]);
    expect([await again.isPinned(CONTENTS[0]!, 0), await again.isPinned(CONTENTS[0]!, 1)]).toEqual([true, false]);
    expect((await PinLog.open(temp.db, 9)).nonce).toEqual(again.nonce);
  });

  it('gives no number to what changes nothing: after a restart it says of itself what it said before', async () => {
    await using temp = await tempDatabase(placementMigrations, placementEntities);
    const log = await PinLog.open(temp.db, 5);
    await temp.db.write((tx) => log.add(tx, [extent(CONTENTS[0]!), extent(CONTENTS[1]!)]));
    // The same bytes again, and what is not being let go of.
    await temp.db.write((tx) => log.add(tx, [extent(CONTENTS[0]!), extent(CONTENTS[1]!)]));
    await temp.db.write((tx) => log.restore(tx, [extent(CONTENTS[0]!)]));
    expect(log.number).toBe(2);
    expect((await PinLog.open(temp.db, 5)).number).toBe(log.number);
  });

  it('is followed over a restart without a gap, whatever was written before and after it', async () => {
    await using temp = await tempDatabase(placementMigrations, placementEntities);
    await using reader = await tempDatabase(placementMigrations, placementEntities);
    const holdings = await MemberPins.open(reader.db, other, namesAll);
    const log = await PinLog.open(temp.db, 5);
    await temp.db.write((tx) =>
      log.add(
        tx,
        CONTENTS.slice(0, 4).map((content) => extent(content)),
      ),
    );
    await temp.db.write((tx) =>
      log.add(
        tx,
        CONTENTS.slice(0, 4).map((content) => extent(content)),
      ),
    );
    await readAll(log, holdings, self, 100);
    // Much happens before the reader hears of it again.
    const again = await PinLog.open(temp.db, 5);
    await temp.db.write((tx) => again.drop(tx, [extent(CONTENTS[0]!)]));
    await temp.db.write((tx) =>
      again.add(
        tx,
        CONTENTS.slice(4).map((content) => extent(content)),
      ),
    );
    const status = { nonce: again.nonce, number: again.number, full: false, capacity: 5 };
    expect((await holdings.heard(self, status)).behind).toBe(true);
    await readAll(again, holdings, self, 100);
    const holders = await holdings.holders(CONTENTS);
    const named = CONTENTS.filter((content) => holders.get(content)!.get(0)?.includes(self));
    expect(named).toEqual(CONTENTS.slice(1));
  });

  it('tells nothing of a unit of work that was rolled back', async () => {
    await using temp = await tempDatabase(placementMigrations, placementEntities);
    const log = await PinLog.open(temp.db, 5);
    const failing = temp.db.write(async (tx) => {
      await log.add(tx, [extent(CONTENTS[0]!)]);
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(log.number).toBe(0);
    await temp.db.write((tx) => log.add(tx, [extent(CONTENTS[1]!)]));
    expect((await log.page(0)).pins.map(({ content }) => content)).toEqual([CONTENTS[1]]);
  });

  it('pins ten thousand contents in a few statements', async () => {
    await using temp = await tempDatabase(placementMigrations, placementEntities);
    const log = await PinLog.open(temp.db, 5);
    const many = Array.from({ length: 10_000 }, (_, n) => extent(cidOf(Buffer.from(`many ${n}`))));
    let statements = 0;
    await temp.db.write((tx) =>
      log.add(
        {
          ...tx,
          query: <R>(...of: Parameters<typeof tx.query>) => {
            statements++;
            return tx.query<R>(...of);
          },
          afterCommit: (fn) => tx.afterCommit(fn),
        },
        many,
      ),
    );
    expect(statements).toBeLessThanOrEqual(10);
    expect((await log.page(0, 20_000)).pins).toHaveLength(10_000);
  });
});

describe('holdings', () => {
  it('read from logs equal what the logs say, by any steps and pages', async () => {
    const step = fc.record({ at: fc.nat(11), extent: fc.nat(2), held: fc.boolean(), read: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.integer({ min: 1, max: 7 }), async (steps, page) => {
        await using mine = await tempDatabase(placementMigrations, placementEntities);
        await using theirs = await tempDatabase(placementMigrations, placementEntities);
        const log = await PinLog.open(theirs.db, 5);
        const holdings = await MemberPins.open(mine.db, self, namesAll);
        const held = new Set<string>();
        for (const { at, extent: number, held: pin, read } of steps) {
          const target = [extent(CONTENTS[at]!, number)];
          await theirs.db.write((tx) => (pin ? log.add(tx, target) : log.drop(tx, target)));
          if (pin) held.add(`${CONTENTS[at]}/${number}`);
          else held.delete(`${CONTENTS[at]}/${number}`);
          if (read) await readAll(log, holdings, other, page);
        }
        await readAll(log, holdings, other, page);
        const again = await MemberPins.open(mine.db, self, namesAll);
        const found = [...(await again.holders(CONTENTS))].flatMap(([content, extents]) =>
          [...extents].flatMap(([number, peers]) => peers.map((peer) => `${content}/${number} ${peer}`)),
        );
        expect(found.sort()).toEqual([...held].map((key) => `${key} ${other}`).sort());
        expect(again.known(other)?.number ?? 0).toBe(log.number);
      }),
      { numRuns: 15 },
    );
  });

  it('are void when the nonce is another or the number lower', async () => {
    await using temp = await tempDatabase(placementMigrations, placementEntities);
    const holdings = await MemberPins.open(temp.db, self, namesAll);
    const pins = [{ content: CONTENTS[0]!, extent: 0, held: true }];
    const status = { nonce: nonceOf(1), number: 4, full: false, capacity: 3 };
    const holders = async () => (await holdings.holders([CONTENTS[0]!])).get(CONTENTS[0]!)!.get(0) ?? [];

    expect(await holdings.heard(other, status)).toEqual({ behind: true, changed: true });
    await holdings.learn(other, { nonce: nonceOf(1), after: 0, to: 4 }, pins);
    await holdings.learn(third, { nonce: nonceOf(9), after: 0, to: 1 }, pins);
    expect(await holdings.heard(other, status)).toEqual({ behind: false, changed: false });
    expect((await holders()).toSorted()).toEqual([other, third].sort());

    expect(await holdings.heard(other, { ...status, number: 3 })).toMatchObject({ behind: true });
    expect(await holders()).toEqual([third]);
    await holdings.learn(other, { nonce: nonceOf(1), after: 0, to: 4 }, pins);
    expect(await holdings.heard(other, { ...status, nonce: nonceOf(2) })).toMatchObject({ behind: true });
    expect(await holders()).toEqual([third]);
    expect(holdings.known(other)).toMatchObject({ number: 0, capacity: 3 });
  });

  it('are kept when a status is late, and void when it comes from an older copy of the member', async () => {
    await using temp = await tempDatabase(placementMigrations, placementEntities);
    const holdings = await MemberPins.open(temp.db, self, namesAll);
    const status = { nonce: nonceOf(1), number: 4, full: false, capacity: 3 };
    const pins = [{ content: CONTENTS[0]!, extent: 0, held: true }];
    const holders = async () => (await holdings.holders([CONTENTS[0]!])).get(CONTENTS[0]!)!.get(0) ?? [];
    await holdings.heard(other, status);
    await holdings.learn(other, { nonce: nonceOf(1), after: 0, to: 7 }, pins);
    // Its next status is older than the last one that was read.
    expect(await holdings.heard(other, { ...status, number: 6 })).toMatchObject({ behind: true });
    expect(await holders()).toEqual([other]);
    expect(holdings.known(other)).toMatchObject({ number: 7 });
    holdings.gone(other);
    expect(await holdings.heard(other, { ...status, number: 6 })).toMatchObject({ behind: true });
    expect(await holders()).toEqual([]);
    expect(holdings.known(other)).toMatchObject({ number: 0 });
  });

  it('have no gap when what they follow on is void by the time a frame comes', async () => {
    await using temp = await tempDatabase(placementMigrations, placementEntities);
    const holdings = await MemberPins.open(temp.db, self, namesAll);
    const status = { nonce: nonceOf(1), number: 4, full: false, capacity: 3 };
    const pin = (number: number) => [{ content: CONTENTS[number]!, extent: 0, held: true }];
    await holdings.heard(other, status);
    await holdings.learn(other, { nonce: nonceOf(1), after: 0, to: 4 }, pin(0));
    // A frame is on its way when the member is heard to have less, and so is to be read from the start.
    expect(await holdings.heard(other, { ...status, number: 3 })).toMatchObject({ behind: true });
    await holdings.learn(other, { nonce: nonceOf(1), after: 4, to: 5 }, pin(1));
    expect(await holdings.heard(other, { ...status, number: 5 })).toMatchObject({ behind: true });
    expect(holdings.known(other)).toMatchObject({ number: 0 });
    // Nor when it is of another log.
    await holdings.learn(other, { nonce: nonceOf(2), after: 0, to: 6 }, pin(2));
    await holdings.learn(other, { nonce: nonceOf(1), after: 5, to: 9 }, pin(3));
    expect(holdings.known(other)).toMatchObject({ nonce: nonceOf(2), number: 6 });
    expect((await holdings.holders([CONTENTS[3]!])).get(CONTENTS[3]!)!.size).toBe(0);
  });

  it('forget who is no member', async () => {
    await using temp = await tempDatabase(placementMigrations, placementEntities);
    const holdings = await MemberPins.open(temp.db, self, namesAll);
    await holdings.learn(other, { nonce: nonceOf(1), after: 0, to: 1 }, [
      { content: CONTENTS[0]!, extent: 0, held: true },
    ]);
    await holdings.keepOnly(new Set([self]));
    expect(holdings.known(other)).toBeUndefined();
    expect((await MemberPins.open(temp.db, self, namesAll)).known(other)).toBeUndefined();
    expect(await temp.db.query('SELECT * FROM placement_holding')).toEqual([]);
  });
});
