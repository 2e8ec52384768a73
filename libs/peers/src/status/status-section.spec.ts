import { shape, type WireValue } from '@dfs/protocol';
import { silentLog, type Unsubscribe } from '@dfs/runtime';
import { StatusSection } from './status-section.js';

/** Members that say what the test says. */
class Heartbeats {
  mine: (() => WireValue) | undefined;
  private readonly listeners = new Set<(peerId: string, value: WireValue) => void>();

  contribute(_section: string, value: () => WireValue): void {
    this.mine = value;
  }

  onStatus(_section: string, fn: (peerId: string, value: WireValue) => void): Unsubscribe {
    this.listeners.add(fn);
    return () => this.listeners.delete(fn);
  }

  say(peerId: string, value: WireValue): void {
    for (const fn of this.listeners) fn(peerId, value);
  }
}

const settled = () => new Promise((resolve) => setImmediate(resolve));
const section = new StatusSection('count', shape.struct({ n: shape.int() }));

describe('a section of the heartbeat', () => {
  it('says what this node has to say, and gives what members say, but nothing malformed', () => {
    const beats = new Heartbeats();
    const warnings: string[] = [];
    let n = 1;
    section.say(beats, () => ({ n }));
    expect(beats.mine?.()).toEqual({ n: 1 });
    n = 2;
    expect(beats.mine?.()).toEqual({ n: 2 });
    const heard: unknown[] = [];
    const log = { ...silentLog, warn: (_: object, text: string) => void warnings.push(text) };
    const off = section.hear(beats, log, (peerId, said) => heard.push([peerId, said.n]));
    beats.say('a', { n: 3 });
    beats.say('b', { n: 'many' });
    off();
    beats.say('a', { n: 4 });
    expect(heard).toEqual([['a', 3]]);
    expect(warnings).toHaveLength(1);
    expect([section.read({ n: 5 }), section.read('nonsense'), section.read(undefined)]).toEqual([
      { n: 5 },
      undefined,
      undefined,
    ]);
  });

  it('is followed one at a time for each member, to the newest, and again after a failure', async () => {
    const beats = new Heartbeats();
    const begun: string[] = [];
    const failures: unknown[] = [];
    let go = Promise.withResolvers<undefined>();
    section.follow(
      beats,
      silentLog,
      async (peerId, { n }) => {
        begun.push(`${peerId}${n}`);
        await go.promise;
      },
      (peerId, error) => failures.push([peerId, (error as Error).message]),
    );
    for (const n of [1, 2, 3]) beats.say('a', { n });
    beats.say('b', { n: 1 });
    await settled();
    expect(begun).toEqual(['a1', 'b1']);
    const next = Promise.withResolvers<undefined>();
    go.resolve(undefined);
    go = next;
    await settled();
    expect(begun).toEqual(['a1', 'b1', 'a3']);
    go.reject(new Error('lost'));
    await settled();
    expect(failures).toEqual([['a', 'lost']]);
    go = Promise.withResolvers();
    beats.say('a', { n: 4 });
    expect(begun).toEqual(['a1', 'b1', 'a3', 'a4']);
  });
});
