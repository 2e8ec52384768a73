import { cidToBytes, EMPTY_CONTENT, type Cid } from '@dfs/protocol';
import { localNode, pieces, writtenElsewhere, type LocalNode } from '../testing/local-node.suite.js';

const UNKNOWN_VERSION = '0'.repeat(64);

let node: LocalNode;
beforeEach(async () => (node = await localNode()));
afterEach(() => node.remove());

const put = async (path: string, value: string) =>
  (await node.files.upload({ path, body: pieces(Buffer.from(value)), mediaType: 'text/plain' })).file;
const notePurged = (content: Cid): Promise<unknown> =>
  node.db.write((tx) => tx.insertMany('catalogue_purged', ['content'], [[cidToBytes(content)]]));

describe('void versions', () => {
  it('are listed with the name of their author, which may be asked for', async () => {
    const version = await writtenElsewhere(node, 'a', { clock: { ms: 1000, counter: 0 } });
    await node.removeOther();
    const { items, total, nextCursor } = await node.files.voidVersions({ limit: 10, author: node.other.peerId });
    expect([items.length, total, nextCursor]).toEqual([1, 1, null]);
    expect(items[0]).toMatchObject({
      ...{ version, path: 'a', kind: 'file', size: 3 * 1024 * 1024, mediaType: 'text/plain', purged: false },
      ...{
        author: node.other.peerId,
        authorName: 'the other',
        modifiedAt: '1970-01-01T00:00:01.000Z',
        reason: 'removed',
        adoptedAs: null,
      },
    });
    await expect(node.files.voidVersions({ limit: 1, author: 'nobody' })).rejects.toMatchObject({
      errors: [{ field: 'author' }],
    });
  });

  it('are adopted for good once this node, or enough others, keep the bytes; until then they are on their way', async () => {
    const here = await put('here', 'the same bytes');
    const same = await writtenElsewhere(node, 'same', { content: here.contentId, size: here.size });
    const far = await writtenElsewhere(node, 'far');
    const copied = await writtenElsewhere(node, 'copied');
    const empty = await writtenElsewhere(node, 'empty', { content: EMPTY_CONTENT, size: 0 });
    const gone = await writtenElsewhere(node, 'here', { kind: 'deletion', content: null, size: 0, mediaType: '' });
    await node.removeOther();
    expect(await node.files.adopt(same)).toMatchObject({
      kept: true,
      file: { path: 'same', contentId: here.contentId },
    });
    expect(await node.files.adopt(far)).toMatchObject({ kept: false, file: { path: 'far', deleted: false } });
    expect(await node.files.adopt(empty)).toMatchObject({ kept: true, file: { size: 0 } });
    // A deletion that had not seen the file: both stand, and nothing waits for bytes.
    expect(await node.files.adopt(gone)).toMatchObject({ kept: true, file: { deleted: false, conflict: true } });
    node.placement.copies = 3;
    expect(await node.files.adopt(copied)).toMatchObject({ kept: true, file: { path: 'copied' } });
  });

  it('are not adopted once their bytes are purged, unless somebody has them; what is not void never is', async () => {
    const version = await writtenElsewhere(node, 'a');
    await node.removeOther();
    const { contentId } = (await node.files.voidVersions({ limit: 1 })).items[0]!;
    await notePurged(contentId as Cid);
    expect((await node.files.voidVersions({ limit: 1 })).items[0]!.purged).toBe(true);
    await expect(node.files.adopt(version)).rejects.toMatchObject({ code: 'purged', status: 410 });
    expect(await node.catalogue.byPath('a')).toBeUndefined();
    node.placement.pinned.add(contentId as Cid);
    expect(await node.files.adopt(version)).toMatchObject({ kept: true, file: { path: 'a', contentId } });
    const mine = await put('b', 'mine');
    for (const other of [UNKNOWN_VERSION, mine.version]) {
      await expect(node.files.adopt(other)).rejects.toMatchObject({ code: 'not-found', status: 404 });
    }
  });
});
