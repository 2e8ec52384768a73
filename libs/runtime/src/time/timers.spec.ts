import { systemTimers, type Timers } from './timers.js';
import { VirtualTime } from './virtual-time.js';

describe('virtual time', () => {
  it('calls back what is due, each at its time, also what is asked for meanwhile, and nothing else', () => {
    const time = new VirtualTime(1000);
    const log: string[] = [];
    const say = (what: string) => () => void log.push(`${what} ${time.ticks()}`);
    time.after(30, say('late'));
    time.after(10, () => {
      say('first')();
      time.after(5, say('added'));
    });
    time.after(10, say('second'));
    time.after(20, say('called off'))();
    const end = time.every(12, say('every'));
    time.advance(29);
    expect(log).toEqual(['first 10', 'second 10', 'every 12', 'added 15', 'every 24']);
    expect(time.now()).toBe(1029);
    end();
    time.advance(1000);
    expect(log.slice(5)).toEqual(['late 30']);
    expect(time.waiting).toBe(0);
  });
});

describe.each<[string, Timers, (milliseconds: number) => void]>([
  ['of the process', systemTimers, () => undefined],
  ...[new VirtualTime()].map((time): [string, Timers, (milliseconds: number) => void] => [
    'virtual',
    time,
    (milliseconds) => time.advance(milliseconds),
  ]),
])('timers %s', (_, timers, pass) => {
  it('let a sleeper sleep, and wake it when its signal aborts', async () => {
    const sleep = timers.sleep(5);
    pass(5);
    await sleep;
    const controller = new AbortController();
    const long = timers.sleep(1e9, controller.signal);
    controller.abort();
    await long;
    await timers.sleep(1e9, controller.signal);
  });

  it('call again and again until that is ended', async () => {
    let calls = 0;
    await new Promise<void>((resolve) => {
      const end = timers.every(2, () => {
        if (++calls < 3) return;
        end();
        resolve();
      });
      pass(10);
    });
    pass(10);
    expect(calls).toBe(3);
  });
});
