import type { IsLive, Reclaimed, ReclaimOptions } from '@dfs/chunks';
import { GiB, MiB, day, minute, silentLog } from '@dfs/runtime';
import { eventually, fakeClock } from '@dfs/testing';
import type { MemberPins } from '../pins/member-pins.js';
import { PinLog } from '../pins/pin-log.js';
import { Reclaimer, type ReclaimTimes } from './reclaimer.js';
import { World, type WorldNode } from '../testing/world.js';

const OFTEN: ReclaimTimes = { check: 5, first: 0, every: 20, pressedEvery: 20 };

describe('when reclaiming runs', () => {
  const clock = fakeClock();
  let world: World;
  let node: WorldNode;
  const reclaimers: Reclaimer[] = [];
  let full: boolean;
  let usedBytes: number;
  /** Graces of the runs there were. */
  let graces: Pick<ReclaimOptions, 'graceMs' | 'short'>[];
  beforeEach(async () => {
    world = await World.of(1);
    node = world.nodes[0] as WorldNode;
    [full, usedBytes, graces] = [false, 1 * MiB, []];
  });
  afterEach(async () => {
    await Promise.all(reclaimers.splice(0).map((each) => each.stop()));
    await world[Symbol.asyncDispose]();
  });

  async function make(times?: ReclaimTimes): Promise<Reclaimer> {
    const { chunks, db } = node;
    const watched = Object.assign(Object.create(chunks) as typeof chunks, {
      usage: () => ({ chunks: 10, bytes: usedBytes, quotaBytes: 1 * GiB, freeBytes: 1 * GiB }),
      get: chunks.get.bind(chunks),
      reclaim: (isLive: IsLive, options: ReclaimOptions): Promise<Reclaimed> => {
        graces.push({ graceMs: options.graceMs!, ...(options.short && { short: options.short }) });
        return chunks.reclaim(isLive, options);
      },
    });
    const reclaimer = new Reclaimer(
      {
        chunks: watched,
        pins: await PinLog.open(db, 0),
        catalogue: { everyContent: async () => [], purged: async () => new Set() },
        holdings: { holders: async () => new Map() } satisfies Pick<MemberPins, 'holders'>,
        network: {
          now: () => ({
            ...{ self: node.peerId, target: 3, shouldHold: () => false, placed: () => [], leaving: new Set<string>() },
            ...{ live: new Set<string>(), willing: new Set<string>(), reachable: new Set<string>() },
          }),
        },
        isUnderWay: () => false,
        room: { isFull: () => full },
        clock,
        log: silentLog,
      },
      times,
    );
    reclaimers.push(reclaimer);
    return reclaimer;
  }

  /** Until another one that runs often has done so: the one that is looked at had the time, too. */
  async function asManyRuns(): Promise<void> {
    const witness = await make(OFTEN);
    witness.start();
    await eventually(() => witness.status().runs >= 3);
    await witness.stop();
  }

  it('is now and then, by itself, until it is stopped', async () => {
    const running = await make(OFTEN);
    running.start();
    await eventually(() => running.status().runs >= 3);
    expect(running.status().lastAt).toBe(clock.now());
    await running.stop();
    const { runs } = running.status();
    await asManyRuns();
    expect(running.status().runs).toBe(runs);
    expect(graces.every(({ graceMs, short }) => graceMs === 1 * day && !short)).toBe(true);
  });

  it('is more often when room is short', async () => {
    const running = await make({ ...OFTEN, first: 1e9, every: 2e9 });
    running.start();
    await asManyRuns();
    expect(running.status().runs).toBe(0);
    full = true;
    await eventually(() => running.status().runs >= 1);
  });

  it('keeps cache for less long when room is short', async () => {
    const running = await make();
    await running.run();
    usedBytes = 0.9 * GiB;
    await running.run();
    [usedBytes, full] = [0, true];
    await running.run();
    const short = (bytes: number) => ({ graceMs: 1 * day, short: { graceMs: 10 * minute, bytes } });
    expect(graces).toEqual([{ graceMs: 1 * day }, short(0.9 * GiB - 0.85 * GiB), short(Infinity)]);
    await running.run(5);
    expect(graces.at(-1)).toEqual({ graceMs: 5 });
  });
});
