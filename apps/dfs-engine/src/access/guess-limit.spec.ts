import { second, type Log } from '@dfs/runtime';
import { GuessLimit } from './guess-limit.js';

describe('the limit of guesses', () => {
  let now = 1_000_000;
  let warnings: object[];
  let pauses: { ms: number; end(): void }[];
  let limit: GuessLimit;
  beforeEach(() => {
    warnings = [];
    pauses = [];
    const log: Log = {
      ...{ debug: () => undefined, info: () => undefined, error: () => undefined },
      warn: (facts) => void warnings.push(facts),
    };
    limit = new GuessLimit({
      clock: { now: () => now },
      log,
      pause: (ms) => new Promise<void>((end) => pauses.push({ ms, end })),
    });
  });
  const guess = (times: number, address = '192.0.2.1'): void => {
    for (let i = 0; i < times; i++) void limit.wrong(address, 'bearer');
  };

  it('answers the first at once, and each further one later, up to a limit', async () => {
    for (let i = 0; i < 5; i++) await limit.wrong('192.0.2.1', i % 2 === 0 ? 'sign-in' : 'socket');
    expect(pauses).toEqual([]);
    guess(6);
    expect(pauses.map(({ ms }) => ms / second)).toEqual([0.25, 0.5, 1, 2, 2, 2]);
  });

  it('answers once the wait is over', async () => {
    guess(5);
    let answered = false;
    const answer = limit.wrong('192.0.2.1', 'bearer').then(() => (answered = true));
    await Promise.resolve();
    expect(answered).toBe(false);
    pauses[0]?.end();
    await answer;
  });

  it('writes one warning for each burst of an address', () => {
    guess(50);
    guess(3, '192.0.2.2');
    expect(warnings).toEqual([
      { from: '192.0.2.1', entrance: 'bearer' },
      { from: '192.0.2.2', entrance: 'bearer' },
    ]);
    now += 59 * second;
    guess(1);
    expect(warnings).toHaveLength(2);
    now += 61 * second;
    guess(1);
    expect(warnings).toHaveLength(3);
    const before = pauses.length;
    guess(4);
    expect(pauses).toHaveLength(before);
  });

  it('counts the addresses of one IPv6 network as one host, and others apart', () => {
    guess(1, '2001:db8:1:2::1');
    guess(1, '2001:db8:1:2:ffff:1:2:3');
    guess(1, '::1');
    guess(1, '::1');
    guess(1, '2001:db8::5');
    guess(1, '2001:db8:0:0:1::');
    guess(1, '::ffff:192.0.2.1');
    guess(1, '::ffff:192.0.2.2');
    expect(warnings).toHaveLength(5);
  });

  it('keeps no more answers waiting than it has places for', async () => {
    guess(5 + 256);
    expect(pauses).toHaveLength(256);
    await limit.wrong('192.0.2.1', 'bearer');
    pauses[0]?.end();
    await new Promise((resolve) => setImmediate(resolve));
    guess(2);
    expect(pauses).toHaveLength(257);
  });
});
