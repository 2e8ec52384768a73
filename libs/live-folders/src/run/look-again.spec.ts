import { second, VirtualTime } from '@dfs/runtime';
import { LookAgain } from './look-again.js';

describe('paths that are looked at again', () => {
  it('find rest: one that never does waits longer and longer, and no other for it', () => {
    const time = new VirtualTime();
    const again = new LookAgain(time, () => undefined);
    let looks = 0;
    for (let passed = 0; passed < 60 * second; passed += 100) {
      if (again.take().includes('restless')) looks++;
      if (!again.isPending) again.add(new Map([['restless', 0]]), new Set());
      time.advance(100);
    }
    expect(looks).toBeGreaterThan(8);
    expect(looks).toBeLessThan(20);
    again.add(new Map([['other', 0]]), new Set());
    expect(again.take()).toContain('other');
    // A minute of rest, and it is as any other.
    again.take();
    time.advance(90 * second);
    again.take();
    again.add(new Map([['restless', 0]]), new Set());
    expect(again.take()).toEqual(['restless']);
  });

  it('of which a person was told keep the folder from nothing, whatever else is looked at meanwhile', () => {
    const time = new VirtualTime();
    const again = new LookAgain(time, () => undefined);
    again.add(new Map([['told', 60_000]]), new Set(['told']));
    expect(again.isPending).toBe(false);
    again.add(new Map([['other', 0]]), new Set());
    expect(again.isPending).toBe(true);
    again.take();
    expect(again.isPending).toBe(false);
    again.add(new Map([['d/', 1000]]), new Set(['d']));
    expect(again.isPending).toBe(false);
  });
});
