import { hour } from '@dfs/runtime';
import { content, fileDraft, recordOf, START, testNode, testSigner, type TestNode } from '../../testing/nodes.js';

const other = testSigner(1);
let node: TestNode;
beforeEach(async () => (node = await testNode({ members: [other] })));
afterEach(() => node[Symbol.asyncDispose]());

const code = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (error: { code: string }) => error.code,
  );
const paths = async (): Promise<string[]> => (await node.catalogue.list({ limit: 99 })).items.map(({ path }) => path);
const idOf = async (path: string): Promise<string> => (await node.catalogue.byPath(path))!.fileId;
const remove = (path: string): Promise<unknown> => node.write({ kind: 'deletion', path, replaces: 'all' });

describe('a path is a file or a folder', () => {
  it.each([
    ['a file in a folder that is a file', ['x'], 'x/inside'],
    ['a file deep in one', ['x'], 'x/a/b/c'],
    ['a file that is a folder', ['x/inside'], 'x'],
    ['a file that is a folder of folders', ['x/a/b'], 'x'],
  ])('refuses to make %s, and stores nothing', async (_what, there, path) => {
    for (const before of there) await node.write(fileDraft(before, 1));
    expect(await code(node.write(fileDraft(path, 2)))).toBe('path-taken');
    expect(await code(node.catalogue.refuseTaken(path))).toBe('path-taken');
    expect(await paths()).toEqual(there);
  });

  it.each(['x-1', 'x.txt', 'x0', 'X', 'xy/z', 'y'])('lets a file x stand beside %s', async (path) => {
    await node.write(fileDraft('x', 1));
    expect(await code(node.write(fileDraft(path, 2)))).toBe('done');
  });

  it('lets an empty folder be filled, and no folder be made in a file', async () => {
    await node.write({ kind: 'folder', path: 'x' });
    expect(await code(node.write(fileDraft('x/inside', 1)))).toBe('done');
    await node.write(fileDraft('y', 1), { kind: 'folder', path: 'z/empty' });
    expect(await code(node.write({ kind: 'folder', path: 'y/in' }))).toBe('path-taken');
    expect(await code(node.write(fileDraft('z', 1)))).toBe('path-taken');
  });

  it('looks at what one act makes and deletes', async () => {
    expect(await code(node.write(fileDraft('x', 1), fileDraft('x/inside', 2)))).toBe('path-taken');
    expect(await code(node.write(fileDraft('x/inside', 1), fileDraft('x', 2)))).toBe('path-taken');
    expect(await paths()).toEqual([]);
    await node.write(fileDraft('x', 1));
    await node.db.write(async (tx) => node.catalogue.move(tx, await idOf('x'), 'x/inside'));
    expect(await paths()).toEqual(['x/inside']);
    await node.db.write(async (tx) => node.catalogue.move(tx, await idOf('x/inside'), 'x'));
    expect(await paths()).toEqual(['x']);
  });

  it('refuses moving, restoring and adopting to where it cannot be', async () => {
    await node.write(fileDraft('x', 1), fileDraft('y', 2));
    const gone = await idOf('x');
    await remove('x');
    await node.write(fileDraft('x/inside', 3));
    expect(await code(node.db.write((tx) => node.catalogue.restore(tx, gone)))).toBe('path-taken');
    const moved = await idOf('y');
    expect(await code(node.db.write((tx) => node.catalogue.move(tx, moved, 'x')))).toBe('path-taken');
    expect(await code(node.db.write((tx) => node.catalogue.move(tx, moved, 'x/inside/y')))).toBe('path-taken');
    const future = recordOf(other, { path: 'y/in', content: content(9), clock: { ms: START + 90 * hour, counter: 0 } });
    await node.catalogue.receive([future], other.peerId);
    expect(await code(node.db.write((tx) => node.catalogue.adopt(tx, future.id)))).toBe('path-taken');
    expect(await paths()).toEqual(['x/inside', 'y']);
  });

  it('shows both where a partition made both; writing, deleting, restoring and moving away work for either', async () => {
    await node.write(fileDraft('x', 1));
    await node.catalogue.receive([recordOf(other, { path: 'x/inside', content: content(2) })], other.peerId);
    expect(await paths()).toEqual(['x', 'x/inside']);
    for (const path of ['x', 'x/inside']) {
      expect(await code(node.write(fileDraft(path, 5)))).toBe('done');
      const id = await idOf(path);
      const { version } = (await node.catalogue.versions(id, { limit: 9 })).items.at(-1)!;
      expect(await code(node.db.write((tx) => node.catalogue.restore(tx, id, version)))).toBe('done');
    }
    await node.db.write(async (tx) => node.catalogue.move(tx, await idOf('x/inside'), 'away'));
    await node.catalogue.receive(
      [recordOf(other, { path: 'x/more', content: content(3), clock: { ms: START, counter: 9 } })],
      other.peerId,
    );
    await remove('x');
    expect(await paths()).toEqual(['away', 'x/more']);
  });

  it('takes in what comes along from another network', async () => {
    await node.write(fileDraft('x', 1));
    expect(await code(node.write(fileDraft('x/inside', 2, { imported: START - hour })))).toBe('done');
    expect(await paths()).toEqual(['x', 'x/inside']);
  });
});
