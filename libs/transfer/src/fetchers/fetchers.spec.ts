import { cidOf, MAX_FETCHERS } from '@dfs/protocol';
import { Fetchers } from './fetchers.js';
import { BITS_PER_ASKER } from './fetchers.js';

const content = cidOf(Buffer.from('content'));
const chunk = cidOf(Buffer.from('chunk'));

describe('gatherings', () => {
  it('name those who ask, and who did, but never the asker, and no more than allowed', () => {
    const gatherings = new Fetchers();
    const leave = gatherings.enter(content, 0, 'a');
    gatherings.enter(content, 0, 'b');
    gatherings.enter(content, 1, 'c');
    expect(gatherings.fetchers(content, 0, 'a')).toEqual(['b']);
    leave();
    leave();
    expect(gatherings.fetchers(content, 0, 'b')).toEqual(['a']);
    for (let n = 0; n < 2 * MAX_FETCHERS; n++) gatherings.enter(content, 0, `peer ${n}`);
    expect(gatherings.fetchers(content, 0, 'b')).toHaveLength(MAX_FETCHERS);
  });

  it('bound what one asker may keep open', () => {
    const gatherings = new Fetchers();
    const leaves = Array.from({ length: BITS_PER_ASKER }, (_, extent) => gatherings.enter(content, extent, 'a'));
    expect(() => gatherings.enter(content, 99, 'a')).toThrow(/as many fetches/);
    leaves[0]!();
    gatherings.enter(content, 99, 'a');
    gatherings.enter(content, 99, 'b');
  });

  it('tell of news, and wait no longer than asked', async () => {
    const gatherings = new Fetchers();
    const control = new AbortController();
    const heard = gatherings.news(content, 0, 60_000, control.signal);
    gatherings.enter(content, 0, 'a');
    await heard;
    await gatherings.news(content, 0, 1, control.signal);
    const waiting = gatherings.news(content, 0, 60_000, control.signal);
    control.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
  });

  it('give what is being fetched here, as long as it is', async () => {
    const gatherings = new Fetchers();
    const bytes = Buffer.from('chunk');
    const end = gatherings.begin(content, 0, {
      chunks: () => [chunk],
      has: (id) => id === chunk,
      read: async () => bytes,
    });
    expect(gatherings.has(chunk)).toBe(true);
    expect(await gatherings.read(chunk)).toBe(bytes);
    expect(gatherings.has(content)).toBe(false);
    end();
    expect(gatherings.has(chunk)).toBe(false);
    expect(gatherings.own(content, 0)).toEqual([]);
  });
});
