import { minute, VirtualTime } from '@dfs/runtime';
import { isBeneath, Locks, type Change, type Holder, type Lock } from './locks.js';

let time: VirtualTime;
let locks: Locks;
beforeEach(() => {
  time = new VirtualTime();
  locks = new Locks(time);
});

const take = (path: string, more: Partial<Lock> = {}): Lock =>
  locks.take({ path, isDeep: false, scope: 'exclusive', owner: '', key: 'k', time: minute, ...more });
const holder = (...taken: Lock[]): Holder => ({ key: 'k', tokens: new Set(taken.map(({ token }) => token)) });
const change = (path: string, more: Partial<Change> = {}): Change => ({
  path,
  isDeep: false,
  changesFolder: false,
  ...more,
});
const LOCKED = expect.objectContaining({ code: 'locked', status: 423 });

describe('a lock', () => {
  it('lets its holder change what it holds, and nobody else', () => {
    const lock = take('a/b');
    expect(() => locks.begin([change('a/b')], holder())).toThrow(LOCKED);
    expect(() => locks.begin([change('a/b')], { ...holder(lock), key: 'other' })).toThrow(LOCKED);
    locks.begin([change('a/b')], holder(lock))();
    locks.begin([change('a/c'), change('a')], holder())();
  });

  it('on a folder holds its members as such, and what is in them only where it is deep', () => {
    const flat = take('a');
    expect(() => locks.begin([change('a/b', { changesFolder: true })], holder())).toThrow(LOCKED);
    locks.begin([change('a/b')], holder())();
    locks.release('a', flat.token, 'k');
    const deep = take('a', { isDeep: true });
    expect(() => locks.begin([change('a/b/c')], holder())).toThrow(LOCKED);
    locks.begin([change('a/b/c', { changesFolder: true })], holder(deep))();
    locks.begin([change('ab')], holder())();
  });

  it('is in the way of what takes all beneath a folder', () => {
    const lock = take('a/b/c');
    expect(() => locks.begin([change('a', { isDeep: true })], holder())).toThrow(LOCKED);
    expect(() => locks.begin([change('', { isDeep: true })], holder())).toThrow(LOCKED);
    locks.begin([change('a', { isDeep: true })], holder(lock))();
    expect(() => take('a', { isDeep: true })).toThrow(LOCKED);
    take('a');
  });

  it('that is shared goes with others that are, and with none that is exclusive', () => {
    const [one, other] = [take('a', { scope: 'shared' }), take('a', { scope: 'shared', key: 'other' })];
    expect(() => take('a')).toThrow(LOCKED);
    expect(() => locks.begin([change('a')], holder())).toThrow(LOCKED);
    locks.begin([change('a')], holder(one))();
    expect(() => locks.begin([change('a')], holder(other))).toThrow(LOCKED);
    expect(locks.covering('a')).toHaveLength(2);
  });

  it('ends when its time is over, and holds on when it is refreshed', () => {
    const lock = take('a');
    time.advance(minute - 1);
    expect(locks.timeLeft(lock)).toBe(1);
    locks.refresh('a', holder(lock), 2 * minute);
    time.advance(2 * minute - 1);
    expect(locks.covering('a')).toEqual([lock]);
    time.advance(1);
    expect(locks.covering('a')).toEqual([]);
    expect(() => locks.refresh('a', holder(lock), minute)).toThrow(
      expect.objectContaining({ code: 'precondition-failed' }),
    );
    take('a');
  });

  it('is ended by its holder, or the owner of the node, at an address that it holds', () => {
    const lock = take('a', { isDeep: true });
    expect(() => locks.release('b', lock.token, 'k')).toThrow(expect.objectContaining({ code: 'conflict' }));
    expect(() => locks.release('a', 'urn:uuid:none', 'k')).toThrow(expect.objectContaining({ code: 'conflict' }));
    expect(() => locks.release('a', lock.token, 'other')).toThrow(expect.objectContaining({ code: 'forbidden' }));
    expect(() => locks.refresh('a', { ...holder(lock), key: 'other' }, 1)).toThrow(
      expect.objectContaining({ code: 'forbidden' }),
    );
    locks.release('a/b', lock.token, 'k');
    const again = take('a');
    locks.release('a', again.token, null);
    expect(locks.covering('a')).toEqual([]);
  });

  it('is not granted over a change that is under way', () => {
    const end = locks.begin([change('a/b', { changesFolder: true })], holder());
    for (const path of ['a/b', 'a']) expect(() => take(path)).toThrow(LOCKED);
    expect(() => take('', { isDeep: true })).toThrow(LOCKED);
    take('a/c');
    end();
    take('a/b');
    locks.begin([change('d', { isDeep: true })], holder());
    expect(() => take('d/e')).toThrow(LOCKED);
  });

  it('goes with what it held', () => {
    take('a/b');
    take('a', { key: 'other' });
    take('ab');
    locks.dropBeneath('a');
    expect([...locks.covering('a/b'), ...locks.covering('ab')]).toMatchObject([{ path: 'ab' }]);
  });

  it('is one of so many at most', () => {
    for (let at = 0; at < 1000; at++) take(`a/${at}`);
    expect(() => take('b')).toThrow(expect.objectContaining({ code: 'too-many-requests' }));
    take('b', { key: 'other' });
    time.advance(minute);
    take('b');
    expect(() => take('c', { owner: 'x'.repeat(3000) })).toThrow(
      expect.objectContaining({ code: 'payload-too-large' }),
    );
  });

  it('beneath a folder lies what has its path before a slash', () => {
    expect([isBeneath('a/b', 'a'), isBeneath('a', 'a'), isBeneath('ab', 'a'), isBeneath('x', '')]).toEqual([
      true,
      true,
      false,
      true,
    ]);
  });
});
