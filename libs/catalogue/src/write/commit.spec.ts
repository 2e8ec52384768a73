import type { AnyEvent, ErrorCode } from '@dfs/contracts';
import { EMPTY_CONTENT, fileIdOf, parseRecord } from '@dfs/protocol';
import { hour } from '@dfs/runtime';
import {
  content,
  fileDraft,
  NETWORK,
  recordOf,
  recordsOf,
  refusalOf,
  START,
  testNode,
  testSigner,
  type TestNode,
} from '../../testing/nodes.js';

const other = testSigner(1);

async function eventsOf(node: TestNode): Promise<AnyEvent[]> {
  return (await node.events.since(0, 1000)).items;
}

describe('commit', () => {
  it('makes a file, then a new version of it, and says so', async () => {
    await using node = await testNode();
    const [made] = await node.write(fileDraft('a/b.txt', 1));
    expect(made).toEqual({
      outcome: 'created',
      entry: {
        fileId: fileIdOf(NETWORK, 'a/b.txt'),
        path: 'a/b.txt',
        recordId: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
        contentId: content(1),
        size: 1001,
        mediaType: 'text/plain',
        author: node.signer.peerId,
        createdAt: START,
        modifiedAt: START,
        attributes: {},
        deleted: false,
        conflict: false,
      },
    });
    node.clock.advance(5);
    const [changed] = await node.write(fileDraft('a/b.txt', 2));
    expect(changed).toMatchObject({
      outcome: 'updated',
      entry: { contentId: content(2), createdAt: START, modifiedAt: START + 5 },
    });
    expect(await node.catalogue.byPath('a/b.txt')).toEqual(changed?.entry);
    expect(await node.catalogue.get(fileIdOf(NETWORK, 'a/b.txt'))).toEqual(changed?.entry);
    const types = (await eventsOf(node)).map((event) => event.type);
    expect(types).toEqual(['file.uploaded', 'file.updated']);
  });

  it('writes nothing for what equals the head', async () => {
    await using node = await testNode();
    const [first] = await node.write(fileDraft('a', 1));
    const [again] = await node.write(fileDraft('a', 1, { mediaType: 'text/html' }));
    expect(again).toEqual({ outcome: 'unchanged', entry: first?.entry });
    expect(node.catalogue.records.root().count).toBe(1);
    expect(await eventsOf(node)).toHaveLength(1);
  });

  it('keeps an empty file, and one without a media type', async () => {
    await using node = await testNode();
    const [commit] = await node.write({ kind: 'file', path: 'empty', contentId: EMPTY_CONTENT, size: 0 });
    expect(commit?.entry).toMatchObject({ size: 0, mediaType: 'application/octet-stream' });
    expect(await node.catalogue.contents(null, 10)).toEqual([]);
  });

  it('deletes, says what was deleted, and lets the path live anew', async () => {
    await using node = await testNode();
    await node.write(fileDraft('a', 1));
    node.clock.advance(1000);
    const [gone] = await node.write({ kind: 'deletion', path: 'a' });
    expect(gone).toMatchObject({ outcome: 'deleted', entry: { deleted: true, contentId: content(1), size: 1001 } });
    expect(await node.catalogue.totals()).toEqual({ count: 0, bytes: 0 });
    expect(await node.catalogue.contents(null, 10)).toEqual([]);
    node.clock.advance(1000);
    const [back] = await node.write(fileDraft('a', 2));
    expect(back).toMatchObject({ outcome: 'created', entry: { deleted: false, createdAt: START + 2000 } });
    node.clock.advance(1000);
    const [next] = await node.write(fileDraft('a', 3));
    expect(next?.entry.createdAt).toBe(START + 2000);
    expect((await eventsOf(node)).map((event) => event.type)).toEqual([
      'file.uploaded',
      'file.deleted',
      'file.uploaded',
      'file.updated',
    ]);
  });

  it('tells of a version that was brought back', async () => {
    await using node = await testNode();
    await node.write(fileDraft('a', 1));
    await node.write({ kind: 'deletion', path: 'a' });
    const [back] = await node.write(fileDraft('a', 1, { from: 'a', replaces: 'all' }));
    expect(back?.outcome).toBe('created');
    expect((await eventsOf(node)).at(-1)?.type).toBe('file.restored');
  });

  it('moves by two drafts in one unit', async () => {
    await using node = await testNode();
    await node.write(fileDraft('old', 1), fileDraft('taken', 2));
    expect(await refusalOf(node.write(fileDraft('taken', 1, { from: 'old' })))).toBe('path-exists');
    const moved = await node.write(fileDraft('new', 1, { from: 'old' }), { kind: 'deletion', path: 'old' });
    expect(moved.map((commit) => commit.outcome)).toEqual(['created', 'deleted']);
    expect(await node.catalogue.byPath('new')).toMatchObject({ contentId: content(1), deleted: false });
    expect(await node.catalogue.byPath('old')).toMatchObject({ deleted: true });
  });

  it('lets each draft of a batch see those before it', async () => {
    await using node = await testNode();
    const commits = await node.write(
      fileDraft('a', 1),
      fileDraft('a', 2),
      fileDraft('a', 2),
      { kind: 'deletion', path: 'a' },
      fileDraft('a', 3),
    );
    expect(commits.map((commit) => commit.outcome)).toEqual(['created', 'updated', 'unchanged', 'deleted', 'created']);
    expect(await node.catalogue.byPath('a')).toMatchObject({ contentId: content(3), conflict: false });
    const { items: versions } = await node.catalogue.versions(fileIdOf(NETWORK, 'a'), { limit: 10 });
    expect(versions.map((version) => version.kind)).toEqual(['file', 'deletion', 'file', 'file']);
    expect(versions.map((version) => version.shown)).toEqual([true, false, false, false]);
    expect(versions[1]).toMatchObject({ contentId: null, size: 0, mediaType: '' });
  });

  it('is undone with its unit of work', async () => {
    await using node = await testNode();
    await node.write(fileDraft('a', 1));
    const before = node.catalogue.records.root();
    const heard: unknown[] = [];
    node.catalogue.onChange((changes) => heard.push(changes));
    const undone = node.db.write(async (tx) => {
      await node.catalogue.commit(tx, [fileDraft('b', 1)]);
      await node.catalogue.commit(tx, [fileDraft('a', 2)]);
      throw new Error('after all not');
    });
    await expect(undone).rejects.toThrow('after all not');
    expect(node.catalogue.records.root()).toEqual(before);
    expect(await node.catalogue.byPath('b')).toBeUndefined();
    expect(heard).toEqual([]);
    const [next] = await node.write(fileDraft('c', 1));
    expect(next?.outcome).toBe('created');
    expect(node.catalogue.records.root().count).toBe(2);
  });

  it('counts two commits of one unit once each', async () => {
    await using node = await testNode();
    await node.db.write(async (tx) => {
      await node.catalogue.commit(tx, [fileDraft('a', 1), fileDraft('b', 2)]);
      await node.catalogue.commit(tx, [fileDraft('a', 3), fileDraft('c', 4)]);
    });
    expect(node.catalogue.records.root().count).toBe(4);
    expect(await node.catalogue.totals()).toEqual({ count: 3, bytes: 1003 + 1002 + 1004 });
    await using copy = await testNode({ signer: other, members: [node.signer] });
    await copy.catalogue.receive(await recordsOf(node), node.signer.peerId);
    expect(copy.catalogue.records.root()).toEqual(node.catalogue.records.root());
  });

  it.each<[string, Parameters<TestNode['write']>[0], ErrorCode | 'nothing']>([
    ['a file that must not be there', fileDraft('a', 2, { ifNoneMatch: '*' }), 'precondition-failed'],
    ['a file that must not be there and is not', fileDraft('z', 2, { ifNoneMatch: '*' }), 'nothing'],
    ['another content than the head', fileDraft('a', 2, { ifMatch: [content(9)] }), 'precondition-failed'],
    ['the content of the head', fileDraft('a', 2, { ifMatch: [content(9), content(1)] }), 'nothing'],
    ['any content', fileDraft('a', 2, { ifMatch: '*' }), 'nothing'],
    ['any content of no file', fileDraft('z', 2, { ifMatch: '*' }), 'precondition-failed'],
    ['deletion of another content', { kind: 'deletion', path: 'a', ifMatch: [content(9)] }, 'precondition-failed'],
    ['deletion of just this', { kind: 'deletion', path: 'a', ifMatch: [content(1)] }, 'nothing'],
    ['deletion of what is not there', { kind: 'deletion', path: 'z' }, 'file-not-found'],
    ['a folder where a file is', { kind: 'folder', path: 'a' }, 'path-taken'],
    ['a path that is none', fileDraft('../a', 1), 'invalid-path'],
  ])('decides on %s', async (_name, draft, code) => {
    await using node = await testNode();
    await node.write(fileDraft('a', 1));
    expect(await refusalOf(node.write(draft))).toBe(code);
    if (code !== 'nothing') expect(node.catalogue.records.root().count).toBe(1);
  });

  it('replaces all heads of the same bytes, and leaves the others', async () => {
    await using node = await testNode({ members: [other, testSigner(2)] });
    const heads = [
      recordOf(other, { content: content(1), clock: { ms: START - 2, counter: 0 } }),
      recordOf(testSigner(2), { content: content(1), clock: { ms: START - 1, counter: 0 } }),
      recordOf(other, { content: content(2), clock: { ms: START - 3, counter: 0 } }),
    ];
    await node.catalogue.receive(heads, other.peerId);
    const [commit] = await node.write(fileDraft('a', 5));
    expect(commit).toMatchObject({ outcome: 'updated', entry: { conflict: true } });
    const { items: versions } = await node.catalogue.versions(fileIdOf(NETWORK, 'a'), { limit: 10 });
    expect(versions.filter((version) => version.head).map((version) => version.contentId)).toEqual([5, 2].map(content));
    await node.write(fileDraft('a', 6, { ifMatch: [content(2)] }));
    const { items: after } = await node.catalogue.versions(fileIdOf(NETWORK, 'a'), { limit: 10 });
    expect(after.filter((version) => version.head).map((version) => version.contentId)).toEqual([6, 5].map(content));
    await node.write(fileDraft('a', 5, { replaces: 'all', from: 'a' }));
    expect(await node.catalogue.byPath('a')).toMatchObject({ contentId: content(5), conflict: false });
  });

  it('is refused to a member that may not write', async () => {
    await using node = await testNode({ role: 'storage' });
    expect(await refusalOf(node.write(fileDraft('a', 1)))).toBe('read-only-member');
  });

  it('takes paths in their one form, and twins of case as two', async () => {
    await using node = await testNode();
    await node.write(fileDraft('u\u0308ber', 1));
    expect((await node.write(fileDraft('\u00fcber', 1)))[0]?.outcome).toBe('unchanged');
    await node.write(fileDraft('Readme', 1), fileDraft('README', 2), fileDraft('readme/inner', 3));
    const { items } = await node.catalogue.list({ limit: 10 });
    expect(items.map((item) => item.path)).toEqual(['README', 'Readme', 'readme/inner', '\u00fcber']);
  });

  it('stamps later than all it replaces and all it wrote, whatever the clock says', async () => {
    await using node = await testNode({ members: [other] });
    const ahead = recordOf(other, { clock: { ms: START + 71 * hour, counter: 5 } });
    await node.catalogue.receive([ahead], other.peerId);
    const [first] = await node.write(fileDraft('a', 2));
    expect(first).toMatchObject({ outcome: 'updated', entry: { modifiedAt: START } });
    node.clock.advance(-1000);
    await node.write(fileDraft('b', 1), fileDraft('c', 1));
    const rows = await node.db.query<{ ms: number; counter: number }>(
      'SELECT ms, counter FROM catalogue_record ORDER BY seq',
    );
    expect(rows.map((row) => row.counter)).toEqual([5, 6, 7, 8]);
    expect(new Set(rows.map((row) => row.ms))).toEqual(new Set([START + 71 * hour]));
    node.clock.advance(-100 * hour);
    expect(await refusalOf(node.write(fileDraft('d', 1)))).toBe('clock-skew');
  });

  it('is refused while the clock is taken for wrong, and nothing is stored; records of others still come in', async () => {
    let problem: string | undefined = 'Set the clock of this machine.';
    await using node = await testNode({ members: [other], clockProblem: () => problem });
    for (const work of [() => node.catalogue.writable(), () => node.write(fileDraft('a', 1))]) {
      await expect(work()).rejects.toMatchObject({ code: 'clock-skew', message: problem });
    }
    expect(node.catalogue.records.root().count).toBe(0);
    expect(await node.catalogue.receive([recordOf(other)], other.peerId)).toMatchObject({ added: 1 });
    problem = undefined;
    await node.catalogue.writable();
    expect(await node.write(fileDraft('a', 2))).toMatchObject([{ outcome: 'updated' }]);
  });

  it('chains the records of its author', async () => {
    await using node = await testNode();
    await node.write(fileDraft('a', 1), fileDraft('b', 1));
    await node.write(fileDraft('c', 1));
    const rows = await node.db.query<{ body: Uint8Array }>('SELECT body FROM catalogue_record ORDER BY seq');
    const parsed = rows.map((row) => parseRecord(row.body));
    expect(parsed.map((record) => record.envelope.prev)).toEqual([null, parsed[0]?.id, parsed[1]?.id]);
    expect(await node.catalogue.lastRecord(node.signer.peerId)).toBe(parsed[2]?.id);
    expect(await node.catalogue.lastRecord(other.peerId)).toBeNull();
  });

  it('puts at most a thousand files into one event, all of them once', async () => {
    await using node = await testNode();
    await node.write(...Array.from({ length: 2300 }, (_, n) => fileDraft(`f/${n}`, n)));
    const batches = (await eventsOf(node)).map((event) => (event.type === 'file.uploaded' ? event.data.files : []));
    expect(batches.map((files) => files.length)).toEqual([1000, 1000, 300]);
    expect(new Set(batches.flat().map((file) => file.path)).size).toBe(2300);
  });

  it('tells listeners what changed, after the commit', async () => {
    await using node = await testNode();
    const heard: unknown[] = [];
    const stop = node.catalogue.onChange((changes) => heard.push(...changes));
    await node.write(fileDraft('a', 1));
    await node.write({ kind: 'deletion', path: 'a' });
    stop();
    await node.write(fileDraft('b', 1));
    const common = { fileId: fileIdOf(NETWORK, 'a'), path: 'a', author: node.signer.peerId };
    expect(heard).toEqual([
      { ...common, contentId: content(1), size: 1001, deleted: false },
      { ...common, contentId: null, size: 0, deleted: true },
    ]);
  });
});
