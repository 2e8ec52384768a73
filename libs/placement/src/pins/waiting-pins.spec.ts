import {
  CHUNKS_PROTOCOL,
  cidOf,
  MAX_PINS_PER_FRAME,
  packPins,
  pinsFrame,
  signerFromRaw,
  sha256,
  type Cid,
  type Pin,
} from '@dfs/protocol';
import { silentLog, MiB, type Log } from '@dfs/runtime';
import { eventually, tempDatabase, type TempDatabase } from '@dfs/testing';
import { firstFrame, MemoryNetwork } from '@dfs/transport';
import { PINS_OFFENCE_TIME } from './pin-exchange.js';
import { WAITING_PINS_TIME } from './pin-exchange.js';
import { MAX_WAITING_PINS } from './waiting-pins.js';
import { placementEntities, placementMigrations } from '../schema.js';
import { World } from '../testing/world.js';
import { MemberPins } from './member-pins.js';
import { PinExchange } from './pin-exchange.js';
import type { PinLog } from './pin-log.js';

const [self, other] = ['waiting self', 'waiting other'].map(
  (name) => signerFromRaw(sha256(Buffer.from(name))).peerId,
) as [string, string];
const nonce = Buffer.alloc(16, 1);
const contentOf = (n: number): Cid => cidOf(Buffer.from(`waiting ${n}`));
const pinsOf = (numbers: readonly number[], held = true): Pin[] =>
  numbers.map((n) => ({ content: contentOf(n), extent: 0, held }));
const upTo = (count: number): number[] => Array.from({ length: count }, (_, n) => n);

/** Contents that records name, with their sizes. */
let records: Map<Cid, number>;
let temp: TempDatabase;
let holdings: MemberPins;
const open = (): Promise<MemberPins> =>
  MemberPins.open(
    temp.db,
    self,
    async (contents) => new Map(contents.flatMap((id) => (records.has(id) ? [[id, records.get(id)!]] : []))),
  );
const holders = async (...numbers: number[]): Promise<string[]> => {
  const found = await holdings.holders(numbers.map(contentOf));
  return numbers.map((n) => (found.get(contentOf(n))!.get(0) ?? []).join());
};
const learn = (after: number, to: number, pins: Pin[]): Promise<boolean> =>
  holdings.learn(other, { nonce, after, to }, pins);

beforeEach(async () => {
  records = new Map();
  temp = await tempDatabase(placementMigrations, placementEntities);
  holdings = await open();
});
afterEach(() => temp[Symbol.asyncDispose]());

describe('pins of contents that no record names', () => {
  it('wait, and count when a record comes, after a restart too', async () => {
    records.set(contentOf(0), 100);
    expect(await learn(0, 3, pinsOf([0, 1, 2]))).toBe(true);
    expect(await holders(0, 1, 2)).toEqual([other, '', '']);
    holdings = await open();
    const told: Cid[] = [];
    holdings.onLearned((peerId, contents) => void (peerId === other && told.push(...contents)));
    records.set(contentOf(1), 100);
    await holdings.contentsNamed([contentOf(1)]);
    expect(await holders(0, 1, 2)).toEqual([other, other, '']);
    expect(told).toEqual([contentOf(1)]);
    // A record of an old version tells nobody that it came: the next reading of the log looks by itself.
    records.set(contentOf(2), 100);
    await holdings.lookAgain(other);
    expect(await holders(2)).toEqual([other]);
  });

  it('wait no longer when the member lets go of them, or starts its log anew', async () => {
    await learn(0, 2, pinsOf([0, 1]));
    await learn(2, 3, pinsOf([0], false));
    for (const n of [0, 1]) records.set(contentOf(n), 100);
    await holdings.contentsNamed([contentOf(0), contentOf(1)]);
    expect(await holders(0, 1)).toEqual(['', other]);
    records.clear();
    await learn(3, 4, pinsOf([2]));
    await learn(0, 9, pinsOf([3]));
    for (const n of [2, 3]) records.set(contentOf(n), 100);
    await holdings.contentsNamed([contentOf(2), contentOf(3)]);
    expect(await holders(2, 3)).toEqual(['', other]);
  });

  it('are no more than so many of a member: beyond that nothing of a frame is taken', async () => {
    records.set(contentOf(0), 100);
    expect(await learn(0, MAX_WAITING_PINS, pinsOf(upTo(MAX_WAITING_PINS)))).toBe(true);
    const more = pinsOf([MAX_WAITING_PINS, MAX_WAITING_PINS + 1]);
    expect(await learn(MAX_WAITING_PINS, MAX_WAITING_PINS + 2, more)).toBe(false);
    expect(holdings.known(other)!.number).toBe(MAX_WAITING_PINS);
    records.set(contentOf(MAX_WAITING_PINS), 100);
    expect(await learn(MAX_WAITING_PINS, MAX_WAITING_PINS + 2, more)).toBe(true);
    expect(await holders(MAX_WAITING_PINS, MAX_WAITING_PINS + 1)).toEqual([other, '']);
  });

  it('are refused where there cannot be so many extents', async () => {
    records.set(contentOf(0), 300 * MiB);
    const pin = (extent: number): Pin => ({ content: contentOf(0), extent, held: true });
    expect(await learn(0, 2, [pin(0), pin(1)])).toBe(true);
    await expect(learn(2, 3, [pin(2)])).rejects.toMatchObject({ code: 'peer-misbehaved' });
  });

  it('are forgotten with the member', async () => {
    await learn(0, 2, pinsOf([0, 1]));
    await holdings.keepOnly(new Set([self]));
    expect(await temp.db.query('SELECT * FROM placement_waiting')).toEqual([]);
  });
});

