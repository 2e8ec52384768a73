import { localNode, pieces, writtenElsewhere, type LocalNode } from '../testing/local-node.suite.js';

let node: LocalNode;
beforeEach(async () => (node = await localNode()));
afterEach(() => node.remove());

const put = async (path: string, text = path) =>
  (await node.files.upload({ path, body: pieces(Buffer.from(text)) })).file;
async function fill(paths: readonly string[]): Promise<void> {
  async function* parts() {
    for (const path of paths) yield { path, body: pieces(Buffer.from(path.slice(-1))) };
  }
  for (const result of await node.files.uploadMany(parts())) if ('error' in result) throw result.error;
}
const paths = async (prefix = ''): Promise<string[]> =>
  (await node.files.list({ prefix, limit: 1000 })).items.map(({ path }) => path);
const numbered = (folder: string, count: number) => Array.from({ length: count }, (_, n) => `${folder}/${n}`);

describe('a file or folder over another one', () => {
  it('goes there as one act, which deletes what was there', async () => {
    await fill(['a/x', 'a/in/y', 'b/x', 'b/z', 'file']);
    const { answer } = await node.files.folders.replace('copy', 'a', 'b');
    expect([answer.files, await paths('b/')]).toEqual([4, ['b/in/y', 'b/x']]);
    const act = Buffer.from(answer.act!, 'hex');
    await node.files.folders.restore('b', { act }, { preview: false, confirm: false });
    expect(await paths('b/')).toEqual(['b/x', 'b/z']);
    await node.files.folders.replace('move', 'file', 'b');
    expect(await paths()).toEqual(['a/in/y', 'a/x', 'b']);
    await node.files.folders.replace('move', 'a', 'b');
    expect(await paths()).toEqual(['b/in/y', 'b/x']);
  });

  it('does not where one lies in the other, is not there, or most files would go', async () => {
    await fill(numbered('many', 150));
    await fill(['a/x', 'b/y']);
    for (const [from, to, code] of [
      ['a', 'a/x', 'validation-failed'],
      ['a/x', 'a', 'validation-failed'],
      ['a', 'none', 'not-found'],
      ['none', 'a', 'not-found'],
      ['a', 'many', 'mass-deletion'],
    ] as const) {
      await expect(node.files.folders.replace('move', from, to)).rejects.toMatchObject({ code });
    }
    expect(await paths()).toHaveLength(152);
  });

  it('of files alone makes a version of the one that is there', async () => {
    const [{ id }, to] = [await put('from', 'new'), await put('to', 'old')];
    const { id: copied, version } = await node.files.putOver('copy', id, 'to');
    expect([copied === to.id, version === to.version, await paths()]).toEqual([true, false, ['from', 'to']]);
    await node.files.putOver('move', id, 'to');
    expect(await paths()).toEqual(['to']);
    const { items } = await node.files.versions(to.id, { limit: 9 });
    expect(items.map(({ kind }) => kind)).toEqual(['file', 'file']);
    await expect(node.files.putOver('move', to.id, 'to')).rejects.toMatchObject({ code: 'path-exists' });
    await expect(node.files.putOver('copy', to.id, 'none')).rejects.toMatchObject({ code: 'file-not-found' });
    await writtenElsewhere(node, 'to');
    const other = await put('other');
    await expect(node.files.putOver('move', to.id, 'other')).rejects.toMatchObject({ code: 'conflict' });
    await expect(node.files.putOver('copy', other.id, 'to')).resolves.toMatchObject({ path: 'to', conflict: true });
  });
});

describe('the attributes of a file', () => {
  it('are changed with its bytes left alone', async () => {
    const { id, contentId } = await put('a');
    const entry = await node.files.changeAttributes(id, (before) => ({ ...before, mtime: 5, meta: { colour: 'red' } }));
    expect(entry).toMatchObject({ contentId, attributes: { mtime: 5, meta: { colour: 'red' } } });
    await node.files.changeAttributes(id, ({ meta: _gone, ...rest }) => ({ ...rest, meta: {} }));
    expect((await node.files.get(id)).meta).toBeUndefined();
    const want = { ifMatch: ['v:other'] };
    await expect(node.files.changeAttributes(id, (before) => before, want)).rejects.toMatchObject({
      code: 'precondition-failed',
    });
    await node.files.remove(id);
    await expect(node.files.changeAttributes(id, (before) => before)).rejects.toMatchObject({ code: 'file-not-found' });
  });
});
