import { versionTag } from '@dfs/catalogue';
import { hour } from '@dfs/runtime';
import { localNode, pieces, writtenElsewhere, type LocalNode } from '../testing/local-node.suite.js';
import { text, versionSteps } from '../testing/version-steps.suite.js';

const UNKNOWN_FILE = 'a'.repeat(26);
const UNKNOWN_VERSION = '0'.repeat(64);

let node: LocalNode;
beforeEach(async () => (node = await localNode()));
afterEach(() => node.remove());
const { put, read, versions, heads, lastEvents, conflicting } = versionSteps(() => node);

describe('copy', () => {
  it('is a file of its own, with the bytes and what was said of them, and says nothing of where they come from', async () => {
    const attributes = { mtime: 5, executable: true, meta: { a: 'b' } };
    const { file: source } = await node.files.upload({ path: 'a', body: pieces(text('one')), attributes });
    const { chunks } = node.chunks.usage();
    const { file, kept } = await node.files.copy(source.id, 'b/c');
    expect([kept, await read(file.id), node.chunks.usage().chunks]).toEqual([true, 'one', chunks]);
    expect(file).toMatchObject({ path: 'b/c', contentId: source.contentId, executable: true, meta: { a: 'b' } });
    expect(file.mtime).toBe(source.mtime);
    expect(await versions(file.id)).toMatchObject([{ from: null }]);
    expect(await node.files.get(source.id)).toMatchObject({ version: source.version });
    await put('b/c', 'another');
    expect(await read(source.id)).toBe('one');
  });

  it('is taken of an earlier version, of a deleted file too', async () => {
    const first = await put('a', 'one');
    await put('a', 'two');
    const { file } = await node.files.copy(first.id, 'b', { version: first.version });
    expect(await read(file.id)).toBe('one');
    await node.files.remove(first.id);
    await expect(node.files.copy(first.id, 'c')).rejects.toMatchObject({ code: 'file-not-found' });
    expect((await node.files.copy(first.id, 'a', { version: first.version })).file.id).toBe(first.id);
  });

  it.each([
    ['where a file is', 'taken', 'path-exists'],
    ['where it is', 'a', 'path-exists'],
    ['into itself', 'a/b', 'path-taken'],
    ['out of the network', '../a', 'invalid-path'],
  ])('is refused %s, and nothing changes', async (_what, path, code) => {
    const { id } = await put('a', 'one');
    await put('taken', 'one');
    await expect(node.files.copy(id, path)).rejects.toMatchObject({ code });
    await expect(node.files.copy(id, 'b', { version: UNKNOWN_VERSION })).rejects.toMatchObject({
      code: 'version-not-found',
    });
    await expect(node.files.copy(id, 'b', { ifMatch: [versionTag(UNKNOWN_VERSION)] })).rejects.toMatchObject({
      code: 'precondition-failed',
    });
    expect(node.catalogue.records.root().count).toBe(2);
  });
});

