import fc from 'fast-check';
import type { VersionInfo } from '@dfs/contracts';
import { fileIdOf, MAX_PARENTS, type RecordKind, type SignedRecord } from '@dfs/protocol';
import { isDfsError } from '@dfs/runtime';
import {
  content,
  fileDraft,
  NETWORK,
  recordOf,
  START,
  testNode,
  testSigner,
  type TestNode,
} from '../../testing/nodes.js';
import { readLastFile } from './history.js';
import type { Draft } from '../ports.js';

const authors = [1, 2, 3].map(testSigner);
const from = authors[0]!.peerId;
const A = fileIdOf(NETWORK, 'a');
type Made = SignedRecord & { id: string; parents: string[]; author: string; clock: { ms: number; counter: number } };

/** Records of one path, each replacing some of those before it; clocks near each other, so that they tie. */
const history = fc
  .array(
    fc.record({
      author: fc.nat(authors.length - 1),
      kind: fc.constantFrom<RecordKind>('file', 'file', 'deletion'),
      content: fc.nat(3),
      ms: fc.nat(4),
      parents: fc.array(fc.nat(30), { maxLength: 3 }),
      imported: fc.boolean(),
    }),
    { minLength: 1, maxLength: 12 },
  )
  .map((steps) => {
    const made: Made[] = [];
    for (const { author, kind, content: n, ms, parents, imported } of steps) {
      const isFile = kind === 'file';
      const fields = {
        kind,
        path: 'a',
        content: isFile ? content(n) : null,
        size: isFile ? 1000 + n : 0,
        mediaType: isFile ? 'text/plain' : '',
        clock: { ms: START + ms, counter: made.length % 2 },
        parents: [...new Set(parents.flatMap((p) => made[p % Math.max(1, made.length)]?.id ?? []))],
        imported,
      };
      const record = recordOf(authors[author]!, fields);
      if (made.some(({ id }) => id === record.id)) continue;
      made.push({ ...record, parents: fields.parents, author: authors[author]!.peerId, clock: fields.clock });
    }
    return made;
  });

async function pages(node: TestNode, limit: number): Promise<VersionInfo[]> {
  const all: VersionInfo[] = [];
  for (let cursor: string | null | undefined; cursor !== null;) {
    const page = await node.catalogue.versions(A, { limit, ...(cursor === undefined ? {} : { cursor }) });
    expect(page.items.length).toBeLessThanOrEqual(limit);
    all.push(...page.items);
    expect(page.total).toBeGreaterThanOrEqual(all.length);
    cursor = page.nextCursor;
  }
  return all;
}

function newestFirst(a: Made, b: Made): number {
  const text = (x: string, y: string): number => (x < y ? 1 : x > y ? -1 : 0);
  return b.clock.ms - a.clock.ms || b.clock.counter - a.clock.counter || text(a.author, b.author) || text(a.id, b.id);
}

