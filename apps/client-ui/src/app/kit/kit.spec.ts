import { folderOf, nameOf, visibleName } from './words/names.js';
import { counted, formatBytes, formatCount, formatRate } from './words/sizes.js';
import { formatAgo, formatDate, formatDuration, formatUptime } from './words/times.js';

describe('sizes', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1 kB'],
    [1234, '1.23 kB'],
    [12_345, '12.3 kB'],
    [999_499, '999 kB'],
    [999_500, '1 MB'],
    [5e15, '5 PB'],
    [5e18, '5000 PB'],
    [-1, '0 B'],
  ])('%d bytes are %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));

  it('counts', () => {
    expect(counted(1, 'file')).toBe('1 file');
    expect(counted(0, 'file')).toBe('0 files');
    expect(counted(1200, 'match')).toBe('1,200 matches');
    expect(formatCount(1234567)).toBe('1,234,567');
    expect(formatRate(1500)).toBe('1.5 kB/s');
  });
});

describe('times', () => {
  const now = Date.parse('2026-11-22T12:00:00Z');
  const before = (seconds: number) => new Date(now - seconds * 1000).toISOString();

  it.each([
    [-5, 'just now'],
    [3, 'just now'],
    [42, '42 s ago'],
    [61, '1 min ago'],
    [7199, '1 h ago'],
    [30 * 3600, 'yesterday'],
    [10 * 86400, '12 Nov'],
    [400 * 86400, '18 Oct 2025'],
  ])('%d seconds ago is %s', (seconds, text) => expect(formatAgo(before(seconds), now)).toBe(text));

  it('says nothing of a time it cannot read', () => {
    expect(formatAgo('soon', now)).toBe('–');
    expect(formatDate('soon')).toBe('–');
  });

  it.each([
    [0, '0 s'],
    [59.9, '59 s'],
    [60, '1 min'],
    [3599, '59 min'],
    [3661.9, '1 h 1 min'],
    [86_399, '23 h 59 min'],
    [86_400, '1 d 0 h'],
    [86_400 * 3 + 7200, '3 d 2 h'],
    [-4, '0 s'],
  ])('an uptime of %d s is %s', (seconds, text) => expect(formatUptime(seconds)).toBe(text));

  it.each([
    [4, '4 s'],
    [89, '1 min'],
    [3599, '1 h'],
    [86400, '24 h'],
    [7500, '2 h 5 min'],
    [86400 * 7, '7 days'],
  ])('%d s take %s', (seconds, text) => expect(formatDuration(seconds)).toBe(text));
});

describe('names', () => {
  it('makes characters that deceive visible, and leaves those that emoji and scripts need', () => {
    expect(visibleName('photo\u202Egpj.exe')).toBe('photo□gpj.exe');
    expect(visibleName('a\u0000b\nc\u200Bd\uFEFF')).toBe('a□b□c□d□');
    expect(visibleName('soft\u00ADhyphen, line\u2028break, filler\u3164, tag\u{E0041}')).toBe(
      'soft□hyphen, line□break, filler□, tag□',
    );
    expect(visibleName('می\u200Cخواهم ❤️ 🏴\u{E0067}\u{E0062}\u{E007F}')).toBe(
      'می\u200Cخواهم ❤️ 🏴\u{E0067}\u{E0062}\u{E007F}',
    );
    expect(visibleName('👩‍👩‍👧‍👦 תמונה')).toBe('👩‍👩‍👧‍👦 תמונה');
  });

  it('takes paths apart', () => {
    expect([nameOf('a/b/c.txt'), folderOf('a/b/c.txt')]).toEqual(['c.txt', 'a/b/']);
    expect([nameOf('c.txt'), folderOf('c.txt')]).toEqual(['c.txt', '']);
  });
});
