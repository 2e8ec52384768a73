import { asFailure, EXIT, refusal } from './failure.js';
import { duration, shown, size, table } from './printer.js';

describe('what a person reads', () => {
  it('has sizes and times in words', () => {
    expect([0, 1023, 1024, 1_572_864, 21 * 1024 ** 3].map(size)).toEqual([
      '0 B',
      '1023 B',
      '1.0 KiB',
      '1.5 MiB',
      '21 GiB',
    ]);
    expect([400, 59_400, 125_000, 7_260_000, 200_000_000].map(duration)).toEqual([
      '0 s',
      '59 s',
      '2 min 5 s',
      '2 h 1 min',
      '2 d 7 h',
    ]);
  });

  it('has columns, and no name that moves the cursor', () => {
    expect(
      table([
        ['a', 'bb'],
        ['ccc', 'd'],
      ]),
    ).toBe('a    bb\nccc  d');
    expect(shown('a\u001b[31mred\u202e.txt\n')).toBe('a\\u001b[31mred\\u202e.txt\\u000a');
  });
});

describe('how a failure ends the program', () => {
  it.each([
    [400, EXIT.failed],
    [401, EXIT.refused],
    [403, EXIT.refused],
    [404, EXIT.notFound],
    [410, EXIT.notFound],
    [409, EXIT.conflict],
    [412, EXIT.conflict],
    [507, EXIT.failed],
  ])('%i ends with %i', (status, exitCode) => {
    expect(refusal({ status, code: 'x', detail: 'What happened.' }, 'a.txt')).toMatchObject({
      message: 'a.txt: What happened.',
      exitCode,
    });
  });

  it('names the file of this machine', () => {
    const error = Object.assign(new Error('ENOENT: no such file'), { code: 'ENOENT', path: '/x/y' });
    expect(asFailure(error).message).toBe('/x/y: there is no such file or directory on this machine.');
  });
});
