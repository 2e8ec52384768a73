import fc from 'fast-check';
import type { FileSort } from '@dfs/contracts';
import { fileDraft, testNode, type TestNode } from '../../testing/nodes.js';
import { recount } from '../store/recount.js';
import type { Entry, Level } from '../ports.js';

const SORTS: FileSort[] = ['path', '-path', 'size', '-size', 'modifiedAt', '-modifiedAt'];

/** Everything of a level, by pages of this size. */
async function walk(node: TestNode, prefix: string, sort: FileSort, limit: number): Promise<Omit<Level, 'nextCursor'>> {
  const all: Omit<Level, 'nextCursor'> = { folders: [], items: [], total: 0, totalFolders: 0 };
  let cursor: string | undefined;
  do {
    const page = await node.catalogue.level({ prefix, sort, limit, ...(cursor === undefined ? {} : { cursor }) });
    expect(page.folders.length + page.items.length).toBeLessThanOrEqual(limit);
    if (page.folders.length > 0) expect(all.items).toEqual([]);
    all.folders.push(...page.folders);
    all.items.push(...page.items);
    all.total = page.total;
    all.totalFolders = page.totalFolders;
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return all;
}

/** The same, worked out from the whole list. */
function levelOf(files: readonly Entry[], prefix: string, sort: FileSort) {
  const beneath = files.filter(({ path }) => path.startsWith(prefix));
  const own = beneath.filter(({ path }) => !path.slice(prefix.length).includes('/'));
  const names = new Set(
    beneath
      .filter((file) => !own.includes(file))
      .map(({ path }) => path.slice(0, path.indexOf('/', prefix.length) + 1)),
  );
  const bytewise = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));
  const value = ({ size, modifiedAt }: Entry) =>
    sort.endsWith('size') ? size : sort.endsWith('path') ? 0 : modifiedAt;
  const by = (a: Entry, b: Entry) => value(a) - value(b) || bytewise(a.path, b.path);
  return {
    folders: [...names].sort(bytewise).map((path) => {
      const inside = beneath.filter((file) => file.path.startsWith(path));
      return {
        path,
        files: inside.length,
        bytes: inside.reduce((sum, { size }) => sum + size, 0),
        newest: Math.max(...inside.map(({ modifiedAt }) => modifiedAt)),
      };
    }),
    items: own.sort(sort.startsWith('-') ? (a, b) => by(b, a) : by).map(({ path }) => path),
  };
}

const name = fc.constantFrom('a', 'b', 'B', 'a!', 'a0', 'é', '%', 'a b');
const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));

