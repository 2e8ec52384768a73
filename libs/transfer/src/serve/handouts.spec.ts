import fc from 'fast-check';
import { BlockSchedule, type Lot } from '../swarm/block-schedule.js';
import { Handouts, PASS_TIME } from './handouts.js';

const KEY = 'k';
const HOLDER = 'holder';
const extent = { content: 'content', extent: 0 };

/** A holder of an extent and those who fetch it at the same time. Nothing happens but what a script says; no time passes. */
class Crowd {
  readonly blocks: string[];
  readonly names: string[];
  readonly sent: string[] = [];
  now = 0;
  private readonly handouts = new Handouts(
    { isFetching: (_content, _extent, peerId) => this.here.has(peerId) },
    () => this.now,
  );
  private readonly here = new Set<string>();
  private readonly schedules: BlockSchedule[];
  private readonly has: Set<string>[];

  constructor(fetchers: number, blocks: number, order: 'deadline' | 'rarest') {
    this.names = Array.from({ length: fetchers }, (_, n) => `fetcher ${n}`);
    this.blocks = Array.from({ length: blocks }, (_, n) => `block ${n}`);
    this.has = this.names.map(() => new Set());
    this.schedules = this.names.map((self) => {
      const schedule = new BlockSchedule({ self, order, random: () => 0.5 });
      for (const id of this.blocks) schedule.want({ id, size: 1, key: KEY, extent });
      schedule.offer(KEY, HOLDER);
      return schedule;
    });
  }

  get open(): number {
    return this.schedules.reduce((sum, schedule) => sum + schedule.open, 0);
  }

  /** @returns what the fetcher was sent */
  askHolder(fetcher: number, count: number, options: { spare?: boolean; insist?: boolean } = {}): string[] {
    const schedule = this.schedules[fetcher]!;
    const lot = schedule.take(HOLDER, { bytes: count, count, ...options });
    if (lot.wants.length === 0) return [];
    const asker = this.names[fetcher]!;
    this.here.add(asker);
    const elsewhere = this.handouts.claim(idsOf(lot), { asker, extent: lot.shared!, insist: lot.insist });
    for (const id of elsewhere) schedule.given(id, HOLDER);
    const got = idsOf(lot).filter((id) => !elsewhere.has(id));
    this.sent.push(...got);
    this.arrive(fetcher, got);
    return got;
  }

  /** The fetcher hears of another, and what it has by now. */
  hear(fetcher: number, other: number): void {
    if (fetcher === other) return;
    const schedule = this.schedules[fetcher]!;
    schedule.meet(KEY, this.names[other]!);
    schedule.gained(KEY, this.names[other]!, this.has[other]!, this.has[other]!.size === this.blocks.length);
  }

  askPartner(fetcher: number, other: number, count: number): void {
    const lot = this.schedules[fetcher]!.take(this.names[other]!, { bytes: count, count });
    this.arrive(fetcher, idsOf(lot));
  }

  /** The other goes, and the fetcher hears of that. */
  part(fetcher: number, other: number): void {
    this.schedules[fetcher]!.part(KEY, this.names[other]!);
  }

  /** The holder hears that it fetches no more. */
  leave(fetcher: number): void {
    this.here.delete(this.names[fetcher]!);
  }

  late(fetcher: number): void {
    for (const id of this.blocks) this.schedules[fetcher]!.reask(id);
  }

  /** Everybody hears of everybody, and asks everybody. */
  round(): void {
    const all = [...this.names.keys()];
    for (const one of all) {
      for (const other of all) this.hear(one, other);
      this.askHolder(one, 2);
      for (const other of all) if (other !== one) this.askPartner(one, other, 2);
    }
  }

  private arrive(fetcher: number, ids: readonly string[]): void {
    for (const id of ids) {
      this.schedules[fetcher]!.arrived(id);
      this.has[fetcher]!.add(id);
    }
  }
}

const idsOf = ({ wants }: Lot): string[] => wants.map(({ id }) => id);