describe('a log with too many of them', () => {
  it('is read on as records come, and left alone for a while when none do', async () => {
    const network = new MemoryNetwork();
    const [mine, theirs] = [network.node({ peerId: self }), network.node({ peerId: other })];
    let asked = 0;
    const count = 2 * MAX_PINS_PER_FRAME;
    theirs.handle(CHUNKS_PROTOCOL, async (channel) => {
      const { header } = await firstFrame(channel);
      const { after } = header as { after: number };
      asked++;
      const all = upTo(count).slice(after, after + MAX_PINS_PER_FRAME);
      const frame = pinsFrame.form({ nonce, after, to: after + all.length }) ?? null;
      await channel.send(frame, packPins(pinsOf(all)));
    });
    const failed: unknown[] = [];
    const log: Log = { ...silentLog, info: (details: unknown) => void failed.push(details) };
    let now = 0;
    const peers = { contribute: unused, onStatus: unused, onGone: unused, nudge: unused };
    const exchange = new PinExchange({
      pins: { onEntries: unused } as unknown as PinLog,
      holdings,
      peers: peers,
      transport: mine,
      isFull: () => false,
      onMemberChanged: unused,
      now: () => now,
      log,
    });
    for (const node of [mine, theirs]) {
      node.setGate({ isMember: () => true, acceptsStrangers: () => false });
      await node.start();
    }
    try {
      await mine.dialPeer(other, theirs.addresses());
      await exchange.refresh([other]);
      expect(await temp.db.query('SELECT count(*) AS n FROM placement_waiting')).toEqual([{ n: 0 }]);
      now += WAITING_PINS_TIME - 1;
      // Half of the records have come: a frame is taken, and what does not fit waits for more.
      for (const n of upTo(MAX_PINS_PER_FRAME)) records.set(contentOf(n), 100);
      await exchange.refresh([other]);
      await exchange.refresh([other]);
      expect(holdings.known(other)?.number).toBe(MAX_PINS_PER_FRAME);
      now += WAITING_PINS_TIME - 1;
      await exchange.refresh([other]);
      expect(failed).toEqual([]);
      now += 1;
      await exchange.refresh([other]);
      expect(failed).toMatchObject([{ peerId: other, err: { code: 'peer-misbehaved' } }]);
      const before = asked;
      await exchange.refresh([other]);
      expect(asked).toBe(before);
      now += PINS_OFFENCE_TIME;
      await exchange.refresh([other]);
      expect(asked).toBe(before + 1);
    } finally {
      await exchange.stop();
      for (const node of [mine, theirs]) await node.stop();
    }
  });
});

function unused(): () => void {
  return () => undefined;
}

describe('in a network', () => {
  it.each(['before', 'after'] as const)(
    'a content that no path shows is copied whose holder is heard of %s its record',
    async (order) => {
      await using world = await World.of(2, { replicas: 2 });
      const [a, b] = world.nodes as [(typeof world.nodes)[0], (typeof world.nodes)[0]];
      const bytes = Buffer.from('a version that was replaced before it came');
      const ref = { contentId: cidOf(bytes), size: bytes.length, author: a.peerId };
      const recordComes = (): void => {
        b.unnamed.delete(ref.contentId);
        b.past.set(ref.contentId, ref);
        for (const listener of b.unshownListeners) listener([ref]);
      };
      b.unnamed.add(ref.contentId);
      if (order === 'after') recordComes();
      await a.putMany([{ path: 'past', bytes }], { publish: false });
      if (order === 'before') {
        await eventually(async () => (await b.db.query('SELECT 1 FROM placement_waiting')).length === 1);
        recordComes();
      }
      await eventually(async () => {
        const { extents } = await b.placement.holders(ref.contentId, ref.size);
        return extents[0]?.holders.some(({ self }) => self) === true;
      });
    },
  );

  it('a copy that is heard of before the record counts as soon as the record comes', async () => {
    await using world = await World.of(2, { replicas: 2 });
    const [a, b] = world.nodes as [(typeof world.nodes)[0], (typeof world.nodes)[0]];
    const bytes = Buffer.from('a file whose record is late');
    const id = cidOf(bytes);
    b.unnamed.add(id);
    await a.putMany([{ path: 'late', bytes }], { publish: false });
    await eventually(() => b.db.query('SELECT 1 FROM placement_waiting').then((rows) => rows.length === 1));
    expect((await b.placement.holders(id, bytes.length)).extents[0]?.holders ?? []).toEqual([]);
    b.unnamed.delete(id);
    b.learn([{ fileId: 'x', path: 'late', contentId: id, size: bytes.length, author: a.peerId, deleted: false }]);
    await eventually(async () => {
      const { extents } = await b.placement.holders(id, bytes.length);
      return extents[0]?.holders.some(({ peerId }) => peerId === a.peerId) === true;
    });
  });
});
