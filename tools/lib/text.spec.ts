import { figure, markdownTable, size, table } from './text.mjs';

describe('figures', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1024, '1 KiB'],
    [1_572_864, '1.5 MiB'],
    [1024 ** 3, '1 GiB'],
    [123.4 * 1024 ** 2, '123 MiB'],
  ])('says %d bytes', (bytes, words) => expect(size(bytes)).toBe(words));

  it.each([
    [0, '0'],
    [0.4217, '0.422'],
    [12.34, '12.3'],
    [1719.6, '1,720'],
    [5, '5'],
  ])('rounds %d', (value, words) => expect(figure(value)).toBe(words));
});

describe('tables', () => {
  it('are in line in a terminal', () => {
    expect(table(['a', 'bb'], [['long', 'x']])).toBe('a     bb\n────  ──\nlong  x');
  });

  it('are Markdown in a document', () => {
    expect(markdownTable(['a', 'b'], [['x|y', 'z']])).toBe('| a | b |\n| --- | --- |\n| x\\|y | z |');
  });
});
