import { KiB, MiB, minute, second, VirtualTime } from '@dfs/runtime';
import type { PackRow } from '../index/chunk-index.js';
import { SMALL_PACKS, TOO_MANY_SMALL_PACKS } from '../limits.js';
import { SmallPacks } from './small-packs.js';

const packs = (count: number, bytes = 1 * KiB): PackRow[] =>
  Array.from({ length: count }, (_, id) => ({ id, name: `${id}`, bytes }));

describe('small packs', () => {
  const opened = () => {
    const time = new VirtualTime();
    let joined = 0;
    const small = new SmallPacks(() => void joined++, time);
    return { small, time, joined: () => joined };
  };

  it('are left alone by a start, however many there are, and joined in the first quiet minute', () => {
    const { small, time, joined } = opened();
    small.found(packs(3000));
    expect(joined()).toBe(0);
    time.advance(59 * second);
    small.came(packs(1, 2 * MiB));
    expect(joined()).toBe(0);
    time.advance(1 * second);
    expect(joined()).toBe(1);
    time.advance(60 * minute);
    expect(joined()).toBe(1);
    expect(time.waiting).toBe(0);
  });

  it('are joined at once where too many come, and else when none has come for a minute', () => {
    const { small, time, joined } = opened();
    for (let nth = 1; nth < TOO_MANY_SMALL_PACKS; nth++) {
      small.came(packs(1));
      time.advance(1 * second);
    }
    expect(joined()).toBe(0);
    small.came(packs(1));
    expect(joined()).toBe(1);
    small.came(packs(SMALL_PACKS - 1));
    time.advance(60 * minute);
    expect(joined()).toBe(1);
    small.came(packs(1));
    time.advance(59 * second);
    small.came(packs(1));
    time.advance(59 * second);
    expect(joined()).toBe(1);
    time.advance(1 * second);
    expect(joined()).toBe(2);
  });

  it('wait for nothing once the store is closed', () => {
    const { small, time, joined } = opened();
    small.came(packs(SMALL_PACKS));
    expect(time.waiting).toBe(1);
    small.close();
    expect(time.waiting).toBe(0);
    expect(joined()).toBe(0);
  });
});
