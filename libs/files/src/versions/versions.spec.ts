import type { PurgeInfo } from '@dfs/contracts';
import { EMPTY_CONTENT } from '@dfs/protocol';
import { localNode, pieces, writtenElsewhere, type LocalNode } from '../testing/local-node.suite.js';
import { text, versionSteps } from '../testing/version-steps.suite.js';

const UNKNOWN_FILE = 'a'.repeat(26);
const UNKNOWN_VERSION = '0'.repeat(64);

let node: LocalNode;
beforeEach(async () => (node = await localNode()));
afterEach(() => node.remove());
const { put, read, versions, heads, lastEvents, conflicting } = versionSteps(() => node);

describe('versions', () => {
  it('of earlier times are let go of on this node, all of them or those written before a time', async () => {
    const first = await put('a', 'one');
    await put('a', 'two');
    await put('a', 'three');
    const past = (await versions(first.id)).filter(({ head }) => !head);
    expect(await node.files.releaseVersions(first.id, Date.parse(past[0]!.writtenAt) - 1000)).toEqual({
      ...{ versions: 0, bytes: 0 },
    });
    expect(node.placement.gone).toEqual([]);
    expect(await node.files.releaseVersions(first.id)).toMatchObject({ versions: 2 });
    expect(new Set(node.placement.gone)).toEqual(new Set(past.map(({ contentId }) => contentId)));
    await expect(node.files.releaseVersions(UNKNOWN_FILE)).rejects.toMatchObject({ code: 'file-not-found' });
  });

  it('of a deleted file are told as purged where a receipt of a member says so and nobody has the bytes', async () => {
    const { id, version, contentId } = await put('gone', 'bytes');
    await node.files.remove(id);
    const deletion = (await versions(id))[0]!.version;
    const said: Pick<PurgeInfo, 'purged' | 'kept'> = { purged: 0, kept: 1 };
    node.components.purges.progress = async (asked) =>
      new Map(
        asked.map((one) => [
          one,
          { ...(one === deletion ? said : { purged: 0, kept: 0 }), members: 2, waitingFor: [] },
        ]),
      );
    node.placement.pinned.delete(contentId);
    // They may be back yet.
    expect(await node.files.open(id, version)).toMatchObject({ contentId });
    said.purged = 1;
    await expect(node.files.open(id, version)).rejects.toMatchObject({ code: 'purged', status: 410 });
    await expect(node.files.restore(id, version)).rejects.toMatchObject({ code: 'purged', status: 410 });
    await expect(node.files.copy(id, 'copied', { version })).rejects.toMatchObject({ code: 'purged' });
    node.placement.pinned.add(contentId);
    expect(await node.files.open(id, version)).toMatchObject({ contentId });
    expect(await node.files.restore(id, version)).toMatchObject({ file: { path: 'gone', deleted: false } });
  });

  it('of a deleted file end their retention at once where an owner says so, with the deletion or later', async () => {
    const [one, two] = [await put('one', '1'), await put('two', '2')];
    await node.files.remove(one.id);
    expect(await node.catalogue.retention.isEnded()).toBe(false);
    await node.files.remove(one.id, { purge: true });
    expect(await node.catalogue.retention.isEnded()).toBe(true);
    await node.files.remove(two.id, { purge: true });
    expect((await versions(two.id)).map(({ kind }) => kind)).toEqual(['deletion', 'file']);
    await expect(node.files.remove(UNKNOWN_FILE, { purge: true })).rejects.toMatchObject({ code: 'file-not-found' });
  });

  it('are listed newest first, a page at a time, and each is read by its id', async () => {
    const { id } = await put('a', 'one');
    await put('a', 'two');
    await node.files.remove(id);
    await put('a', 'three');
    const all = await versions(id);
    expect(all.map(({ kind }) => kind)).toEqual(['file', 'deletion', 'file', 'file']);
    expect(all.map(({ shown }) => shown)).toEqual([true, false, false, false]);
    const first = await node.files.versions(id, { limit: 3 });
    const second = await node.files.versions(id, { limit: 3, cursor: first.nextCursor! });
    expect([...first.items, ...second.items]).toEqual(all);
    expect([first.total, second.nextCursor]).toEqual([4, null]);
    const texts = await Promise.all([0, 2, 3].map((at) => read(id, all[at]!.version)));
    expect(texts).toEqual(['three', 'two', 'one']);
    await expect(node.files.open(id, all[1]!.version)).rejects.toMatchObject({ code: 'version-not-found' });
    await expect(node.files.open(id, UNKNOWN_VERSION)).rejects.toMatchObject({ code: 'version-not-found' });
    await expect(node.files.open(UNKNOWN_FILE, UNKNOWN_VERSION)).rejects.toMatchObject({ code: 'file-not-found' });
    await expect(node.files.versions(UNKNOWN_FILE, { limit: 1 })).rejects.toMatchObject({ code: 'file-not-found' });
  });

  it('are told with what can be had of each: how much is here, and how many copies are in reach', async () => {
    const old = await put('a', 'one');
    await put('a', 'two');
    await node.files.remove(old.id);
    node.placement.pinned.delete(old.contentId);
    node.placement.copies = 2;
    expect((await versions(old.id)).map(({ local, reachable }) => [local, reachable])).toEqual([
      [undefined, undefined],
      ['whole', 2],
      ['none', 2],
    ]);
  });

  it('of a deleted file are still there', async () => {
    const { id, version } = await put('a', 'one');
    await node.files.remove(id);
    await expect(node.files.get(id)).rejects.toMatchObject({ code: 'file-not-found' });
    expect((await versions(id)).map(({ kind }) => kind)).toEqual(['deletion', 'file']);
    expect(await read(id, version)).toBe('one');
  });
});

