import { file } from '../../../testing/fake-node.js';
import { rowsOf, type Row } from './rows.js';
import { Standing } from './standing.js';

const rows = (...names: string[]): Row[] => rowsOf({ folders: [], items: names.map((name) => file(name)) });
const NONE: ReadonlySet<string> = new Set();
const at = (standing: Standing) => [standing.row?.path, standing.place(), standing.isGone];

describe('Standing', () => {
  let standing: Standing;

  beforeEach(() => {
    standing = new Standing();
    const [, b] = rows('a', 'b', 'c');
    standing.stand(1, b ?? null);
  });

  it('goes along with its row, and takes what is new of it', () => {
    expect(standing.follow(rows('x', 'y', 'a', 'b', 'c'), NONE)).toBe(true);
    expect(at(standing)).toEqual(['b', 3, false]);
    expect(standing.follow(rows('x', 'y', 'a', 'b'), NONE)).toBe(false);
    const changed = rowsOf({ folders: [], items: [file('b', { version: 'newer' })] });
    standing.follow(changed, NONE);
    expect(standing.row?.kind === 'file' && standing.row.file.version).toBe('newer');
  });

  it('of a row that is not read now knows where it was, and finds it again', () => {
    const [x] = rows('x');
    expect(standing.follow([x ?? null, null, null], NONE)).toBe(false);
    expect(at(standing)).toEqual(['b', 1, false]);
    // Where pages are read one after the other, another row may be in its place for a moment.
    standing.follow([...rows('x', 'a'), null], NONE);
    expect(at(standing)).toEqual(['b', 1, true]);
    expect(standing.follow(rows('x', 'a', 'b'), NONE)).toBe(true);
    expect(at(standing)).toEqual(['b', 2, false]);
  });

  it('where its row was taken away by others stays with it; by this person, goes on to the next', () => {
    standing.follow(rows('a', 'c'), NONE);
    expect(at(standing)).toEqual(['b', 1, true]);
    standing.stand(1, rows('c')[0] ?? null);
    standing.follow(rows('a', 'd'), new Set(rows('c').map(({ key }) => key)));
    expect(at(standing)).toEqual(['d', 1, false]);
  });

  it('never stands beyond the end, and takes the row of its place once that is here', () => {
    expect(standing.follow(rows('a'), new Set(rows('b').map(({ key }) => key)))).toBe(true);
    expect(at(standing)).toEqual(['a', 0, false]);
    standing.stand(5, null);
    standing.follow(new Array<null>(9).fill(null), NONE);
    expect(at(standing)).toEqual([undefined, 5, false]);
    standing.follow(rows('a', 'b', 'c', 'd', 'e', 'f'), NONE);
    expect(at(standing)).toEqual(['f', 5, false]);
  });

  it('follows nothing before a person stands anywhere, nor once the list begins anew', () => {
    standing.leave();
    expect(standing.follow(rows('x', 'b'), NONE)).toBe(false);
    expect(at(standing)).toEqual([undefined, 0, false]);
  });
});