describe('move', () => {
  it('gives a file another path and id, and leaves a deletion, in one commit', async () => {
    const before = await put('old/a.txt', 'one');
    const { chunks } = node.chunks.usage();
    let units = 0;
    const stop = node.catalogue.onRecords(() => (units += 1));
    const { file, kept } = await node.files.move(before.id, 'new/b.txt');
    stop();
    expect([units, kept]).toEqual([1, true]);
    expect(file).toMatchObject({
      path: 'new/b.txt',
      previousId: before.id,
      contentId: before.contentId,
      mediaType: 'text/plain',
      deleted: false,
    });
    expect(file.id).not.toBe(before.id);
    expect(await node.files.get(file.id)).toMatchObject({ path: 'new/b.txt' });
    await expect(node.files.get(before.id)).rejects.toMatchObject({ code: 'file-not-found' });
    expect(await read(file.id)).toBe('one');
    expect(node.chunks.usage().chunks).toBe(chunks);
    expect(await versions(file.id)).toMatchObject([{ from: 'old/a.txt' }]);
    expect(await lastEvents(2)).toEqual(['file.uploaded', 'file.deleted']);
    const back = await node.files.move(file.id, 'old/a.txt');
    expect(back.file).toMatchObject({ id: before.id, previousId: file.id });
  });

  it('has one form of the new path', async () => {
    const { id } = await put('a', 'one');
    expect((await node.files.move(id, 'u\u0308ber')).file.path).toBe('\u00fcber');
  });

  it.each([
    ['where a file is', 'taken', 'path-exists'],
    ['where it is', 'a', 'path-exists'],
    ['out of the network', '../a', 'invalid-path'],
    ['to no name', 'folder/', 'invalid-path'],
    ['to too long a name', 'x'.repeat(2000), 'invalid-path'],
  ])('is refused %s, and nothing changes', async (_what, path, code) => {
    const { id, version } = await put('a', 'one');
    await put('taken', 'two');
    await expect(node.files.move(id, path)).rejects.toMatchObject({ code });
    expect(await node.files.get(id)).toMatchObject({ path: 'a', version });
    expect((await node.files.list({ limit: 10 })).total).toBe(2);
    expect(node.catalogue.records.root().count).toBe(2);
  });

  it('is refused of what is not there, and while a choice is open', async () => {
    await expect(node.files.move(UNKNOWN_FILE, 'b')).rejects.toMatchObject({ code: 'file-not-found' });
    const { id } = await put('gone', 'one');
    await node.files.remove(id);
    await expect(node.files.move(id, 'b')).rejects.toMatchObject({ code: 'file-not-found' });
    const { fileId } = await conflicting('a');
    await expect(node.files.move(fileId, 'b')).rejects.toMatchObject({ code: 'conflict' });
    expect(await heads(fileId)).toHaveLength(2);
    expect(await node.catalogue.byPath('b')).toBeUndefined();
  });

  it('goes where a file was deleted', async () => {
    const gone = await put('b', 'two');
    await node.files.remove(gone.id);
    const { id } = await put('a', 'one');
    expect((await node.files.move(id, 'b')).file.id).toBe(gone.id);
    expect(await read(gone.id)).toBe('one');
  });
});