describe('a conflict', () => {
  it('is left by a PUT, which replaces the version that If-Match names, shown or not', async () => {
    const { fileId, here, elsewhere } = await conflicting('a');
    const body = pieces(text('a change of what is not shown'));
    await node.files.upload({ path: 'a', body, ifMatch: [here.contentId] });
    const after = await heads(fileId);
    expect(after.map(({ version }) => version)).toContain(elsewhere);
    expect(after.map(({ version }) => version)).not.toContain(here.version);
    expect(after).toHaveLength(2);
    const gone = node.files.upload({ path: 'a', body: pieces(text('too late')), ifMatch: [here.contentId] });
    await expect(gone).rejects.toMatchObject({ code: 'precondition-failed' });
    const remove = node.files.remove(fileId, { ifMatch: [here.contentId] });
    await expect(remove).rejects.toMatchObject({ code: 'precondition-failed' });
  });
});

describe('restore', () => {
  it('brings a deleted file back as it was', async () => {
    const { id } = await put('a', 'one');
    const last = await put('a', 'two');
    await node.files.remove(id);
    const { file, kept } = await node.files.restore(id);
    expect(kept).toBe(true);
    expect(file).toMatchObject({ id, path: 'a', contentId: last.contentId, mediaType: 'text/plain', deleted: false });
    expect(await read(id)).toBe('two');
    expect(await lastEvents(1)).toEqual(['file.restored']);
    const [restored] = await versions(id);
    expect(restored).toMatchObject({ version: file.version, from: 'a', head: true, shown: true });
  });

  it('brings an earlier version back, of a file and of a deleted one', async () => {
    const first = await put('a', 'one');
    await put('a', 'two');
    expect((await node.files.restore(first.id, first.version)).file.contentId).toBe(first.contentId);
    expect(await read(first.id)).toBe('one');
    expect(await lastEvents(1)).toEqual(['file.restored']);
    const second = (await versions(first.id)).find(({ contentId }) => contentId !== first.contentId)!;
    await node.files.remove(first.id);
    await node.files.restore(first.id, second.version);
    expect(await read(first.id)).toBe('two');
    expect(await versions(first.id)).toHaveLength(5);
  });

  it('of what is shown already changes nothing', async () => {
    const { id, version } = await put('a', 'one');
    expect((await node.files.restore(id, version)).file.version).toBe(version);
    expect(await versions(id)).toHaveLength(1);
    expect(await lastEvents(10)).toEqual(['file.uploaded']);
  });

  it('ends a conflict', async () => {
    const { fileId, here } = await conflicting('a');
    const { file } = await node.files.restore(fileId, here.version);
    expect(file).toMatchObject({ conflict: false, contentId: here.contentId });
    expect(await heads(fileId)).toHaveLength(1);
  });

  it('is not done yet, as long as the bytes are with too few others', async () => {
    const version = await writtenElsewhere(node, 'far');
    const { fileId } = (await node.catalogue.byPath('far'))!;
    await node.files.remove(fileId);
    const { file, kept } = await node.files.restore(fileId);
    expect([file.deleted, kept]).toEqual([false, false]);
    node.placement.copies = 3;
    await node.files.remove(fileId);
    expect((await node.files.restore(fileId, version)).kept).toBe(true);
  });

  it('of an empty file is done at once', async () => {
    const { id } = await put('empty', '');
    await node.files.remove(id);
    node.placement.copies = 0;
    expect(await node.files.restore(id)).toMatchObject({ kept: true, file: { size: 0, contentId: EMPTY_CONTENT } });
  });

  it('says what it cannot do', async () => {
    const { id } = await put('a', 'one');
    const other = await put('b', 'two');
    const code = (work: Promise<unknown>) => work.then(String, (error: { code: string }) => error.code);
    expect(await code(node.files.restore(id))).toBe('conflict');
    expect(await code(node.files.restore(id, UNKNOWN_VERSION))).toBe('version-not-found');
    expect(await code(node.files.restore(id, other.version))).toBe('version-not-found');
    expect(await code(node.files.restore(UNKNOWN_FILE))).toBe('file-not-found');
    await node.files.remove(id);
    expect(await code(node.files.restore(id, (await versions(id))[0]!.version))).toBe('version-not-found');
    await writtenElsewhere(node, 'c', { kind: 'deletion', content: null, size: 0, mediaType: '' });
    expect(await code(node.files.restore((await node.catalogue.byPath('c'))!.fileId))).toBe('version-not-found');
  });
});

