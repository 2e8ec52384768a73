import type { FileListState, FileSort } from '@dfs/contracts';
import type { Reader, SqlValue } from '@dfs/database';
import { fileIdOf } from '@dfs/protocol';
import { content, fileDraft, NETWORK, testNode, type TestNode } from '../../testing/nodes.js';
import { listLevel } from './level.js';
import { CurrentRows } from './current-rows.js';
import { readHeads, readKnown, readMovedTo } from './heads.js';
import { listPage } from './list.js';
import type { ListQuery } from '../ports.js';

const SORTS: FileSort[] = ['path', '-path', 'size', '-size', 'modifiedAt', '-modifiedAt'];
const STATES: FileListState[] = ['current', 'deleted'];

/** How SQLite goes about each statement of a page. */
function plans(
  node: TestNode,
  query: ListQuery,
  list: (reader: Reader, query: ListQuery) => Promise<unknown> = listPage,
): Promise<string[]> {
  return plansOf(node, (reader) => list(reader, query));
}

/** How SQLite goes about each statement of some reading. */
async function plansOf(node: TestNode, read: (reader: Reader) => Promise<unknown>): Promise<string[]> {
  const asked: [string, readonly SqlValue[]][] = [];
  const reader: Reader = {
    query: (sql, params = []) => {
      asked.push([sql, params]);
      return node.db.query(sql, params);
    },
  };
  await read(reader);
  const steps: string[] = [];
  for (const [sql, params] of asked) {
    const rows = await node.db.query<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`, params);
    steps.push(...rows.map(({ detail }) => detail));
  }
  return steps;
}

describe('a page of the list', () => {
  it('is read from an index, by every sort, first and further on, and never sorted or counted row by row', async () => {
    await using node = await testNode();
    await node.write(...Array.from({ length: 50 }, (_, n) => fileDraft(`a/${n}`, n)));
    await node.write(...Array.from({ length: 20 }, (_, n) => ({ kind: 'deletion', path: `a/${n}` }) as const));
    for (const state of STATES) {
      for (const sort of SORTS) {
        const { nextCursor } = await node.catalogue.list({ sort, state, limit: 10 });
        for (const cursor of [undefined, nextCursor as string]) {
          const steps = await plans(node, { sort, state, limit: 10, ...(cursor === undefined ? {} : { cursor }) });
          expect(steps.length).toBeGreaterThan(0);
          for (const step of steps)
            expect(step).toMatch(/^SEARCH \w+ USING (COVERING INDEX|INDEX|INTEGER PRIMARY KEY)/);
        }
      }
    }
  });

  it('from some row on is found within an index, by every sort, in the whole and on one level', async () => {
    await using node = await testNode();
    await node.write(...Array.from({ length: 60 }, (_, n) => fileDraft(`${n % 2 ? 'a/' : ''}${n}`, n)));
    for (const sort of SORTS) {
      for (const offset of [0, 10, 55]) {
        for (const step of await plans(node, { sort, offset, limit: 10 })) expect(step).not.toMatch(/^SCAN [af]\b/);
      }
      for (const prefix of ['', 'a/']) {
        const steps = await plans(node, { sort, offset: 5, limit: 10, prefix }, listLevel);
        for (const step of steps) expect(step).not.toMatch(/^SCAN ([af]|catalogue_\w+)\b|^SEARCH f .*\(state=\?\)$/);
      }
    }
  });

  it('of a folder is read and counted within the folder', async () => {
    await using node = await testNode();
    await node.write(...Array.from({ length: 50 }, (_, n) => fileDraft(`${n % 5}/${n}`, n)));
    const steps = await plans(node, { prefix: '3/', limit: 10 });
    for (const step of steps) {
      expect(step).toMatch(
        /^SEARCH (f USING (COVERING )?INDEX catalogue_file_path \(state=\? AND path>\? AND path<\?\)|a USING INTEGER PRIMARY KEY)/,
      );
    }
  });

  it('of a media type is counted and found within its index', async () => {
    await using node = await testNode();
    const mediaType = (n: number) => (n % 10 ? 'text/plain' : 'image/png');
    await node.write(...Array.from({ length: 50 }, (_, n) => fileDraft(`a/${n}`, n, { mediaType: mediaType(n) })));
    for (const sort of SORTS) {
      const steps = await plans(node, { type: 'image', sort, limit: 10 });
      expect(steps.filter((step) => step.includes('catalogue_file_type')).length).toBeGreaterThan(0);
      for (const step of steps) expect(step).not.toMatch(/^SCAN f\b/);
    }
  });

  it('of one path is looked up, by whatever sort', async () => {
    await using node = await testNode();
    await node.write(...Array.from({ length: 50 }, (_, n) => fileDraft(`a/${n}`, n)));
    for (const sort of SORTS) {
      for (const step of await plans(node, { path: 'a/3', sort, limit: 10 })) {
        expect(step).toMatch(/^SEARCH (f USING (COVERING )?INDEX \w+ \(.*path=\?\)|a USING INTEGER PRIMARY KEY)/);
      }
    }
  });

  it('of what a search finds reads paths alone, but for what it has found', async () => {
    await using node = await testNode();
    await node.write(...Array.from({ length: 50 }, (_, n) => fileDraft(`F/${n}`, n)));
    for (const sort of SORTS) {
      const steps = await plans(node, { q: 'f/1', sort, limit: 10 });
      const looks = steps.filter((step) => step.startsWith('SEARCH f') && !step.includes('rowid=?'));
      expect(looks).toHaveLength(1);
      expect(looks[0]).toBe('SEARCH f USING COVERING INDEX catalogue_file_path (state=?)');
      expect((await node.catalogue.list({ q: 'f/1', sort, limit: 100 })).items.map(({ path }) => path).sort()).toEqual(
        ['F/1', ...Array.from({ length: 10 }, (_, n) => `F/1${n}`)].sort(),
      );
    }
    const looks = (await plans(node, { q: 'nothing', sort: 'size', limit: 10 })).filter((step) => step.includes(' f '));
    expect(looks).toHaveLength(1);
  });
});

describe('what is asked for by ids', () => {
  it('is found by them, however many rows there are', async () => {
    await using node = await testNode();
    await node.write(...Array.from({ length: 200 }, (_, n) => fileDraft(`a/${n}`, n)));
    const contents = [content(3), content(4)];
    const at = contents.map((contentId, n) => ({ path: `a/${n + 3}`, contentId }));
    const readings: ((reader: Reader) => Promise<unknown>)[] = [
      (reader) => new CurrentRows(reader).showing(contents),
      (reader) => new CurrentRows(reader).of([fileIdOf(NETWORK, 'a/3')]),
      (reader) => readHeads(reader, NETWORK, ['a/3', 'a/4']),
      (reader) => readKnown(reader, NETWORK, at),
      (reader) => readMovedTo(reader, at),
    ];
    for (const read of readings) {
      const steps = await plansOf(node, read);
      expect(steps.filter((step) => /^SCAN \w+ VIRTUAL TABLE/.test(step)).length).toBeGreaterThan(0);
      for (const step of steps) expect(step).not.toMatch(/^SCAN (?!\w+ VIRTUAL TABLE)|\((state|head|kind)=\?\)/);
    }
  });
});
