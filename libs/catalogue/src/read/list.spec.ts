import type { FileSort } from '@dfs/contracts';
import type { Reader, SqlValue } from '@dfs/database';
import { cidToBytes } from '@dfs/protocol';
import { isDfsError } from '@dfs/runtime';
import { seededRandom } from '@dfs/testing';
import { content, fileDraft, recordOf, START, testNode, testSigner, type TestNode } from '../../testing/nodes.js';
import type { Entry, ListQuery } from '../ports.js';
import { listPage, listPages } from './list.js';

async function all(node: TestNode, query: Omit<ListQuery, 'limit'>, limit: number): Promise<Entry[]> {
  const items: Entry[] = [];
  for (let cursor: string | null | undefined; cursor !== null;) {
    const page = await node.catalogue.list({ ...query, limit, ...(cursor === undefined ? {} : { cursor }) });
    expect(page.items.length).toBeLessThanOrEqual(limit);
    items.push(...page.items);
    cursor = page.nextCursor;
  }
  return items;
}

/** As it comes along from another network, where files and folders may have one name. */
const anyDraft = (path: string, n: number) => fileDraft(path, n, { imported: START });
const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
const ORDER: Record<FileSort, (a: Entry, b: Entry) => number> = {
  path: (a, b) => byBytes(a.path, b.path),
  '-path': (a, b) => byBytes(b.path, a.path),
  size: (a, b) => a.size - b.size || byBytes(a.path, b.path),
  '-size': (a, b) => b.size - a.size || byBytes(b.path, a.path),
  modifiedAt: (a, b) => a.modifiedAt - b.modifiedAt || byBytes(a.path, b.path),
  '-modifiedAt': (a, b) => b.modifiedAt - a.modifiedAt || byBytes(b.path, a.path),
};