describe('choose', () => {
  it.each(['here', 'elsewhere'] as const)('ends a conflict by the version written %s', async (which) => {
    const { fileId, here, elsewhere } = await conflicting('a');
    const before = await heads(fileId);
    expect(before).toHaveLength(2);
    const chosen = { here: here.version, elsewhere }[which];
    const { file, kept } = await node.files.choose(fileId, chosen);
    expect(file).toMatchObject({ conflict: false, contentId: before.find((v) => v.version === chosen)!.contentId });
    expect(kept).toBe(which === 'here');
    expect(await heads(fileId)).toMatchObject([{ version: file.version, shown: true }]);
    expect(await versions(fileId)).toHaveLength(3);
    expect(await lastEvents(1)).toEqual(['file.updated']);
    await expect(node.files.choose(fileId, chosen)).rejects.toMatchObject({ code: 'conflict' });
  });

  it('may choose the deletion', async () => {
    const { id } = await put('a', 'one');
    const deletion = await writtenElsewhere(node, 'a', { kind: 'deletion', content: null, size: 0, mediaType: '' });
    expect(await node.files.get(id)).toMatchObject({ conflict: true, deleted: false });
    expect(await node.files.choose(id, deletion)).toMatchObject({ kept: true, file: { deleted: true } });
    await expect(node.files.get(id)).rejects.toMatchObject({ code: 'file-not-found' });
    expect(await lastEvents(1)).toEqual(['file.deleted']);
  });

  it('takes heads of this file alone, and only while there is a conflict', async () => {
    const old = await put('a', 'old');
    const { fileId } = await conflicting('a');
    await expect(node.files.choose(fileId, old.version)).rejects.toMatchObject({ code: 'conflict' });
    await expect(node.files.choose(fileId, UNKNOWN_VERSION)).rejects.toMatchObject({ code: 'version-not-found' });
    await expect(node.files.choose(UNKNOWN_FILE, old.version)).rejects.toMatchObject({ code: 'file-not-found' });
    expect(await heads(fileId)).toHaveLength(2);
    const calm = await put('b', 'one');
    await expect(node.files.choose(calm.id, calm.version)).rejects.toMatchObject({ code: 'conflict' });
    await expect(node.files.choose(calm.id, UNKNOWN_VERSION)).rejects.toMatchObject({ code: 'version-not-found' });
  });
});

describe('choose with names for the others', () => {
  it('keeps other heads beside the chosen one, in one commit and one act', async () => {
    const { fileId, here, elsewhere } = await conflicting('a');
    let units = 0;
    const stop = node.catalogue.onRecords(() => (units += 1));
    const { file } = await node.files.choose(fileId, elsewhere, { others: { [here.version]: 'a (mine)' } });
    stop();
    expect([units, file.conflict]).toEqual([1, false]);
    const other = (await node.catalogue.byPath('a (mine)'))!;
    expect(other).toMatchObject({ contentId: here.contentId, modifiedAt: Date.parse(here.modifiedAt) });
    expect(await read(other.fileId)).toBe('written here');
    expect(await versions(other.fileId)).toMatchObject([{ from: 'a' }]);
    const acts = (await Promise.all([fileId, other.fileId].map((id) => node.catalogue.get(id))))
      .map((entry) => entry!.attributes.act)
      .map((act) => Buffer.from(act!).toString('hex'));
    expect(acts[0]).toMatch(/^[0-9a-f]{32}$/);
    expect(acts[1]).toBe(acts[0]);
  });

  it('changes nothing where a name is taken, or a version is no other head', async () => {
    const { fileId, here, elsewhere } = await conflicting('a');
    await put('taken', 'two');
    const choose = (others: Record<string, string>) => node.files.choose(fileId, elsewhere, { others });
    await expect(choose({ [here.version]: 'taken' })).rejects.toMatchObject({ code: 'path-exists' });
    await expect(choose({ [here.version]: 'a' })).rejects.toMatchObject({ code: 'path-exists' });
    await expect(choose({ [here.version]: '../up' })).rejects.toMatchObject({ code: 'invalid-path' });
    await expect(choose({ [elsewhere]: 'b' })).rejects.toMatchObject({ code: 'version-not-found' });
    await expect(choose({ [UNKNOWN_VERSION]: 'b' })).rejects.toMatchObject({ code: 'version-not-found' });
    expect(await heads(fileId)).toHaveLength(2);
    expect(await node.catalogue.byPath('b')).toBeUndefined();
  });
});
