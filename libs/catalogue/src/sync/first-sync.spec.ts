import { VirtualTime } from '@dfs/runtime';
import { FirstSync } from './first-sync.js';

const OPTIONS = { gatherMs: 500, aloneMs: 1000, longestMs: 2000 };
/** More than the time between two looks at what there is. */
const MOMENT = 100;

interface Looking {
  look: FirstSync;
  connected: string[];
  /** Whether it is over once a moment has passed. */
  isOver: () => Promise<boolean>;
  /** Milliseconds from `begin` until it was over. */
  took: () => Promise<number>;
}

function looking(otherMembers: number): Looking {
  const connected: string[] = [];
  const time = new VirtualTime();
  const look = new FirstSync({ connected: () => connected, otherMembers: () => otherMembers }, OPTIONS, time);
  look.begin();
  const since = time.ticks();
  /** All waiting work goes on before this resolves. */
  const pass = async (milliseconds: number): Promise<void> => {
    time.advance(milliseconds);
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
  };
  const ended = (): { isSo: boolean } => {
    const end = { isSo: false };
    void look.over().then(() => (end.isSo = true));
    return end;
  };
  return {
    ...{ look, connected },
    isOver: async () => {
      const end = ended();
      await pass(MOMENT);
      return end.isSo;
    },
    took: async () => {
      const end = ended();
      while (!end.isSo) await pass(1);
      return time.ticks() - since;
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
    expect(ms).toBeGreaterThanOrEqual(OPTIONS.gatherMs);
    expect(ms).toBeLessThan(OPTIONS.gatherMs + MOMENT);
  });

  it('ends for a node that finds nobody', async () => {
    const ms = await looking(2).took();
    expect(ms).toBeGreaterThanOrEqual(OPTIONS.aloneMs);
    expect(ms).toBeLessThan(OPTIONS.aloneMs + MOMENT);
  });

  it('waits longer for a member that is being compared with, but not for ever', async () => {
    const { connected, took } = looking(2);
    connected.push('a');
    const ms = await took();
    expect(ms).toBeGreaterThanOrEqual(OPTIONS.longestMs);
    expect(ms).toBeLessThan(OPTIONS.longestMs + MOMENT);
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
