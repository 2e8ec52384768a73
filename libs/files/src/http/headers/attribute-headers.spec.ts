import { isDfsError } from '@dfs/runtime';
import { announcedAttributes, attributesOfFields } from './attribute-headers.js';

const of = (headers: Record<string, string | string[]>) =>
  announcedAttributes(Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value].flat()])));
const refused = (work: () => unknown): boolean => {
  try {
    work();
    return false;
  } catch (error) {
    return isDfsError(error, 'validation-failed');
  }
};

describe('attributes in headers', () => {
  it('are taken as they are written', () => {
    expect(of({ 'x-other': 'a' })).toEqual({});
    expect(
      of({
        'x-dfs-mtime': '1763800000123',
        'x-dfs-executable': 'true',
        'x-dfs-meta-colour': 'gr%C3%BCn, %F0%9F%8C%8D',
        'x-dfs-meta-10': '',
      }),
    ).toEqual({ mtime: 1_763_800_000_123, executable: true, meta: { '10': '', colour: 'grün, 🌍' } });
  });

  it.each([
    ['-1', -1],
    ['0', 0],
    ['2026-11-22T12:00:00Z', Date.UTC(2026, 10, 22, 12)],
    ['2026-11-22T12:00:00.123456789+02:00', Date.UTC(2026, 10, 22, 10, 0, 0, 123)],
    ['1901-01-01T00:00Z', Date.UTC(1901, 0, 1)],
  ])('have the time %s', (text, mtime) => {
    expect(of({ 'x-dfs-mtime': text })).toEqual({ mtime });
  });

  it.each<[string, Record<string, string | string[]>]>([
    ['no time', { 'x-dfs-mtime': 'yesterday' }],
    ['nothing', { 'x-dfs-mtime': '' }],
    ['a time without a zone', { 'x-dfs-mtime': '2026-11-22T12:00:00' }],
    ['a day that there is not', { 'x-dfs-mtime': '2026-02-30T12:00:00Z' }],
    ['more digits than a time has', { 'x-dfs-mtime': '9'.repeat(16) }],
    ['a fraction', { 'x-dfs-mtime': '1.5' }],
    ['two times', { 'x-dfs-mtime': ['1', '2'] }],
    ['another word than true or false', { 'x-dfs-executable': 'yes' }],
    ['a name with other characters', { 'x-dfs-meta-a_b': 'a' }],
    ['a name of nothing', { 'x-dfs-meta-': 'a' }],
    ['a long name', { [`x-dfs-meta-${'a'.repeat(65)}`]: 'a' }],
    ['a value that is not encoded', { 'x-dfs-meta-a': 'ü' }],
    ['a value that is not UTF-8', { 'x-dfs-meta-a': '%FC' }],
    ['a value that is cut', { 'x-dfs-meta-a': '%C3%B' }],
    ['a value twice', { 'x-dfs-meta-a': ['a', 'a'] }],
    ['too much', { 'x-dfs-meta-a': 'a'.repeat(2000), 'x-dfs-meta-b': 'b'.repeat(2000) }],
  ])('are refused: %s', (_what, headers) => {
    expect(refused(() => of(headers))).toBe(true);
  });
});

describe('attributes in fields of a form', () => {
  it('are the same', () => {
    expect(attributesOfFields({ mtime: '5', executable: 'false', meta: '{"a":"ü","10":""}' })).toEqual({
      mtime: 5,
      executable: false,
      meta: { '10': '', a: 'ü' },
    });
    expect(attributesOfFields({})).toEqual({});
  });

  it.each(['', '[]', 'null', '{', '{"a":1}', '{"A":"a"}', '{"a":"\\ud800"}'])('are refused: %s', (meta) => {
    expect(refused(() => attributesOfFields({ meta }))).toBe(true);
  });
});
