import { fakeClock } from '@dfs/testing';
import { Archives } from './archives.js';
import { localNode, pieces, type LocalNode } from '../testing/local-node.suite.js';

describe('an archive', () => {
  let node: LocalNode;
  const clock = fakeClock();
  beforeEach(async () => (node = await localNode({ clock })));
  afterEach(() => node.remove());
  const put = async (path: string, text: string) =>
    (await node.files.upload({ path, body: pieces(Buffer.from(text)) })).file;
  const owner = { key: null };
  const bytesOf = async (source: AsyncIterable<Uint8Array>): Promise<Buffer> => {
    const parts: Buffer[] = [];
    for await (const part of source) parts.push(Buffer.from(part));
    return Buffer.concat(parts);
  };
  const never = new AbortController().signal;

  it('has what the files were when it was made, whatever becomes of them until it is read', async () => {
    const a = await put('photos/2026/a', 'first');
    await put('photos/2026/in/b', 'second');
    await put('photos/c', 'third');
    const { id, bytes, files, fileName } = await node.files.archives.make({ prefix: 'photos/2026/' }, owner);
    expect([files, fileName]).toEqual([2, '2026.zip']);
    await put('photos/2026/a', 'a change that is longer');
    await node.files.remove(a.id);
    const zip = await bytesOf(node.files.archives.take(id, owner, false).read(never));
    expect(zip).toHaveLength(bytes);
    const text = zip.toString('latin1');
    for (const part of ['2026/a', 'first', '2026/in/b', 'second']) expect(text).toContain(part);
    expect(text).not.toContain('photos/');
    expect(node.placement.transfers.list()).toMatchObject([{ kind: 'download', state: 'finished', bytes }]);
  });

  it('is fetched once, within a minute, by the one who had it made', async () => {
    const { id } = await put('a', 'x');
    const make = async () => (await node.files.archives.make({ fileIds: [id] }, owner)).id;
    const gone = { code: 'not-found' };
    const first = await make();
    const take =
      (archive: string, by: { key: string | null; ended?: AbortSignal } = owner, keep = false) =>
      () =>
        node.files.archives.take(archive, by, keep);
    expect(take(first, { key: 'another' })).toThrow(expect.objectContaining(gone));
    expect(take(first, { key: null, ended: never })).toThrow(expect.objectContaining(gone));
    expect(take(first, owner, true)().fileName).toBe('files.zip');
    take(first)();
    expect(take(first)).toThrow(expect.objectContaining(gone));
    const second = await make();
    clock.advance(61_000);
    expect(take(second)).toThrow(expect.objectContaining(gone));
  });

  it('is refused of what is not there', async () => {
    const { id } = await put('a', 'x');
    await node.files.remove(id);
    const make = (of: Parameters<typeof node.files.archives.make>[0]) => node.files.archives.make(of, owner);
    await expect(make({ fileIds: [id] })).rejects.toMatchObject({ code: 'file-not-found' });
    await expect(make({ fileIds: ['a'.repeat(26)] })).rejects.toMatchObject({ code: 'file-not-found' });
    await expect(make({ prefix: 'none/' })).rejects.toMatchObject({ code: 'not-found' });
  });

  it('is refused while too many are being read, however slowly', async () => {
    const { id } = await put('a', 'x');
    const page = await node.catalogue.list({ prefix: '', limit: 1 });
    const items = Array.from({ length: 50_000 }, () => page.items[0]!);
    const archives = new Archives({
      ...node.components,
      catalogue: {
        ...node.catalogue,
        listPages: async function* () {
          yield { items, total: items.length };
        },
      } as never,
    });
    const reads: AsyncIterator<Uint8Array>[] = [];
    for (let n = 0; n < 4; n++) {
      const read = archives.take((await archives.make({ prefix: '' }, owner)).id, owner, false).read(never);
      reads.push(read[Symbol.asyncIterator]());
      await reads.at(-1)!.next();
    }
    await expect(archives.make({ prefix: '' }, owner)).rejects.toMatchObject({ code: 'too-many-requests' });
    for (const read of reads) await read.return?.();
    expect((await archives.make({ prefix: '' }, owner)).files).toBe(50_000);
    expect(id).toBe(items[0]!.fileId);
  });

  it('ends where a content cannot be read, and a transfer names it', async () => {
    await put('a', 'x');
    await put('b', 'y');
    const { id } = await node.files.archives.make({ prefix: '' }, owner);
    let read = 0;
    node.placement.beforeChunk = () => {
      if (++read === 2) throw new Error('gone');
    };
    await expect(bytesOf(node.files.archives.take(id, owner, false).read(never))).rejects.toThrow('gone');
    expect(node.placement.transfers.list()).toMatchObject([{ state: 'failed', path: 'b' }]);
  });
});
