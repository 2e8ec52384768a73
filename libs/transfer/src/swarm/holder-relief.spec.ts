import { MiB } from '@dfs/runtime';
import { STALL_CHECK } from '../limits.js';
import { SPARE_TIME } from './holder-relief.js';
import { HolderRelief } from './holder-relief.js';

/** Ticks for so long, with so much from each side in each tick. */
function run(sparing: HolderRelief, from: number, time: number, rates: { holders: number; partners: number }): number {
  let now = from;
  for (; now < from + time; now += STALL_CHECK) {
    sparing.received(rates.holders, false);
    sparing.received(rates.partners, true);
    sparing.tick({ busy: rates.holders > 0, spared: () => true }, now);
  }
  return now;
}

describe('sparing holders', () => {
  it('goes on while partners bring about what holders did', () => {
    const sparing = new HolderRelief();
    const now = run(sparing, 0, 5000, { holders: MiB, partners: MiB });
    run(sparing, now, 20_000, { holders: 0, partners: 0.7 * MiB });
    expect(sparing.isOver).toBe(false);
  });

  it('ends when they stall, after a while, and begins again when they go on', () => {
    const sparing = new HolderRelief();
    let now = run(sparing, 0, 5000, { holders: MiB, partners: MiB });
    now = run(sparing, now, SPARE_TIME - STALL_CHECK, { holders: 0, partners: 0 });
    expect(sparing.isOver).toBe(false);
    now = run(sparing, now, 10_000, { holders: 0, partners: 0 });
    expect(sparing.isOver).toBe(true);
    run(sparing, now, 10_000, { holders: 0, partners: 2 * MiB });
    expect(sparing.isOver).toBe(false);
  });

  it('ends when they bring nothing, though holders were never asked for anything', () => {
    const sparing = new HolderRelief();
    const now = run(sparing, 0, 10_000, { holders: 0, partners: 0 });
    expect(sparing.isOver).toBe(true);
    run(sparing, now, 10_000, { holders: 0, partners: MiB });
    expect(sparing.isOver).toBe(false);
  });

  it('ends when they have brought all that came, and stall', () => {
    const sparing = new HolderRelief();
    const now = run(sparing, 0, 5000, { holders: 0, partners: MiB });
    expect(sparing.isOver).toBe(false);
    run(sparing, now, 10_000, { holders: 0, partners: 0 });
    expect(sparing.isOver).toBe(true);
  });

  it('ends when their lines are slow, and stays so', () => {
    const sparing = new HolderRelief();
    let now = run(sparing, 0, 2000, { holders: 4 * MiB, partners: 0 });
    now = run(sparing, now, 10_000, { holders: 0, partners: 0.2 * MiB });
    expect(sparing.isOver).toBe(true);
    run(sparing, now, 10_000, { holders: 4 * MiB, partners: 0.2 * MiB });
    expect(sparing.isOver).toBe(true);
  });
});
