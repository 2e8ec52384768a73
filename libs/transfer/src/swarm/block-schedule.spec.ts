import fc from 'fast-check';
import { BlockSchedule } from './block-schedule.js';

const want = (id: string, key = 'k', size = 10) => ({ id, size, key });
const ids = (wants: readonly { id: string }[]) => wants.map(({ id }) => id);

describe('BlockSchedule', () => {
  it('gives blocks out in order, each to one peer, within the bytes and count allowed', () => {
    const schedule = new BlockSchedule();
    for (const id of ['a', 'b', 'c', 'd', 'e']) schedule.want(want(id));
    schedule.offer('k', 'x');
    schedule.offer('k', 'y');
    expect(ids(schedule.take('x', { bytes: 20, count: 9 }).wants)).toEqual(['a', 'b']);
    expect(ids(schedule.take('y', { bytes: 100, count: 1 }).wants)).toEqual(['c']);
    expect(ids(schedule.take('x', { bytes: 1, count: 9 }).wants)).toEqual(['d']);
    expect(ids(schedule.take('nobody', { bytes: 100, count: 9 }).wants)).toEqual([]);
    expect(schedule.waitingBytes).toBe(10);
  });

  it('asks others for what one lacks, and starves when none is left', () => {
    const schedule = new BlockSchedule();
    schedule.want(want('a'));
    expect(schedule.starved()).toEqual(['k']);
    schedule.offer('k', 'x');
    schedule.offer('k', 'y');
    expect(schedule.starved()).toEqual([]);
    schedule.take('x', { bytes: 10, count: 1 });
    schedule.missing('a', 'x');
    expect(ids(schedule.take('x', { bytes: 10, count: 1 }).wants)).toEqual([]);
    expect(ids(schedule.take('y', { bytes: 10, count: 1 }).wants)).toEqual(['a']);
    expect(schedule.starved()).toEqual([]);
    schedule.drop('y');
    expect(schedule.starved()).toEqual(['k']);
    expect(schedule.abandon('k')).toEqual(['a']);
    expect(schedule.open).toBe(0);
    expect(schedule.waitingBytes).toBe(0);
  });

  it('lets several be asked for a block that is late, and counts the first answer only', () => {
    const schedule = new BlockSchedule();
    schedule.want(want('a'));
    schedule.want(want('b'));
    schedule.offer('k', 'slow');
    schedule.offer('k', 'fast');
    expect(ids(schedule.take('slow', { bytes: 10, count: 1 }).wants)).toEqual(['a']);
    schedule.reask('a');
    expect(ids(schedule.take('slow', { bytes: 10, count: 1 }).wants)).toEqual(['b']);
    expect(ids(schedule.take('fast', { bytes: 10, count: 1 }).wants)).toEqual(['a']);
    expect(schedule.arrived('a')).toBe(true);
    expect(schedule.arrived('a')).toBe(false);
  });

  it('brings forward what someone waits for', () => {
    const schedule = new BlockSchedule();
    for (const id of ['a', 'b', 'c']) schedule.want(want(id));
    schedule.offer('k', 'x');
    schedule.expedite('c');
    expect(ids(schedule.take('x', { bytes: 100, count: 9 }).wants)).toEqual(['c', 'a', 'b']);
  });

  it('asks of partners only what they say they have, the rarest first', () => {
    const schedule = new BlockSchedule({ self: 'me', order: 'rarest' });
    for (const id of ['a', 'b', 'c']) schedule.want(want(id));
    schedule.meet('k', 'x');
    schedule.meet('k', 'y');
    expect(ids(schedule.take('x', { bytes: 100, count: 9 }).wants)).toEqual([]);
    expect(schedule.starved()).toEqual(['k']);
    schedule.gained('k', 'x', ['a', 'b']);
    schedule.gained('k', 'y', ['a']);
    expect(ids(schedule.take('x', { bytes: 100, count: 9 }).wants)).toEqual(['b', 'a']);
    schedule.part('k', 'x');
    schedule.putBackAll(['a', 'b'], 'x');
    expect(ids(schedule.take('x', { bytes: 100, count: 9 }).wants)).toEqual([]);
    expect(ids(schedule.take('y', { bytes: 100, count: 9 }).wants)).toEqual(['a']);
  });

  it('brings the nearest deadline first, however rare the rest', () => {
    const schedule = new BlockSchedule({ self: 'me', order: 'deadline' });
    for (const id of ['a', 'b']) schedule.want(want(id));
    for (const partner of ['x', 'y']) schedule.meet('k', partner);
    schedule.gained('k', 'x', ['a', 'b']);
    schedule.gained('k', 'y', ['a']);
    expect(ids(schedule.take('x', { bytes: 100, count: 9 }).wants)).toEqual(['a', 'b']);
  });

  it('asks of one holder, by all who fetch together, each block once', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 12 }), fc.integer({ min: 1, max: 200 }), (members, count) => {
        const names = Array.from({ length: members }, (_, n) => `member ${n}`);
        const blocks = Array.from({ length: count }, (_, n) => `block ${n}`);
        const schedules = names.map((self) => {
          const schedule = new BlockSchedule({ self, order: 'rarest' });
          for (const id of blocks) schedule.want(want(id));
          schedule.offer('k', 'holder');
          for (const other of names) if (other !== self) schedule.meet('k', other);
          return schedule;
        });
        const taken = schedules.flatMap((schedule) => ids(schedule.take('holder', { bytes: 1e9, count: 1e9 }).wants));
        expect(taken.sort()).toEqual([...blocks].sort());
        for (const schedule of schedules) expect(schedule.spares('holder')).toBe(schedule.waitingBytes > 0);
      }),
    );
  });

  it('spares a holder no longer what nobody brings, or is late', () => {
    const schedule = new BlockSchedule({ self: 'me', order: 'rarest' });
    for (const id of ['a', 'b']) schedule.want(want(id));
    schedule.offer('k', 'holder');
    schedule.meet('k', 'x');
    schedule.gained('k', 'x', ['a', 'b']);
    expect(ids(schedule.take('holder', { bytes: 100, count: 9 }).wants)).toEqual([]);
    schedule.missing('a', 'x');
    expect(ids(schedule.take('x', { bytes: 100, count: 9 }).wants)).toEqual(['b']);
    schedule.reask('b');
    expect(ids(schedule.take('holder', { bytes: 100, count: 1 }).wants)).toEqual(['b']);
    schedule.arrived('b');
    schedule.part('k', 'x');
    expect(ids(schedule.take('holder', { bytes: 100, count: 9 }).wants)).toEqual(['a']);
  });

  it('lets one who has nothing to do take over what another owes', () => {
    const schedule = new BlockSchedule();
    for (const id of ['a', 'b', 'c']) schedule.want(want(id));
    for (const holder of ['slow', 'fast']) schedule.offer('k', holder);
    schedule.take('slow', { bytes: 100, count: 9 });
    expect(ids(schedule.takeOver(['c', 'b', 'a'], 'fast', 15).wants)).toEqual(['c']);
    expect([...schedule.askedOf('c')]).toEqual(['slow', 'fast']);
    expect(ids(schedule.takeOver(['c', 'b', 'a'], 'fast', 20).wants)).toEqual(['b', 'a']);
  });

  it('delivers every block once whatever peers do, as long as an honest one remains', () => {
    const peers = ['honest', 'lacking', 'lost', 'late'];
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.array(fc.record({ peer: fc.constantFrom(...peers), bytes: fc.integer({ min: 1, max: 60 }) }), {
          maxLength: 60,
        }),
        (count, steps) => {
          const schedule = new BlockSchedule();
          const arrived: string[] = [];
          for (let n = 0; n < count; n++) schedule.want(want(`b${n}`, `k${n % 3}`));
          for (const key of ['k0', 'k1', 'k2']) for (const peer of peers) schedule.offer(key, peer);
          const act = ({ peer, bytes }: { peer: string; bytes: number }): void => {
            const lot = schedule.take(peer, { bytes, count: 8 }).wants;
            if (peer === 'lost') return schedule.drop('lost');
            for (const { id } of lot) {
              if (peer === 'lacking') schedule.missing(id, peer);
              else if (peer === 'late') schedule.reask(id);
              else if (schedule.arrived(id)) arrived.push(id);
            }
          };
          steps.forEach(act);
          for (let turn = 0; turn <= count; turn++) act({ peer: 'honest', bytes: 1000 });
          expect(schedule.open).toBe(0);
          expect(schedule.waitingBytes).toBe(0);
          expect([...arrived].sort()).toEqual([...new Set(arrived)].sort());
          expect(arrived).toHaveLength(count);
        },
      ),
    );
  });
});
