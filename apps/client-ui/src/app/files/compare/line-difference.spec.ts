import { foldEqual, pairLines } from './line-difference.js';

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => `line ${from + n}`);
const shown = (before: string, after: string) =>
  pairLines(before, after)?.map(({ equal, before: left, after: right }) => [
    equal ? '=' : '≠',
    left && `${left.number} ${left.text}`,
    right && `${right.number} ${right.text}`,
  ]);

describe('two texts', () => {
  it('stand line beside line, what was changed beside what it was changed to', () => {
    expect(shown('a\nb\nc\nd\n', 'a\nB\nC\nx\nd\ne')).toEqual([
      ['=', '1 a', '1 a'],
      ['≠', '2 b', '2 B'],
      ['≠', '3 c', '3 C'],
      ['≠', null, '4 x'],
      ['=', '4 d', '5 d'],
      ['≠', null, '6 e'],
    ]);
  });

  it('are equal where only the breaks of their lines differ', () => {
    expect(shown('a\r\nb\r\n', 'a\nb')).toEqual([
      ['=', '1 a', '1 a'],
      ['=', '2 b', '2 b'],
    ]);
    expect(shown('', '')).toEqual([]);
    expect(shown('', 'a')).toEqual([['≠', null, '1 a']]);
  });

  it('that are too unlike are not compared', () => {
    const other = numbers(1, 3000).map((line) => `other ${line}`);
    expect(pairLines(numbers(1, 3000).join('\n'), other.join('\n'))).toBeNull();
  });

  it('are folded where they are equal, but for a few lines around each difference', () => {
    const before = numbers(1, 100);
    const after = before.with(50, 'another');
    const runs = foldEqual(pairLines(before.join('\n'), after.join('\n')) ?? []);
    expect(runs.map(({ folded, pairs }) => [folded, pairs.length])).toEqual([
      [true, 47],
      [false, 7],
      [true, 46],
    ]);
    // To hide two lines behind a button makes nothing shorter.
    const close = before.with(0, 'another').with(9, 'another');
    const all = foldEqual(pairLines(before.slice(0, 10).join('\n'), close.slice(0, 10).join('\n')) ?? []);
    expect(all.every(({ folded }) => !folded)).toBe(true);
  });
});