describe('listing', () => {
  it('gives each of 20,000 files once and in order, by every sort, while others come and go', async () => {
    await using node = await testNode();
    const random = seededRandom(7);
    for (let batch = 0; batch < 4; batch++) {
      node.clock.advance(random.int(0, 2));
      await node.write(
        ...Array.from({ length: 5000 }, (_, n) => {
          const folder = random.pick(['photos', 'Über', 'music/old', '数据']);
          return fileDraft(`${folder}/${batch}-${n}`, random.int(0, 40));
        }),
      );
    }
    let extra = 0;
    for (const sort of Object.keys(ORDER) as FileSort[]) {
      const seen: Entry[] = [];
      for (let cursor: string | null | undefined; cursor !== null;) {
        const page = await node.catalogue.list({ sort, limit: 1000, ...(cursor === undefined ? {} : { cursor }) });
        seen.push(...page.items);
        cursor = page.nextCursor;
        await node.write(fileDraft(`extra/${extra++}`, random.int(0, 60)), fileDraft(`zz/${extra}`, 1));
        if (extra % 3 === 0) await node.write({ kind: 'deletion', path: `extra/${extra - 1}` });
      }
      const old = seen.filter((entry) => !/^(extra|zz)\//.test(entry.path));
      expect(old).toHaveLength(20_000);
      expect(new Set(old.map((entry) => entry.path)).size).toBe(20_000);
      expect(seen).toEqual([...seen].sort(ORDER[sort]));
    }
  });

  it('finds by prefix and by part of the path in whatever case, and counts them', async () => {
    await using node = await testNode();
    const paths = [
      'Straße/Plan.pdf',
      'strasse/plan.txt',
      'strass',
      'ΟΔΟΣ/β',
      'a%b_c',
      'a',
      'a/b',
      'ab',
      'á/b',
      '\u{10ffff}x',
    ];
    await node.write(...paths.map(anyDraft), fileDraft('gone', 1));
    await node.write({ kind: 'deletion', path: 'gone' });
    const found = async (query: Omit<ListQuery, 'limit'>): Promise<string[]> => {
      const entries = await all(node, query, 2);
      const { total } = await node.catalogue.list({ ...query, limit: 1 });
      expect(total).toBe(entries.length);
      return entries.map((entry) => entry.path).sort(byBytes);
    };
    expect(await found({})).toHaveLength(10);
    expect(await found({ q: 'PLAN' })).toEqual(['Straße/Plan.pdf', 'strasse/plan.txt']);
    expect(await found({ q: 'strasse' })).toEqual(['Straße/Plan.pdf', 'strasse/plan.txt']);
    expect(await found({ q: 'οδος' })).toEqual(['ΟΔΟΣ/β']);
    expect(await found({ q: '%' })).toEqual(['a%b_c']);
    expect(await found({ prefix: 'a' })).toEqual(['a', 'a%b_c', 'a/b', 'ab']);
    expect(await found({ prefix: 'a/' })).toEqual(['a/b']);
    expect(await found({ prefix: 'a\u0301' })).toEqual(['á/b']);
    expect(await found({ prefix: '\u{10ffff}' })).toEqual(['\u{10ffff}x']);
    expect(await found({ prefix: 'str', q: 'TXT' })).toEqual(['strasse/plan.txt']);
    expect(await found({ q: 'nowhere' })).toEqual([]);
    expect(await found({ state: 'deleted' })).toEqual(['gone']);
    expect(await found({ state: 'deleted', prefix: 'x' })).toEqual([]);
  });

  it('begins at any row, from either end, and goes on by a cursor', async () => {
    await using node = await testNode();
    await node.write(...Array.from({ length: 90 }, (_, n) => fileDraft(`${n % 3}/${n}`, n % 7)));
    await node.write(...Array.from({ length: 20 }, (_, n) => ({ kind: 'deletion', path: `0/${3 * n}` }) as const));
    for (const query of [{}, { prefix: '1/' }, { q: '/1' }, { state: 'deleted' }] as const) {
      for (const sort of Object.keys(ORDER) as FileSort[]) {
        const expected = (await all(node, { ...query, sort }, 1000)).map((entry) => entry.path);
        for (const offset of [0, 1, 7, 13, expected.length - 1, expected.length, 1000]) {
          const page = await node.catalogue.list({ ...query, sort, offset, limit: 5 });
          expect(page.items.map((entry) => entry.path)).toEqual(expected.slice(offset, offset + 5));
          expect(page.total).toBe(expected.length);
          if (page.nextCursor === null) continue;
          const next = await node.catalogue.list({ ...query, sort, limit: 5, cursor: page.nextCursor });
          expect(next.items.map((entry) => entry.path)).toEqual(expected.slice(offset + 5, offset + 10));
        }
      }
    }
  });

  it('counts matches of a search up to a bound, and lists all of them', async () => {
    await using node = await testNode();
    const mediaType = 'text/plain';
    await node.write(...Array.from({ length: 90 }, (_, n) => fileDraft(`${n % 3}/${n}`, n % 7, { mediaType })));
    for (const query of [
      { q: '/' },
      { type: 'text' },
      { q: '/', prefix: '1/' },
      { q: '/7' },
      { prefix: '1/' },
    ] as const) {
      for (const sort of Object.keys(ORDER) as FileSort[]) {
        const expected = (await all(node, { ...query, sort }, 1000)).map((entry) => entry.path);
        const list = (page: Pick<ListQuery, 'cursor' | 'offset'>) =>
          listPage(node.db, { ...query, sort, limit: 10, ...page }, { few: 8, counted: 40 });
        const found: string[] = [];
        for (let cursor: string | null | undefined; cursor !== null;) {
          const page = await list(cursor === undefined ? {} : { cursor });
          found.push(...page.items.map((entry) => entry.path));
          expect([page.total, page.totalIsAtLeast]).toEqual(
            expected.length > 40 ? [40, true] : [expected.length, undefined],
          );
          cursor = page.nextCursor;
        }
        expect(found).toEqual(expected);
        for (const offset of [0, 5, 40, 75, 85, 1000]) {
          const page = await list({ offset });
          expect(page.items.map((entry) => entry.path)).toEqual(expected.slice(offset, offset + 10));
          if (expected.length > 40) {
            expect([page.total, page.totalIsAtLeast]).toEqual(
              offset === 85 ? [90, undefined] : offset === 40 ? [51, true] : offset === 75 ? [86, true] : [40, true],
            );
          }
        }
      }
    }
  });

  it('gives all that match, page after page, and counts them once', async () => {
    await using node = await testNode();
    const mediaType = 'text/plain';
    await node.write(...Array.from({ length: 90 }, (_, n) => fileDraft(`${n % 3}/${n}`, n % 7, { mediaType })));
    await node.write(...Array.from({ length: 20 }, (_, n) => ({ kind: 'deletion', path: `0/${3 * n}` }) as const));
    const bounds = { few: 8, counted: 40, pageRows: 7 };
    for (const query of [
      {},
      { q: '/' },
      { q: '/7' },
      { type: 'text' },
      { prefix: '1/' },
      { path: '1/1' },
      { state: 'deleted' },
      { q: 'none' },
    ] as const) {
      for (const sort of Object.keys(ORDER) as FileSort[]) {
        let counted = 0;
        const reader: Reader = {
          query: (sql, params) => {
            if (/\bcount\b/.test(sql)) counted++;
            return node.db.query(sql, params);
          },
        };
        const found: string[] = [];
        const totals = new Set<number>();
        for await (const page of listPages(reader, { ...query, sort }, bounds)) {
          found.push(...page.items.map(({ path }) => path));
          totals.add(page.total);
        }
        const expected = (await all(node, { ...query, sort }, 1000)).map(({ path }) => path);
        expect(found).toEqual(expected);
        expect([...totals]).toEqual(
          expected.length === 0
            ? []
            : ['q' in query || 'type' in query ? Math.min(40, expected.length) : expected.length],
        );
        expect(counted).toBeLessThanOrEqual(2);
      }
    }
  });

  it('of many matches of a search looks no file at twice to count them', async () => {
    await using node = await testNode();
    await node.write(...Array.from({ length: 60 }, (_, n) => fileDraft(`${n < 40 ? 'x' : 'y'}/${n}`, n)));
    const asked: [string, readonly SqlValue[]][] = [];
    const reader: Reader = {
      query: (sql, params = []) => {
        if (sql.includes('count(*)')) asked.push([sql, params]);
        return node.db.query(sql, params);
      },
    };
    const { total } = await listPage(reader, { q: 'y/', limit: 5 }, { few: 8, counted: 40 });
    expect(total).toBe(20);
    expect(asked).toHaveLength(2);
    // The second begins behind the last of those that the first has found.
    const [first, second] = asked as [[string, readonly SqlValue[]], [string, readonly SqlValue[]]];
    const [few] = await node.db.query<{ last: string }>(...first);
    expect(second[1]).toContain(few!.last);
    const [rest] = await node.db.query<{ count: number }>(...second);
    expect(rest!.count).toBe(11);
  });

  it('finds files of a media type, or of all that begin so', async () => {
    await using node = await testNode();
    const types = ['image/png', 'image/jpeg', 'imagex/png', 'text/plain; charset=utf-8', 'text/plainer', 'text/plain'];
    await node.write(...types.flatMap((mediaType, n) => [1, 2].map((m) => fileDraft(`${m}/${n}`, n, { mediaType }))));
    for (const [type, expected] of [
      ['image', ['1/0', '1/1', '2/0', '2/1']],
      ['image/png', ['1/0', '2/0']],
      ['text/plain', ['1/3', '1/5', '2/3', '2/5']],
      ['video', []],
    ] as const) {
      for (const sort of Object.keys(ORDER) as FileSort[]) {
        const found = (await all(node, { type, sort }, 1)).map(({ path }) => path);
        expect(found.sort(byBytes)).toEqual(expected);
        const page = await node.catalogue.list({ type, sort, offset: 1, limit: 2 });
        expect([page.items.length, page.total]).toEqual([
          Math.min(2, Math.max(0, expected.length - 1)),
          expected.length,
        ]);
      }
    }
    const inFolder = await node.catalogue.list({ type: 'image', prefix: '2/', q: '1', limit: 10 });
    expect(inFolder.items.map(({ path }) => path)).toEqual(['2/1']);
    await expect(node.catalogue.level({ type: 'image', limit: 1 })).rejects.toMatchObject({
      code: 'validation-failed',
    });
  });

  it('finds just one path, in whatever form of Unicode', async () => {
    await using node = await testNode();
    await node.write(...['a', 'a/b', 'A', 'gr\u00fcn', 'gr\u00fcn/b', '100%'].map(anyDraft));
    await node.write({ kind: 'deletion', path: 'A' });
    const found = async (query: Omit<ListQuery, 'limit'>) => {
      const { items, total, nextCursor } = await node.catalogue.list({ limit: 1, ...query });
      expect([items.length, nextCursor]).toEqual([total, null]);
      return items.map(({ path }) => path);
    };
    expect(await found({ path: 'a' })).toEqual(['a']);
    expect(await found({ path: 'gru\u0308n', sort: '-size' })).toEqual(['gr\u00fcn']);
    expect(await found({ path: '100%' })).toEqual(['100%']);
    expect(await found({ path: 'a%' })).toEqual([]);
    expect(await found({ path: 'A' })).toEqual([]);
    expect(await found({ path: 'A', state: 'deleted' })).toEqual(['A']);
    expect(await found({ path: 'a', prefix: 'b' })).toEqual([]);
    expect(await found({ path: '' })).toEqual([]);
  });

  it('shows conflicts, whatever their state', async () => {
    const other = testSigner(1);
    await using node = await testNode({ members: [other] });
    await node.write(fileDraft('a', 1), fileDraft('b', 1));
    await node.catalogue.receive([recordOf(other, { path: 'a', content: content(5) })], other.peerId);
    expect((await all(node, { state: 'conflict' }, 10)).map((entry) => entry.path)).toEqual(['a']);
    expect((await node.catalogue.list({ state: 'conflict', limit: 1 })).total).toBe(1);
    await node.write({ kind: 'deletion', path: 'a' });
    expect((await node.catalogue.list({ state: 'conflict', limit: 1 })).total).toBe(0);
  });

  it('takes no cursor but its own, for the same query', async () => {
    await using node = await testNode();
    await node.write(...Array.from({ length: 5 }, (_, n) => fileDraft(`f/${n}`, n)));
    const { nextCursor } = await node.catalogue.list({ limit: 2, prefix: 'f' });
    const cursor = nextCursor as string;
    expect((await node.catalogue.list({ limit: 4, prefix: 'f', cursor })).items).toHaveLength(3);
    const flipped = Buffer.from(cursor, 'base64url');
    flipped[flipped.length - 1]! ^= 1;
    const wrong: ListQuery[] = [
      { limit: 2, prefix: 'f', cursor: flipped.toString('base64url') },
      { limit: 2, prefix: 'f', cursor: `${cursor}A` },
      { limit: 2, prefix: 'f', cursor: `${cursor} ` },
      { limit: 2, prefix: 'f', cursor: '' },
      { limit: 2, prefix: 'f', cursor: 'x'.repeat(5000) },
      { limit: 2, prefix: 'f/', cursor },
      { limit: 2, prefix: 'f', sort: '-path', cursor },
      { limit: 2, prefix: 'f', q: 'x', cursor },
      { limit: 2, prefix: 'f', state: 'deleted', cursor },
    ];
    for (const query of wrong) {
      const failure: unknown = await node.catalogue.list(query).catch((error: unknown) => error);
      expect(isDfsError(failure, 'invalid-cursor')).toBe(true);
    }
  });

  it('names the contents of all heads once, shown or not, in order', async () => {
    const other = testSigner(1);
    await using node = await testNode({ members: [other] });
    await node.write(fileDraft('a', 1), fileDraft('b', 1), fileDraft('c', 2), fileDraft('old', 3));
    await node.write(fileDraft('old', 4));
    await node.catalogue.receive(
      [recordOf(other, { path: 'a', content: content(5), clock: { ms: START - 9, counter: 0 } })],
      other.peerId,
    );
    const found = [];
    for (let after: string | null = null; ;) {
      const page = await node.catalogue.contents(after, 2);
      found.push(...page);
      if (page.length < 2) break;
      after = page.at(-1)!.contentId;
    }
    expect(new Set(found.map((each) => each.contentId))).toEqual(new Set([1, 2, 4, 5].map(content)));
    expect(found).toHaveLength(4);
    expect(found.find((each) => each.contentId === content(5))).toMatchObject({ author: other.peerId, size: 1001 });
  });

  it('names the contents of all versions that count once, replaced and deleted ones too, in order', async () => {
    const [other, stranger] = [testSigner(1), testSigner(2)];
    await using node = await testNode({ members: [other] });
    await node.write(fileDraft('a', 1), fileDraft('b', 1), fileDraft('c', 2), fileDraft('old', 3));
    await node.write(fileDraft('old', 4), { kind: 'deletion', path: 'c' });
    await node.write(fileDraft('old', 1));
    const clock = { ms: START - 9, counter: 0 };
    await node.catalogue.receive([recordOf(other, { path: 'a', content: content(5), clock })], other.peerId);
    await node.catalogue.receive([recordOf(stranger, { path: 'a', content: content(6), clock })], other.peerId);
    const found = [];
    for (let after: string | null = null; ;) {
      const page = await node.catalogue.everyContent(after, 2);
      found.push(...page);
      if (page.length === 0) break;
      expect(page.length).toBeLessThanOrEqual(2);
      after = page.at(-1)!.contentId;
    }
    expect(found.map((each) => each.contentId)).toEqual(
      [1, 2, 3, 4, 5].map(content).sort((x, y) => Buffer.compare(cidToBytes(x), cidToBytes(y))),
    );
    expect(found.find((each) => each.contentId === content(3))).toMatchObject({ author: node.signer.peerId });
  });

  it('knows of any contents whether a record names them, counting or not, or a file that comes along', async () => {
    const [other, stranger] = [testSigner(1), testSigner(2)];
    await using node = await testNode({ members: [other] });
    await node.write(fileDraft('shown', 1), fileDraft('replaced', 2), fileDraft('deleted', 3));
    await node.write(fileDraft('replaced', 4), { kind: 'deletion', path: 'deleted' });
    const clock = { ms: START - 9, counter: 0 };
    await node.catalogue.receive([recordOf(stranger, { path: 'a', content: content(5), clock })], other.peerId);
    await node.db.write((tx) => node.catalogue.imports.keep(tx));
    await node.db.write((tx) =>
      tx.run(
        "UPDATE catalogue_import SET content = x'" +
          Buffer.from(cidToBytes(content(6))).toString('hex') +
          "' WHERE path = 'shown'",
      ),
    );
    const named = await node.catalogue.named([1, 2, 3, 4, 5, 6, 7].map(content));
    expect(new Set(named.keys())).toEqual(new Set([1, 2, 3, 4, 5, 6].map(content)));
    const { items } = await node.catalogue.list({ limit: 10 });
    const size = items.find(({ path }) => path === 'shown')!.size;
    expect(named.get(content(1))).toBe(size);
  });
});
