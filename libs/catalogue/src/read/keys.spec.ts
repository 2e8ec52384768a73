import fc from 'fast-check';
import { fileDraft, START, testNode, type TestNode } from '../../testing/nodes.js';
import type { KeyQuery } from './keys.js';

/** As files come along from another network: a file and a folder may have one name. */
const FILES = [
  ...['a', 'a/b', 'a/b/c', 'a/b/d', 'a/é', 'a.txt', 'a-1', 'ab', 'ab/c', 'b', 'b/1', 'b/2/x', 'b/2/y', 'b/20', 'c b/ä'],
  ...['ü/a', '\u{10000}', '\uffee', 'z%_', 'z/%', 'zz/zz/zz'],
];
const FOLDERS = ['empty', 'a/empty', 'a!', 'b/2', 'b/2/deep/er', 'zz', '\uffee/x'];
const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
const KEYS = [...FILES, ...FOLDERS.map((path) => `${path}/`)].sort(byBytes);

/** The same by looking at all keys. */
function expected({ prefix, within, delimiter = '', after, limit }: KeyQuery): { names: string[]; more: boolean } {
  const isBehind = (key: string): boolean =>
    after === undefined || (byBytes(key, after.key) > 0 && !(after.whole && key.startsWith(after.key)));
  const names = KEYS.filter((key) => key.startsWith(prefix) && key.startsWith(within) && isBehind(key)).map((key) => {
    const at = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
    return at < 0 ? key : key.slice(0, at + delimiter.length);
  });
  const all = [...new Set(names)];
  return { names: all.slice(0, limit), more: all.length > limit };
}

describe('keys', () => {
  let node: TestNode;
  beforeAll(async () => {
    node = await testNode();
    await node.write(...FOLDERS.map((path) => ({ kind: 'folder', path }) as const));
    await node.write(...FILES.map((path, n) => fileDraft(path, n, { imported: START })), fileDraft('gone', 1));
    await node.write({ kind: 'deletion', path: 'gone' }, { kind: 'folder', path: 'made' });
    await node.write({ kind: 'deletion', path: 'made' });
  });
  afterAll(() => node[Symbol.asyncDispose]());

  const read = async (query: KeyQuery) => {
    const { items, more } = await node.catalogue.folders.keys(query);
    return { names: items.map((item) => ('key' in item ? item.key : item.prefix)), more };
  };

  it('are files and folder records in the order of their bytes, as one level or as all, from anywhere on', async () => {
    const text = fc.constantFrom(
      '',
      'a',
      'a/',
      'a/b',
      'b',
      'b/',
      'b/2',
      'b/2/',
      'c',
      'z',
      'zz/',
      'ü',
      'nothing/',
      '\uffee',
    );
    const query = fc.record({
      prefix: text,
      within: fc.constantFrom('', 'a/', 'b/', 'b/2/', 'none/'),
      delimiter: fc.constantFrom('', '/', 'b', 'z/', '%', 'é'),
      after: fc.option(fc.record({ key: fc.constantFrom(...KEYS, 'a/b/', 'm'), whole: fc.boolean() }), {
        nil: undefined,
      }),
      limit: fc.integer({ min: 1, max: 8 }),
    });
    await fc.assert(
      fc.asyncProperty(query, async ({ after, ...asked }) => {
        const of = { ...asked, ...(after && { after }) };
        expect(await read(of)).toEqual(expected(of));
      }),
      { numRuns: 300 },
    );
  });

  it('tell what each is', async () => {
    const { items } = await node.catalogue.folders.keys({ prefix: 'b/2', within: '', limit: 10 });
    expect(items).toMatchObject([
      { key: 'b/2/', entry: { path: 'b/2', size: 0 } },
      { key: 'b/2/deep/er/' },
      { key: 'b/2/x', entry: { path: 'b/2/x', deleted: false } },
      { key: 'b/2/y' },
      { key: 'b/20' },
    ]);
  });

  it('are passed over within the index where a delimiter makes one of them', async () => {
    const asked: [string, readonly unknown[]][] = [];
    const { readKeys } = await import('./keys.js');
    const reader = {
      query: <R>(sql: string, params: readonly never[] = []): Promise<R[]> => {
        asked.push([sql, params]);
        return node.db.query<R>(sql, params);
      },
    };
    await readKeys(reader, { prefix: 'a', within: '', delimiter: '/', limit: 5 });
    expect(asked.length).toBeGreaterThan(1);
    for (const [sql, params] of asked) {
      const plan = await node.db.query<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`, params as never[]);
      for (const { detail } of plan) expect(detail).not.toMatch(/^SCAN (catalogue_\w+|f|t)\b/);
    }
  });
});
