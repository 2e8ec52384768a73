import { Recurring, type Ran, type Work } from './recurring.js';
import { minute, second } from './units.js';
import { VirtualTime } from './time/virtual-time.js';

/** Lets promises go on, with timers of the process left out of it. */
async function turn(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

describe('recurring work', () => {
  let time: VirtualTime;
  let runs: number[];
  let ends: ((ran: Ran | Error) => void)[];
  let warned: string[];
  beforeEach(() => {
    time = new VirtualTime();
    [runs, ends, warned] = [[], [], []];
  });

  /** Each run ends when the test says so. */
  function loop(work: Partial<Work> = {}): Recurring {
    const run = (): Promise<Ran> => {
      runs.push(time.ticks());
      return new Promise((resolve, reject) => ends.push((ran) => (ran instanceof Error ? reject(ran) : resolve(ran))));
    };
    const note = (_: object, message: string): void => void warned.push(message);
    const log = { debug: note, info: note, warn: note, error: note };
    return new Recurring({ name: 'work', every: minute, failed: 'it has failed', run, ...work }, { timers: time, log });
  }
  const end = async (ran: Ran | Error): Promise<void> => {
    ends.shift()!(ran);
    await turn();
  };
  const pass = async (milliseconds: number): Promise<void> => {
    time.advance(milliseconds);
    await turn();
  };

  it('is done at its pace, counted from the end of a run, and first after as long as it is told', async () => {
    const work = loop().start(5 * second);
    await pass(5 * second - 1);
    expect(runs).toEqual([]);
    await pass(1);
    expect(runs).toEqual([5 * second]);
    await pass(2 * minute);
    await end('idle');
    await pass(minute - 1);
    expect(runs).toHaveLength(1);
    await pass(1);
    expect(runs).toHaveLength(2);
    expect(work.status()).toMatchObject({ name: 'work', state: 'running', runs: 1, errors: 0, tookMs: 2 * minute });
  });

  it('is done by one run at a time, also where it is started during a run', async () => {
    const work = loop();
    void work.now();
    await turn();
    work.start(second);
    await pass(second);
    expect(runs).toEqual([0]);
    await end('idle');
    expect(runs).toEqual([0, second]);
  });

  it('goes on at once while there is more', async () => {
    loop({ every: Infinity }).start(0);
    for (let run = 1; run <= 3; run++) {
      await pass(0);
      expect(runs).toHaveLength(run);
      await end('again');
    }
    await pass(0);
    await end('idle');
    await pass(100 * minute);
    expect(runs).toHaveLength(4);
  });

  it('comes soon when it is asked for: once for all who ask together, and again for those who ask during a run', async () => {
    const work = loop({ gather: 10 });
    work.soon();
    expect(time.waiting).toBe(0);
    work.start();
    await pass(10);
    expect(runs).toEqual([10]);
    await end('idle');
    for (let asked = 0; asked < 5; asked++) work.soon();
    await pass(9);
    work.soon();
    await pass(1);
    expect(runs).toEqual([10, 20]);
    work.soon();
    await end('idle');
    await pass(10);
    expect(runs).toEqual([10, 20, 30]);
    await end('idle');
    await pass(10);
    expect(runs).toHaveLength(3);
    expect(work.isWaiting).toBe(true);
  });

  it('is tried again ever more seldom while it fails, is said to fail, and soon again at its pace', async () => {
    const work = loop({ retry: { first: 100, longest: 300 } }).start(0);
    await pass(0);
    for (const pause of [100, 200, 300, 300]) {
      await end(new Error('no disk'));
      const before = runs.length;
      await pass(pause - 1);
      expect(runs).toHaveLength(before);
      await pass(1);
      expect(runs).toHaveLength(before + 1);
    }
    expect(work.status()).toMatchObject({ runs: 0, errors: 4, lastError: 'no disk' });
    expect(warned).toEqual(Array(4).fill('it has failed'));
    await end('idle');
    expect(work.status()).toMatchObject({ runs: 1, errors: 4, lastError: null });
    await pass(minute);
    await end(new Error('again no disk'));
    await pass(100);
    expect(runs).toHaveLength(7);
  });

  it('gives a run that began no earlier than it was asked for', async () => {
    const work = loop().start(0);
    await pass(0);
    let done = false;
    const asked = work.now().then(() => (done = true));
    await end('idle');
    expect([runs.length, done]).toEqual([2, false]);
    await end(new Error('not now'));
    await asked;
    expect(work.status()).toMatchObject({ runs: 1, errors: 1 });
  });

  it('has another pace from now on when it is told so', async () => {
    let pace = 10 * minute;
    const work = loop({ every: () => pace }).start();
    pace = minute;
    work.reschedule();
    await pass(minute);
    expect(runs).toEqual([minute]);
  });

  it('stops: aborts the run under way, waits for its end, and begins none', async () => {
    const seen: AbortSignal[] = [];
    const work = loop({
      run: (signal) => {
        seen.push(signal);
        return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
      },
    }).start(0);
    await pass(0);
    expect(seen).toHaveLength(1);
    await work.stop();
    expect(seen[0]!.aborted).toBe(true);
    work.soon();
    await work.now();
    await pass(100 * minute);
    expect(seen).toHaveLength(1);
    expect(time.waiting).toBe(0);
    expect(warned).toEqual([]);
    expect(work.status()).toMatchObject({ state: 'stopped', errors: 0 });
  });
});
