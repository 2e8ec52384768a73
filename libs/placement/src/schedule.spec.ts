import fc from 'fast-check';
import { Schedule } from './schedule.js';

const want = (id: string, key = 'k', size = 10) => ({ id, size, key });
const ids = (wants: { id: string }[]) => wants.map(({ id }) => id);

describe('Schedule', () => {
  it('gives blocks out in order, each to one peer, within the bytes and count allowed', () => {
    const schedule = new Schedule();
    for (const id of ['a', 'b', 'c', 'd', 'e']) schedule.want(want(id));
    schedule.offer('k', 'x');
    schedule.offer('k', 'y');
    expect(ids(schedule.take('x', 20, 9))).toEqual(['a', 'b']);
    expect(ids(schedule.take('y', 100, 1))).toEqual(['c']);
    expect(ids(schedule.take('x', 1, 9))).toEqual(['d']);
    expect(ids(schedule.take('nobody', 100, 9))).toEqual([]);
    expect(schedule.waitingBytes).toBe(10);
  });

  it('asks others for what one lacks, and starves when none is left', () => {
    const schedule = new Schedule();
    schedule.want(want('a'));
    expect(schedule.starved()).toEqual(['k']);
    schedule.offer('k', 'x');
    schedule.offer('k', 'y');
    expect(schedule.starved()).toEqual([]);
    schedule.take('x', 10, 1);
    schedule.missing('a', 'x');
    expect(ids(schedule.take('x', 10, 1))).toEqual([]);
    expect(ids(schedule.take('y', 10, 1))).toEqual(['a']);
    expect(schedule.starved()).toEqual([]);
    schedule.drop('y');
    expect(schedule.starved()).toEqual(['k']);
    expect(schedule.abandon('k')).toEqual(['a']);
    expect(schedule.open).toBe(0);
    expect(schedule.waitingBytes).toBe(0);
  });

  it('lets several be asked for a block that is late, and counts the first answer only', () => {
    const schedule = new Schedule();
    schedule.want(want('a'));
    schedule.want(want('b'));
    schedule.offer('k', 'slow');
    schedule.offer('k', 'fast');
    expect(ids(schedule.take('slow', 10, 1))).toEqual(['a']);
    schedule.reask('a');
    expect(ids(schedule.take('slow', 10, 1))).toEqual(['b']);
    expect(ids(schedule.take('fast', 10, 1))).toEqual(['a']);
    expect(schedule.arrived('a')).toBe(true);
    expect(schedule.arrived('a')).toBe(false);
  });

  it('brings forward what someone waits for', () => {
    const schedule = new Schedule();
    for (const id of ['a', 'b', 'c']) schedule.want(want(id));
    schedule.offer('k', 'x');
    schedule.expedite('c');
    expect(ids(schedule.take('x', 100, 9))).toEqual(['c', 'a', 'b']);
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
          const schedule = new Schedule();
          const arrived: string[] = [];
          for (let n = 0; n < count; n++) schedule.want(want(`b${n}`, `k${n % 3}`));
          for (const key of ['k0', 'k1', 'k2']) for (const peer of peers) schedule.offer(key, peer);
          const act = ({ peer, bytes }: { peer: string; bytes: number }): void => {
            const lot = schedule.take(peer, bytes, 8);
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
