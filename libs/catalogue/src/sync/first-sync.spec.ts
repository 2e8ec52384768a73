import { setTimeout as delay } from 'node:timers/promises';
import { FreshLook } from './first-sync.js';

/** Times that are told apart even on a machine that is busy. */
const OPTIONS = { gatherMs: 500, aloneMs: 1000, longestMs: 2000 };

interface Looking {
  look: FreshLook;
  connected: string[];
  isOver: () => Promise<boolean>;
  /** Milliseconds from `begin` until it was over. */
  took: () => Promise<number>;
}

function looking(otherMembers: number): Looking {
  const connected: string[] = [];
  const look = new FreshLook({ connected: () => connected, otherMembers: () => otherMembers }, OPTIONS);
  look.begin();
  const since = performance.now();
  return {
    ...{ look, connected },
    isOver: () => Promise.race([look.over().then(() => true), delay(150, false)]),
    took: async () => {
      await look.over();
      return performance.now() - since;
    },
  };
}

describe('the look a node takes before it writes', () => {
  it('is not needed by a node whose network has no other members', async () => {
    expect(await looking(0).isOver()).toBe(true);
  });

  it('is over once all members were compared with', async () => {
    const { look, connected, isOver } = looking(2);
    connected.push('a', 'b');
    look.comparedWith('a');
    expect(await isOver()).toBe(false);
    look.comparedWith('b');
    expect(await isOver()).toBe(true);
  });

  it('gives members a moment to come when one was compared with', async () => {
    const { look, connected, took } = looking(2);
    connected.push('a');
    look.comparedWith('a');
    const ms = await took();
    expect(ms).toBeGreaterThanOrEqual(OPTIONS.gatherMs - 1);
    expect(ms).toBeLessThan(OPTIONS.aloneMs);
  });

  it('ends for a node that finds nobody', async () => {
    const ms = await looking(2).took();
    expect(ms).toBeGreaterThanOrEqual(OPTIONS.aloneMs - 1);
    expect(ms).toBeLessThan(OPTIONS.longestMs);
  });

  it('waits longer for a member that is being compared with, but not for ever', async () => {
    const { connected, took } = looking(2);
    connected.push('a');
    expect(await took()).toBeGreaterThanOrEqual(OPTIONS.longestMs - 1);
  });

  it('begins anew in another network, and ends with the node', async () => {
    const { look, connected, isOver } = looking(1);
    connected.push('a');
    look.comparedWith('a');
    expect(await isOver()).toBe(true);
    look.begin();
    expect(await isOver()).toBe(false);
    const waiting = look.over();
    look.end();
    await waiting;
  });
});