describe('conditions of a change without bytes', () => {
  const tag = (version: string) => versionTag(version);
  const failed = { code: 'precondition-failed' };
  const past = Date.UTC(2000, 0, 1);

  it('hold for move: of the file that is moved', async () => {
    const before = await put('a', 'one');
    const seen = await put('a', 'two');
    for (const want of [
      { ifMatch: [tag(before.version)] },
      { ifMatch: [before.contentId] },
      { ifNoneMatch: '*' as const },
      { ifUnmodifiedSince: past },
    ]) {
      await expect(node.files.move(seen.id, 'b', want)).rejects.toMatchObject(failed);
    }
    expect(await node.files.get(seen.id)).toMatchObject({ version: seen.version });
    const { file } = await node.files.move(seen.id, 'b', { ifMatch: [tag(seen.version)] });
    expect(file).toMatchObject({ path: 'b', contentId: seen.contentId });
    const soon = Math.ceil(Date.now() / 1000) * 1000 + hour;
    expect((await node.files.move(file.id, 'c', { ifUnmodifiedSince: soon })).file.path).toBe('c');
    await expect(node.files.move(UNKNOWN_FILE, 'x', { ifMatch: '*' })).rejects.toMatchObject({
      code: 'file-not-found',
    });
  });

  it('hold for restore: of what is shown, be it a deletion', async () => {
    const first = await put('a', 'one');
    const second = await put('a', 'two');
    const back = (want: object) => node.files.restore(first.id, first.version, want);
    await expect(back({ ifMatch: [tag(first.version)] })).rejects.toMatchObject(failed);
    await expect(back({ ifUnmodifiedSince: past })).rejects.toMatchObject(failed);
    expect((await back({ ifMatch: [tag(second.version)] })).file.contentId).toBe(first.contentId);
    await node.files.remove(first.id);
    const [deletion] = await versions(first.id);
    await expect(back({ ifMatch: '*' })).rejects.toMatchObject(failed);
    await expect(back({ ifMatch: [first.contentId] })).rejects.toMatchObject(failed);
    await expect(back({ ifMatch: [tag(second.version)] })).rejects.toMatchObject(failed);
    expect((await back({ ifMatch: [tag(deletion!.version)], ifNoneMatch: '*' })).file.deleted).toBe(false);
    await expect(back({ ifNoneMatch: '*' })).rejects.toMatchObject(failed);
  });

  it('hold for choose: of any head', async () => {
    const { fileId, here, elsewhere } = await conflicting('a');
    const choose = (want: object) => node.files.choose(fileId, here.version, want);
    await expect(choose({ ifMatch: [tag(UNKNOWN_VERSION)] })).rejects.toMatchObject(failed);
    await expect(choose({ ifUnmodifiedSince: past })).rejects.toMatchObject(failed);
    expect(await heads(fileId)).toHaveLength(2);
    expect((await choose({ ifMatch: [tag(elsewhere)] })).file.conflict).toBe(false);
  });

  it('hold for adopt: of the path it is adopted at', async () => {
    const version = await writtenElsewhere(node, 'a');
    await node.removeOther();
    const shown = await put('a', 'one');
    for (const want of [{ ifNoneMatch: '*' as const }, { ifMatch: [tag(version)] }, { ifUnmodifiedSince: past }]) {
      await expect(node.files.adopt(version, want)).rejects.toMatchObject(failed);
    }
    expect(await versions(shown.id)).toHaveLength(1);
    await node.files.adopt(version, { ifMatch: [tag(shown.version)] });
    expect(await versions(shown.id)).toHaveLength(2);
  });

  it('hold for delete and for writing anew, by version and by date', async () => {
    const first = await put('a', 'one');
    await put('a', 'two');
    const again = await put('a', 'one');
    await expect(node.files.remove(first.id, { ifMatch: [tag(first.version)] })).rejects.toMatchObject(failed);
    await expect(node.files.remove(first.id, { ifUnmodifiedSince: past })).rejects.toMatchObject(failed);
    await expect(node.files.remove(first.id, { ifNoneMatch: '*' })).rejects.toMatchObject(failed);
    await node.files.remove(first.id, { ifMatch: [tag(again.version)] });
    const write = (want: object) => node.files.upload({ path: 'a', body: pieces(text('three')), ...want });
    // A deletion is a change as well.
    await expect(write({ ifUnmodifiedSince: past })).rejects.toMatchObject(failed);
    await expect(write({ ifMatch: [tag(again.version)] })).rejects.toMatchObject(failed);
    const [deletion] = await versions(first.id);
    expect((await write({ ifMatch: [tag(deletion!.version)] })).outcome).toBe('created');
    const fresh = { path: 'new', body: pieces(text('x')), ifUnmodifiedSince: past };
    expect((await node.files.upload(fresh)).outcome).toBe('created');
  });

  it('by a date hold for the version of that date, up to the commit', async () => {
    await put('a', 'one');
    const soon = Math.ceil(Date.now() / 1000) * 1000 + hour;
    async function* overtaken(): AsyncGenerator<Uint8Array> {
      yield text('mine');
      await put('a', 'theirs, meanwhile');
    }
    const late = node.files.upload({ path: 'a', body: overtaken(), ifUnmodifiedSince: soon });
    await expect(late).rejects.toMatchObject(failed);
  });
});

describe('a write whose answer was lost', () => {
  it('is repeated without a second version, and not over what came since', async () => {
    const seen = await put('a', 'seen');
    const write = (value: string, want: object) => node.files.upload({ path: 'a', body: pieces(text(value)), ...want });
    for (const ifMatch of [[seen.contentId], [versionTag(seen.version)]]) {
      await node.files.restore(seen.id, seen.version);
      const current = (await node.files.get(seen.id)).version;
      const want = { ifMatch: ifMatch[0] === seen.contentId ? ifMatch : [versionTag(current)] };
      const first = await write('mine', want);
      const again = await write('mine', { ...want, size: 4 });
      expect([first.outcome, again.outcome]).toEqual(['updated', 'unchanged']);
      expect(again.file.version).toBe(first.file.version);
      await expect(write('else', want)).rejects.toMatchObject({ code: 'precondition-failed' });
    }
    expect((await write('new', { path: 'b', ifNoneMatch: '*' })).outcome).toBe('created');
    expect((await write('new', { path: 'b', ifNoneMatch: '*' })).outcome).toBe('unchanged');
    const many = await node.files.uploadMany(
      (async function* () {
        yield { path: 'b', body: pieces(text('new')) };
        yield { path: 'c', body: pieces(text('other')) };
      })(),
      { ifNoneMatch: '*' },
    );
    expect(many.map((result) => 'done' in result && result.done.outcome)).toEqual(['unchanged', 'created']);
    await put('a', 'theirs');
    const late = write('mine', { ifMatch: [seen.contentId] });
    await expect(late).rejects.toMatchObject({ code: 'precondition-failed' });
  });
});
