import type { FileSort } from '@dfs/contracts';
import { content, fileDraft, testNode, type TestNode } from '../../testing/nodes.js';
import type { ListQuery, OnlyRows } from '../ports.js';
import { CurrentRows } from './current-rows.js';
import { listPage } from './list.js';

const SORTS: FileSort[] = ['path', '-path', 'size', '-size', 'modifiedAt', '-modifiedAt'];
/** More than are looked up one by one. */
const MANY = 5001;

async function nodeWithFiles(): Promise<TestNode> {
  const node = await testNode();
  const paths = Array.from({ length: 60 }, (_, n) => `${['', 'a/', 'a/b/', 'c/'][n % 4]}img ${n}.png`);
  await node.write(
    ...paths.map((path, n) => ({ ...fileDraft(path, n), mediaType: n % 3 ? 'image/png' : 'text/plain' })),
  );
  await node.write(...paths.slice(0, 4).map((path) => ({ kind: 'deletion', path }) as const));
  return node;
}

/** Every third file, and how many a list is to take them for. */
async function everyThird(node: TestNode, count?: number): Promise<{ only: OnlyRows; paths: Set<string> }> {
  const found = (await new CurrentRows(node.db).after(0, 1000)).filter(({ row }) => row % 3 === 0);
  const rows = new Uint8Array(Math.max(...found.map(({ row }) => row)));
  for (const { row } of found) rows[row - 1] = 1;
  return {
    only: { rows, count: count ?? found.length, name: `every third ${count ?? ''}` },
    paths: new Set(found.map(({ path }) => path)),
  };
}

async function walk(node: TestNode, query: Omit<ListQuery, 'limit'>): Promise<{ paths: string[]; total: number }> {
  const paths: string[] = [];
  for (let cursor: string | undefined; ;) {
    const page = await node.catalogue.list({ ...query, limit: 7, ...(cursor === undefined ? {} : { cursor }) });
    paths.push(...page.items.map(({ path }) => path));
    if (page.nextCursor === null) return { paths, total: page.total };
    cursor = page.nextCursor;
  }
}

describe('a list that is narrowed to some rows', () => {
  it('has just these, with every other condition, by every sort, from page to page and from any row', async () => {
    await using node = await nodeWithFiles();
    const conditions: Partial<ListQuery>[] = [
      {},
      { prefix: 'a/' },
      { q: 'IMG 1' },
      { type: 'image' },
      { prefix: 'a/', q: '2', type: 'image/png' },
    ];
    for (const many of [undefined, MANY]) {
      const { only, paths } = await everyThird(node, many);
      for (const sort of SORTS) {
        for (const condition of conditions) {
          const all = (await node.catalogue.list({ ...condition, sort, limit: 1000 })).items.map(({ path }) => path);
          const meant = all.filter((path) => paths.has(path));
          const walked = await walk(node, { ...condition, sort, only });
          expect(walked.paths).toEqual(meant);
          const counted = many === undefined || Object.keys(condition).length > 0;
          if (counted) expect(walked.total).toBe(meant.length);
          if (!counted) continue;
          const page = await node.catalogue.list({ ...condition, sort, only, limit: 2, offset: 1 });
          expect(page.items.map(({ path }) => path)).toEqual(meant.slice(1, 3));
        }
      }
    }
  });

  it('has of one level its own files, and the folders that are meant', async () => {
    await using node = await nodeWithFiles();
    const rows = await new CurrentRows(node.db).after(0, 1000);
    const own = rows.filter(({ path, row }) => /^a\/[^/]*$/.test(path) && row % 2 === 0);
    const mask = new Uint8Array(rows.length + 10);
    for (const { row } of own) mask[row - 1] = 1;
    const only: OnlyRows = { rows: mask, count: own.length, name: 'even', folders: ['a/b/'] };
    for (const sort of SORTS) {
      const first = await node.catalogue.level({ prefix: 'a/', sort, only, limit: 3 });
      expect(first).toMatchObject({ total: own.length, totalFolders: 1, folders: [{ path: 'a/b/', files: 14 }] });
      const rest = await node.catalogue.level({ prefix: 'a/', sort, only, limit: 50, cursor: first.nextCursor! });
      const level = [...first.items, ...rest.items].map(({ path }) => path);
      const all = (await node.catalogue.list({ prefix: 'a/', sort, limit: 100 })).items.map(({ path }) => path);
      expect(level).toEqual(all.filter((path) => own.some((row) => row.path === path)));
      const later = await node.catalogue.level({ prefix: 'a/', sort, only, limit: 2, offset: 2 });
      expect(later.items.map(({ path }) => path)).toEqual(level.slice(1, 3));
    }
    // Nothing of the level is meant but a folder.
    const none: OnlyRows = { rows: new Uint8Array(0), count: 0, name: 'none', folders: ['a/'] };
    expect(await node.catalogue.level({ only: none, limit: 10 })).toMatchObject({
      items: [],
      total: 0,
      nextCursor: null,
    });
  });

  it('refuses the cursor of another narrowing', async () => {
    await using node = await nodeWithFiles();
    const { only } = await everyThird(node);
    const { nextCursor } = await node.catalogue.list({ only, limit: 2 });
    const other = { ...only, name: 'another' };
    await expect(node.catalogue.list({ only: other, limit: 2, cursor: nextCursor! })).rejects.toThrow('cursor');
  });

  it('is read by row numbers where few are meant, and from the index of its order where many are', async () => {
    await using node = await nodeWithFiles();
    const plan = async (only: OnlyRows, sort: FileSort): Promise<string[]> => {
      const steps: string[] = [];
      await listPage(
        {
          query: async (sql, params = []) => {
            const rows = await node.db.query<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`, params);
            steps.push(...rows.map(({ detail }) => detail));
            return node.db.query(sql, params);
          },
        },
        { only, sort, limit: 5 },
      );
      return steps;
    };
    const few = await everyThird(node);
    const many = await everyThird(node, MANY);
    for (const sort of SORTS) {
      expect((await plan(few.only, sort)).join('; ')).toMatch(/SEARCH f USING INTEGER PRIMARY KEY \(rowid=\?\)/);
      expect((await plan(many.only, sort)).join('; ')).toMatch(
        /^SEARCH f USING INDEX catalogue_file_(path|size|modified) \(state=\?\)/,
      );
    }
  });
});

describe('rows of current files', () => {
  it('are gone through by number, and found by their paths and by what they show', async () => {
    await using node = await nodeWithFiles();
    const rows = new CurrentRows(node.db);
    const all = await rows.after(0, 1000);
    expect(all).toHaveLength(56);
    expect(await rows.after(all[9]!.row, 3)).toEqual(all.slice(10, 13));
    expect(await rows.showing([content(10), content(0)])).toEqual(
      all.filter(({ path }) => path.endsWith('img 10.png')),
    );
    const [deleted] = await rows.of([(await node.catalogue.byPath('img 0.png'))!.fileId, 'a'.repeat(26)]);
    expect(deleted).toMatchObject({ path: 'img 0.png', content: null });
    expect(new Set(all.map(({ author }) => author))).toEqual(
      new Set([await rows.authorOf((await node.catalogue.byPath('c/img 7.png'))!.author)]),
    );
  });
});