const step = fc.record({
  what: fc.constantFrom('holder', 'holder', 'hear', 'partner'),
  who: fc.nat(),
  other: fc.nat(),
  count: fc.integer({ min: 1, max: 8 }),
});
const crowds = fc.record({
  fetchers: fc.integer({ min: 2, max: 8 }),
  blocks: fc.integer({ min: 1, max: 40 }),
  order: fc.constantFrom('deadline' as const, 'rarest' as const),
  steps: fc.array(step, { maxLength: 200 }),
});

/** Plays the steps: members come, hear of each other, and ask each other for blocks. */
function play(crowd: Crowd, steps: readonly { what: string; who: number; other: number; count: number }[]): void {
  for (const { what, who, other, count } of steps) {
    const [one, another] = [who % crowd.names.length, other % crowd.names.length];
    if (what === 'hear') crowd.hear(one, another);
    else if (what === 'holder') crowd.askHolder(one, count);
    else if (one !== another) crowd.askPartner(one, another, count);
  }
}

describe('what a holder hands out to those who fetch the same', () => {
  it('is each block once, in whatever order they come, ask and hear of each other, and all of them get all of it', () => {
    fc.assert(
      fc.property(crowds, ({ fetchers, blocks, order, steps }) => {
        const crowd = new Crowd(fetchers, blocks, order);
        play(crowd, steps);
        for (let round = 0; crowd.open > 0 && round < 2 * blocks; round++) crowd.round();
        expect(crowd.open).toBe(0);
        expect([...crowd.sent].sort()).toEqual([...crowd.blocks].sort());
      }),
    );
  });

  it('is not more than half as much again, however impatient they are', () => {
    fc.assert(
      fc.property(crowds, ({ fetchers, blocks, order, steps }) => {
        const crowd = new Crowd(fetchers, blocks, order);
        play(crowd, steps);
        for (let round = 0; round < 5; round++) {
          for (const fetcher of crowd.names.keys()) {
            crowd.late(fetcher);
            crowd.askHolder(fetcher, blocks, { spare: false });
          }
        }
        expect(crowd.sent.length).toBeLessThanOrEqual(1.5 * blocks);
      }),
    );
  });

  it('is all of it to one whom nobody brings what they were given, once that is a while ago', () => {
    const crowd = new Crowd(3, 40, 'deadline');
    for (const fetcher of [0, 1, 2]) for (const other of [0, 1, 2]) crowd.hear(fetcher, other);
    crowd.askHolder(0, 40, { spare: false });
    expect(crowd.askHolder(2, 40, { spare: false }).length).toBeLessThanOrEqual(20);
    crowd.now += PASS_TIME + 1;
    crowd.late(2);
    crowd.askHolder(2, 40);
    expect(new Set(crowd.sent).size).toBe(40);
    expect(crowd.open).toBe(40);
  });

  it('is all of it to one whose partners have gone', () => {
    const crowd = new Crowd(2, 10, 'rarest');
    expect(crowd.askHolder(0, 10)).toHaveLength(10);
    expect(crowd.askHolder(1, 10)).toEqual([]);
    crowd.hear(1, 0);
    crowd.part(1, 0);
    crowd.leave(0);
    expect(crowd.askHolder(1, 10)).toHaveLength(10);
  });

  it('is given anew where it was not sent', () => {
    const handouts = new Handouts({ isFetching: () => true });
    const ids = ['a', 'b', 'c'];
    expect(handouts.claim(ids, { asker: 'one', extent, insist: false }).size).toBe(0);
    handouts.takeBack(['b', 'c'], 'one');
    handouts.takeBack(['a'], 'other');
    expect(handouts.claim(ids, { asker: 'other', extent, insist: false })).toEqual(new Set(['a']));
    expect(handouts.claim(ids, { asker: 'other', extent: { ...extent, extent: 1 }, insist: false }).size).toBe(0);
  });
});