describe('one level of the tree', () => {
  it('is what the whole list says, by every order and page, whatever came and went', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ path, size: fc.integer({ min: 0, max: 9 }), gone: fc.boolean() }), { maxLength: 30 }),
        fc.integer({ min: 1, max: 7 }),
        async (acts, limit) => {
          await using node = await testNode();
          for (const { path: at, size, gone } of acts) {
            node.clock.advance(7);
            // A file stands in the way of a folder of its name: such acts are refused, and change nothing.
            await node
              .write(gone ? { kind: 'deletion', path: at, replaces: 'all' } : { ...fileDraft(at, size), size })
              .catch(() => undefined);
          }
          const { items: files } = await node.catalogue.list({ limit: 1000 });
          const prefixes = new Set(['', ...files.flatMap((file) => foldersOf(file.path)), 'none/']);
          for (const prefix of prefixes) {
            for (const sort of SORTS) {
              const found = await walk(node, prefix, sort, limit);
              const expected = levelOf(files, prefix, sort);
              expect({ folders: found.folders, items: found.items.map((item) => item.path) }).toEqual(expected);
              expect([found.total, found.totalFolders]).toEqual([expected.items.length, expected.folders.length]);
              const rows = [...expected.folders.map((folder) => folder.path), ...expected.items];
              for (let offset = 0; offset <= rows.length; offset += limit) {
                const page = await node.catalogue.level({ prefix, sort, limit, offset });
                const shown = [...page.folders, ...page.items].map((row) => row.path);
                expect(shown).toEqual(rows.slice(offset, offset + limit));
                expect(page.nextCursor === null).toBe(offset + limit >= rows.length);
              }
            }
          }
          expect((await recount(node.db)).miscounts).toEqual([]);
        },
      ),
      { numRuns: 12 },
    );
  });

  it('of very many files is read from any row on, and goes on by a cursor', async () => {
    await using node = await testNode();
    await node.write(...Array.from({ length: 5100 }, (_, n) => fileDraft(`big/${n}`, n % 900)));
    await node.write(...Array.from({ length: 40 }, (_, n) => fileDraft(`big/${n}x/inside`, n)), fileDraft('bigger', 1));
    for (const sort of SORTS) {
      const all = [];
      for (let offset = 0; offset < 5140; offset += 1000) {
        const { folders, items } = await node.catalogue.level({ prefix: 'big/', sort, limit: 1000, offset });
        all.push(...folders, ...items);
      }
      const walked = await walk(node, 'big/', sort, 1000);
      expect(all.map((row) => row.path)).toEqual([...walked.folders, ...walked.items].map((row) => row.path));
      const typed = { type: 'text/plain', prefix: 'big/', sort, limit: 100 } as const;
      for (const page of [typed, { ...typed, offset: 4000 }]) {
        const { items, total } = await node.catalogue.list(page);
        expect(total).toBe(5140);
        expect(items).toEqual((await node.catalogue.list({ ...page, type: '' })).items);
      }
      const from = await node.catalogue.level({ prefix: 'big/', sort, limit: 10, offset: 35 });
      const next = await node.catalogue.level({ prefix: 'big/', sort, limit: 10, cursor: from.nextCursor! });
      expect([...from.folders, ...from.items, ...next.items].map((row) => row.path)).toEqual(
        all.slice(35, 55).map((row) => row.path),
      );
    }
  });

  it('has the file whose name follows on that of a folder', async () => {
    await using node = await testNode();
    await node.write(fileDraft('a/x', 1), fileDraft('a0', 2), fileDraft('a!', 3));
    for (const sort of SORTS) {
      const { items } = await node.catalogue.level({ limit: 10, sort });
      expect(items.map((item) => item.path).sort()).toEqual(['a!', 'a0']);
    }
  });

  it('shows a folder that a person made, empty, until it is deleted', async () => {
    await using node = await testNode();
    await node.write({ kind: 'folder', path: 'x/empty' }, fileDraft('x/y/file', 1));
    const empty = { path: 'x/empty/', files: 0, bytes: 0, newest: 0 };
    expect((await node.catalogue.level({ prefix: 'x/', limit: 10 })).folders).toEqual([
      empty,
      expect.objectContaining({ path: 'x/y/', files: 1 }),
    ]);
    await node.write({ kind: 'deletion', path: 'x/y/file', replaces: 'all' });
    expect(await node.catalogue.level({ prefix: 'x/', limit: 10 })).toMatchObject({
      folders: [empty],
      totalFolders: 1,
    });
    await node.write({ kind: 'deletion', path: 'x/empty', replaces: 'all' });
    expect(await node.catalogue.level({ limit: 10 })).toMatchObject({ folders: [], totalFolders: 0 });
    expect((await recount(node.db)).miscounts).toEqual([]);
  });

  it('is refused where it makes no sense', async () => {
    await using node = await testNode();
    for (const query of [{ q: 'a' }, { state: 'deleted' as const }, { prefix: 'no-slash' }]) {
      const asked = async () => node.catalogue.level({ limit: 10, ...query });
      await expect(asked()).rejects.toMatchObject({ code: 'validation-failed' });
    }
  });

  it('passes over what lies in folders below without reading it', async () => {
    await using node = await testNode();
    const deep = Array.from({ length: 3000 }, (_, n) => fileDraft(`big/${String(n).padStart(4, '0')}`, n));
    await node.write(...deep, fileDraft('a', 1), fileDraft('z', 2));
    const { items } = await node.catalogue.level({ limit: 10 });
    expect(items.map((item) => item.path)).toEqual(['a', 'z']);
    const { items: down } = await node.catalogue.level({ limit: 10, sort: '-path' });
    expect(down.map((item) => item.path)).toEqual(['z', 'a']);
  });
});

function foldersOf(at: string): string[] {
  return [...at.matchAll(/\//g)].map((match) => at.slice(0, match.index + 1));
}
