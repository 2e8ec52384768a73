import {
  content,
  fileDraft,
  recordOf,
  refusalOf,
  START,
  testNode,
  testSigner,
  type TestNode,
} from '../../testing/nodes.js';
import type { Draft } from '../ports.js';

const other = testSigner(1);

/** A path with a version of this node and a later one of another member, which replaces it. */
async function replacedByOther(node: TestNode): Promise<{ own: string; theirs: string }> {
  const [made] = await node.write(fileDraft('a', 1, { parents: [] }));
  const own = made?.record as string;
  const record = recordOf(other, {
    path: 'a',
    content: content(2),
    parents: [own],
    clock: { ms: START + 10, counter: 0 },
  });
  await node.catalogue.receive([record], other.peerId);
  return { own, theirs: record.id };
}

const headsOf = async (node: TestNode, path: string): Promise<string[]> =>
  ((await node.catalogue.folders.heads([path])).get(path) ?? []).map(({ record }) => record);

describe('a draft that names its parents', () => {
  it('replaces these and no other, also where they are heads no more', async () => {
    await using node = await testNode({ members: [other] });
    const { own, theirs } = await replacedByOther(node);
    node.clock.advance(20);
    const [beside] = await node.write(fileDraft('a', 3, { parents: [own] }));
    expect(await headsOf(node, 'a')).toEqual([beside?.record, theirs]);
    expect(await node.catalogue.byPath('a')).toMatchObject({ conflict: true, contentId: content(3) });
  });

  it('tells its own record where the path shows another', async () => {
    await using node = await testNode({ members: [other] });
    const { theirs } = await replacedByOther(node);
    const [commit] = await node.write(fileDraft('a', 3, { parents: [], imported: START }));
    expect(commit?.entry.recordId).toBe(theirs);
    expect(await headsOf(node, 'a')).toEqual([theirs, commit?.record]);
  });

  it.each<[string, (own: string, theirs: string) => Draft]>([
    ['a record that is no version of the path', () => fileDraft('a', 3, { parents: ['ab'.repeat(32)] })],
    ['a record of another path', (own) => fileDraft('b', 3, { parents: [own] })],
    ['nothing, where something is', () => fileDraft('a', 3, { parents: [] })],
    ['a deletion of what is no head', (own) => ({ kind: 'deletion', path: 'a', parents: [own] })],
    ['a deletion of nothing', () => ({ kind: 'deletion', path: 'a', parents: [] })],
    ['a deletion of some heads', (own, theirs) => ({ kind: 'deletion', path: 'a', parents: [own, theirs] })],
  ])('is refused with all others of its unit: %s', async (_, draft) => {
    await using node = await testNode({ members: [other] });
    const { own, theirs } = await replacedByOther(node);
    const work = node.write(fileDraft('c', 1, { parents: [] }), draft(own, theirs));
    expect(await refusalOf(work)).toBe('precondition-failed');
    expect(await node.catalogue.byPath('c')).toBeUndefined();
    expect(await headsOf(node, 'a')).toEqual([theirs]);
  });

  it('deletes where it names all heads', async () => {
    await using node = await testNode({ members: [other] });
    const { own, theirs } = await replacedByOther(node);
    const [beside] = await node.write(fileDraft('a', 3, { parents: [own] }));
    await node.write({ kind: 'deletion', path: 'a', parents: [theirs, beside?.record as string] });
    expect(await node.catalogue.byPath('a')).toMatchObject({ deleted: true, conflict: false });
    expect(await refusalOf(node.write({ kind: 'deletion', path: 'a', parents: await headsOf(node, 'a') }))).toBe(
      'precondition-failed',
    );
  });

  it('moves, with the deletion at the old path in the same unit', async () => {
    await using node = await testNode();
    const [made] = await node.write(fileDraft('a', 1, { parents: [] }));
    await node.write(fileDraft('b', 1, { parents: [], from: 'a' }), {
      kind: 'deletion',
      path: 'a',
      parents: [made?.record as string],
    });
    expect(await node.catalogue.folders.movedTo([{ path: 'a', contentId: content(1) }])).toEqual(new Map([['a', 'b']]));
    expect(await node.catalogue.folders.movedTo([{ path: 'c', contentId: content(1) }])).toEqual(new Map());
  });
});

describe('heads', () => {
  it('are told of files and folders beneath a folder, page by page, and of deletions where they are asked for', async () => {
    await using node = await testNode({ members: [other] });
    await replacedByOther(node);
    await node.write(fileDraft('d/a', 1), fileDraft('d/b', 2), fileDraft('d/e/c', 3), fileDraft('d0', 4));
    await node.write({ kind: 'deletion', path: 'd/b' }, { kind: 'folder', path: 'd/empty' });
    const page = await node.catalogue.folders.headsBeneath('d', { limit: 2 });
    expect(page.map(({ path, heads }) => [path, heads[0]?.kind])).toEqual([
      ['d/a', 'file'],
      ['d/e/c', 'file'],
    ]);
    const rest = await node.catalogue.folders.headsBeneath('d', { after: 'd/e/c', limit: 2 });
    expect(rest.map(({ path, heads }) => [path, heads[0]?.kind])).toEqual([['d/empty', 'folder']]);
    expect(await node.catalogue.folders.headsBeneath('', { limit: 10 })).toHaveLength(5);
    const heads = await node.catalogue.folders.heads(['d/b', 'never']);
    expect([...heads]).toMatchObject([['d/b', [{ kind: 'deletion', contentId: null, size: 0 }]]]);
  });

  it('and whether a path has or had a content', async () => {
    await using node = await testNode({ members: [other] });
    await replacedByOther(node);
    await node.write(fileDraft('gone', 5));
    await node.write({ kind: 'deletion', path: 'gone' });
    const at = (path: string, n: number) => ({ path, contentId: content(n) });
    expect(
      await node.catalogue.folders.known([
        at('a', 1),
        at('a', 2),
        at('a', 3),
        at('gone', 5),
        at('gone', 1),
        at('no', 1),
      ]),
    ).toEqual([true, true, false, true, false, false]);
  });
});