describe('the history of a path', () => {
  it('has every record once, newest first, in pages of any size, and marks heads and what is shown', async () => {
    await using node = await testNode({ signer: testSigner(9), members: authors });
    await fc.assert(
      fc.asyncProperty(history, fc.integer({ min: 1, max: 5 }), async (records, limit) => {
        await node.db.write((tx) => node.catalogue.forget(tx));
        await node.catalogue.receive(records, from);
        const told = await pages(node, limit);
        expect(told.map(({ version }) => version)).toEqual([...records].sort(newestFirst).map(({ id }) => id));
        const replaced = new Set(records.flatMap(({ parents }) => parents));
        const heads = records.filter(({ id }) => !replaced.has(id)).map(({ id }) => id);
        expect(
          told
            .filter(({ head }) => head)
            .map(({ version }) => version)
            .sort(),
        ).toEqual(heads.sort());
        const entry = await node.catalogue.get(A);
        expect(told.filter(({ shown }) => shown).map(({ version }) => version)).toEqual([entry?.recordId]);
        for (const info of told) expect(await node.catalogue.version(A, info.version)).toEqual(info);
      }),
      { numRuns: 60 },
    );
  });

  it('has one head and no conflict once all heads are replaced, by a file or a deletion', async () => {
    await using node = await testNode({ signer: testSigner(9), members: authors });
    await fc.assert(
      fc.asyncProperty(history, fc.nat(3), fc.boolean(), async (records, n, deletes) => {
        await node.db.write((tx) => node.catalogue.forget(tx));
        await node.catalogue.receive(records, from);
        const before = await node.catalogue.get(A);
        if (deletes && before?.deleted) return;
        await node.write(
          deletes
            ? { kind: 'deletion', path: 'a', replaces: 'all' }
            : fileDraft('a', n, { replaces: 'all', from: 'a' }),
        );
        const heads = (await pages(node, 1000)).filter(({ head }) => head);
        expect(heads).toHaveLength(1);
        expect(await node.catalogue.get(A)).toMatchObject({ conflict: false, deleted: deletes });
      }),
      { numRuns: 60 },
    );
  });

  it('says what a version says of itself, imported and moved ones too', async () => {
    await using node = await testNode({ members: authors });
    const imported = recordOf(authors[0]!, { imported: true, clock: { ms: START - 5, counter: 0 } });
    await node.catalogue.receive([imported], from);
    const [moved] = await node.write(fileDraft('b', 1, { from: 'a' }), {
      kind: 'deletion',
      path: 'a',
      replaces: 'all',
    });
    const { items, total } = await node.catalogue.versions(A, { limit: 10 });
    expect(total).toBe(2);
    expect(items).toMatchObject([
      { kind: 'deletion', contentId: null, size: 0, mediaType: '', head: true, shown: true, from: null },
      { kind: 'file', contentId: content(1), size: 1001, head: false, shown: false, imported: true, author: from },
    ]);
    expect(items[1]?.writtenAt).toBe(new Date(START - 5).toISOString());
    const b = await node.catalogue.versions(moved!.entry.fileId, { limit: 10 });
    expect(b.items).toMatchObject([{ path: 'b', from: 'a', imported: false }]);
  });

  it('knows what was deleted, also where the record that was deleted has not come', async () => {
    await using node = await testNode({ members: authors });
    const [first, second] = [1, 2].map((n) =>
      recordOf(authors[0]!, { content: content(n), size: 1000 + n, clock: { ms: START - 10 + n, counter: 0 } }),
    ) as [SignedRecord & { id: string }, SignedRecord & { id: string }];
    const deletion = recordOf(authors[0]!, {
      kind: 'deletion',
      content: null,
      size: 0,
      mediaType: '',
      parents: [first.id],
      clock: { ms: START, counter: 0 },
    });
    await node.catalogue.receive([deletion], from);
    expect(await readLastFile(node.db, A)).toBeUndefined();
    await node.catalogue.receive([second], from);
    expect(await readLastFile(node.db, A)).toMatchObject({ contentId: content(2) });
    await node.write({ kind: 'deletion', path: 'a', replaces: 'all' });
    expect(await readLastFile(node.db, A)).toMatchObject({ contentId: content(2) });
    await using other = await testNode({ signer: testSigner(8), members: authors });
    await other.catalogue.receive([deletion, first], from);
    expect(await readLastFile(other.db, A)).toEqual({
      contentId: content(1),
      size: 1001,
      mediaType: 'text/plain',
      attributes: {},
    });
  });

  it('is of its path alone, and its cursors too', async () => {
    await using node = await testNode();
    for (const n of [1, 2, 3]) await node.write(fileDraft('a', n), fileDraft('b', n));
    const b = fileIdOf(NETWORK, 'b');
    const { nextCursor, items } = await node.catalogue.versions(A, { limit: 1 });
    const cursor = nextCursor as string;
    expect((await node.catalogue.versions(A, { limit: 5, cursor })).items).toHaveLength(2);
    const failure: unknown = await node.catalogue.versions(b, { limit: 1, cursor }).catch((error: unknown) => error);
    expect(isDfsError(failure, 'invalid-cursor')).toBe(true);
    expect(await node.catalogue.version(b, items[0]!.version)).toBeUndefined();
    expect(await node.catalogue.versions('no file id', { limit: 1 })).toEqual({
      items: [],
      nextCursor: null,
      total: 0,
    });
  });

  it.each<[string, Draft]>([
    ['a file', fileDraft('a', 7, { replaces: 'all' })],
    ['a deletion', { kind: 'deletion', path: 'a', replaces: 'all' }],
  ])('ends with one head by %s, also where there are more than a record may replace', async (_what, draft) => {
    await using node = await testNode({ members: authors });
    const heads = Array.from({ length: 2 * MAX_PARENTS + 5 }, (_, n) =>
      recordOf(authors[0]!, { content: content(n), size: 1000 + n, clock: { ms: START - 1000 + n, counter: 0 } }),
    );
    await node.catalogue.receive(heads, from);
    const headsNow = async (): Promise<number> => (await pages(node, 1000)).filter(({ head }) => head).length;
    expect(await headsNow()).toBe(heads.length);
    const [commit] = await node.write(draft);
    expect(await headsNow()).toBe(1);
    expect(await node.catalogue.get(A)).toEqual(commit!.entry);
    expect(commit!.entry).toMatchObject({ conflict: false, deleted: draft.kind === 'deletion' });
  });
});
