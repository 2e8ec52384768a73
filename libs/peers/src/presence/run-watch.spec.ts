import { minute, second } from '@dfs/runtime';
import { RunWatch } from './run-watch.js';

const AT = ['/ip4/10.0.0.1/tcp/4001'];
const ELSEWHERE = ['/ip4/10.0.0.2/tcp/4001'];

/** A member that hears runs of `b`, each at every heartbeat, while the time is the test's. */
function watching(): { watch: RunWatch; hear: (minutes: number, ...boots: number[]) => void } {
  let now = 0;
  const watch = new RunWatch({ isMember: () => true, periodMs: () => minute, monotonic: () => now });
  const hear = (minutes: number, ...boots: number[]): void => {
    for (let at = 0; at < minutes; at++) {
      for (const boot of boots) watch.heard('b', boot, boot === 1 ? AT : ELSEWHERE);
      now += minute;
    }
  };
  return { watch, hear };
}

describe('two runs of one node', () => {
  it('are told of once the heartbeats of both have gone on for three minutes, the later as the later', () => {
    const { watch, hear } = watching();
    hear(5, 1);
    hear(3, 1, 2);
    expect(watch.runsOf('b')).toEqual([]);
    hear(1, 1, 2);
    expect(watch.runsOf('b')).toEqual([
      { boot: 1, rank: 0, addresses: AT },
      { boot: 2, rank: 1, addresses: ELSEWHERE },
    ]);
    expect(watch.cloned()).toMatchObject([{ peerId: 'b' }]);
    // One of them ends.
    hear(4, 1);
    expect(watch.cloned()).toEqual([]);
  });

  it('are none where the node was started again, however often', () => {
    const { watch, hear } = watching();
    for (let boot = 1; boot < 20; boot++) {
      hear(2, boot);
      expect(watch.runsOf('b')).toEqual([]);
    }
  });

  it('are of one rank where this node met both at about the same time', () => {
    const { watch, hear } = watching();
    hear(4, 1, 2);
    expect(watch.runsOf('b').map(({ rank }) => rank)).toEqual([0, 0]);
  });
});

describe('a run that is told of another', () => {
  const runs = (mine: number, other: number) => [
    { boot: 1, rank: mine, addresses: AT },
    { boot: 2, rank: other, addresses: ELSEWHERE },
  ];
  function told(): { watch: RunWatch; pass: (ms: number) => void } {
    let now = 0;
    const watch = new RunWatch({ isMember: () => true, periodMs: () => minute, monotonic: () => now });
    return { watch, pass: (ms) => void (now += ms) };
  }

  it('goes on when it came first, and stops when it came later or nobody can tell', () => {
    const { watch } = told();
    watch.toldBy('m', runs(0, 1), 1);
    expect(watch.other()).toBeUndefined();
    watch.toldBy('m', runs(1, 0), 1);
    expect(watch.other()).toEqual(ELSEWHERE);
    watch.toldBy('m', runs(0, 0), 1);
    expect(watch.other()).toEqual(ELSEWHERE);
    watch.toldBy('m', [], 1);
    expect(watch.other()).toBeUndefined();
    // Of runs among which it is not.
    watch.toldBy('m', runs(1, 0), 7);
    expect(watch.other()).toBeUndefined();
  });

  it('is not stopped by one member alone where others are heard, and goes on when nothing is said any more', () => {
    const { watch, pass } = told();
    for (const member of ['k', 'l']) watch.toldBy(member, [], 1);
    watch.toldBy('m', runs(1, 0), 1);
    expect(watch.other()).toBeUndefined();
    watch.toldBy('l', runs(1, 0), 1);
    expect(watch.other()).toBeDefined();
    pass(3 * minute + second);
    expect(watch.other()).toBeUndefined();
  });
});
