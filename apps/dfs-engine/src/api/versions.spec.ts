import 'reflect-metadata';
import type { FileInfo, FileList, MovedFile, VersionInfo, VersionList } from '@dfs/contracts';
import { Catalogue } from '@dfs/catalogue';
import { cidFromDigest, MANIFEST_CODEC, RECORD_VERSION, sha256, signRecord, type Signer } from '@dfs/protocol';
import { MiB } from '@dfs/runtime';
import { eventually } from '@dfs/testing';
import { FOUNDATION, type Foundation } from '../modules/tokens.js';
import { startTestNode, type Answer, type TestNode } from '../testing/running-node.suite.js';

const UNKNOWN_VERSION = '0'.repeat(64);
type FileContent = Pick<FileInfo, 'contentId' | 'size' | 'mediaType'>;

describe('versions over HTTP', () => {
  let test: TestNode;
  beforeAll(async () => (test = await startTestNode()));
  afterAll(() => test.remove());

  const put = async (path: string, body: string): Promise<FileInfo> => {
    const url = `/files/content?path=${encodeURIComponent(path)}`;
    return (await test.api(url, { method: 'PUT', body })).json<FileInfo>();
  };
  const post = (file: { id: string }, verb: string, json?: unknown): Promise<Answer> =>
    test.api(`/files/${file.id}/${verb}`, { method: 'POST', ...(json === undefined ? {} : { json }) });
  const remove = (file: { id: string }, query = ''): Promise<Answer> =>
    test.api(`/files/${file.id}${query}`, { method: 'DELETE' });
  const versions = async (file: { id: string }, query = ''): Promise<VersionList> =>
    (await test.api(`/files/${file.id}/versions${query}`)).json<VersionList>();
  const content = async (file: { id: string }): Promise<string> => (await test.api(`/files/${file.id}/content`)).text;

  /** As if this node had been restored from an old copy, and had written the path without knowing of it. */
  async function conflicting(path: string, content?: FileContent | 'deleted'): Promise<FileInfo> {
    const seen = await put(path, 'seen');
    const other = content ?? (await put(`${path} of the copy`, 'of the copy'));
    const { signer } = test.node.app.get<Foundation>(FOUNDATION, { strict: false });
    const catalogue = test.node.app.get(Catalogue, { strict: false });
    await catalogue.receive([forked(signer, catalogue.networkId, path, other)], signer.peerId);
    expect((await test.api(`/files/${seen.id}`)).json()).toMatchObject({ conflict: true });
    return seen;
  }

  it('are listed by pages, newest first, and read one by one', async () => {
    const file = await put('history', 'one');
    await put('history', 'two');
    await remove(file);
    const all = await versions(file);
    expect(all).toMatchObject({ total: 3, nextCursor: null });
    expect(all.items.map(({ kind, head, shown }) => [kind, head, shown])).toEqual([
      ['deletion', true, true],
      ['file', false, false],
      ['file', false, false],
    ]);
    expect(all.items[2]).toEqual({
      version: file.version,
      kind: 'file',
      path: 'history',
      size: 3,
      mediaType: file.mediaType,
      contentId: file.contentId,
      author: file.author,
      writtenAt: file.modifiedAt,
      head: false,
      shown: false,
      imported: false,
      from: null,
      purged: false,
      local: 'whole',
      reachable: 1,
    });
    expect(all.items[0]).not.toHaveProperty('local');
    const first = await versions(file, '?limit=2');
    const rest = await versions(file, `?limit=2&cursor=${first.nextCursor}`);
    expect([...first.items, ...rest.items]).toEqual(all.items);
    expect((await test.api(`/files/${file.id}/content?version=${file.version}`)).text).toBe('one');
    for (const query of ['limit=0', 'limit=1001', 'limit=x', 'cursor=AAAA', 'cursor=']) {
      expect((await test.api(`/files/${file.id}/versions?${query}`)).status).toBe(400);
    }
  });

  it('come back by restore: a deleted file, without a body, and any version', async () => {
    const file = await put('back', 'one');
    await put('back', 'two');
    await remove(file);
    const restored = await post(file, 'restore');
    expect(restored.status).toBe(200);
    expect(restored.json()).toMatchObject({ id: file.id, path: 'back', deleted: false });
    expect(restored.headers.location).toBe(`/api/v1/files/${file.id}`);
    expect(await content(file)).toBe('two');
    expect((await post(file, 'restore', { version: file.version })).json()).toMatchObject({
      contentId: file.contentId,
    });
    expect(await content(file)).toBe('one');
    expect((await post(file, 'restore', {})).problem).toMatchObject({ code: 'conflict', status: 409 });
    expect((await post(file, 'restore', { version: UNKNOWN_VERSION })).problem.code).toBe('version-not-found');
    expect((await post({ id: 'a'.repeat(26) }, 'restore')).problem.code).toBe('file-not-found');
    await eventually(async () => {
      const { items } = (await test.api('/events')).json<{ items: { type: string }[] }>();
      return items.filter(({ type }) => type === 'file.restored').length === 2;
    });
  });

  it('are chosen from when they are in conflict', async () => {
    const seen = await conflicting('chosen');
    const conflicts = (await test.api('/files?state=conflict&prefix=chosen')).json<FileList>();
    expect(conflicts.items).toMatchObject([{ id: seen.id }]);
    const heads = (await versions(seen)).items.filter(({ head }) => head);
    expect(heads).toHaveLength(2);
    const notShown = heads.find(({ shown }) => !shown)!;
    const chosen = await post(seen, 'choose', { version: notShown.version });
    expect(chosen.status).toBe(200);
    expect(chosen.json()).toMatchObject({ conflict: false, contentId: notShown.contentId });
    expect((await versions(seen)).items.filter(({ head }) => head)).toHaveLength(1);
    expect((await post(seen, 'choose', { version: notShown.version })).problem).toMatchObject({
      code: 'conflict',
      status: 409,
    });
    expect((await post(seen, 'choose', { version: UNKNOWN_VERSION })).problem.code).toBe('version-not-found');
  });

  it('may be chosen to stay deleted', async () => {
    const seen = await conflicting('deleted', 'deleted');
    const deletion = (await versions(seen)).items.find(({ kind }) => kind === 'deletion')!;
    const chosen = await post(seen, 'choose', { version: deletion.version });
    expect([chosen.status, chosen.headers.location, chosen.headers.etag?.includes(seen.contentId) ?? false]).toEqual([
      200,
      undefined,
      false,
    ]);
    expect(chosen.json()).toMatchObject({ deleted: true, conflict: false });
    expect((await test.api(`/files/${seen.id}`)).status).toBe(404);
  });

  it('are accepted, and not more, as long as nobody is known to keep their bytes', async () => {
    const contentId = cidFromDigest(sha256(Buffer.from('nowhere')), MANIFEST_CODEC);
    const seen = await conflicting('nowhere', { contentId, size: 3 * MiB, mediaType: '' });
    const far = (await versions(seen)).items.find((version) => version.contentId === contentId)!;
    const chosen = await post(seen, 'choose', { version: far.version });
    expect(chosen.status).toBe(202);
    expect(chosen.json()).toMatchObject({ contentId, conflict: false, replication: { copies: 0 } });
    expect((await post(seen, 'move', { path: 'nowhere else' })).status).toBe(202);
    expect((await post(seen, 'restore')).status).toBe(202);
    expect((await post(seen, 'restore', { version: seen.version })).status).toBe(200);
  });

  it('move with their file to another path', async () => {
    const file = await put('moved/from', 'text');
    const moved = await post(file, 'move', { path: 'moved/to' });
    expect(moved.status).toBe(201);
    const now = moved.json<MovedFile>();
    expect(now).toMatchObject({ path: 'moved/to', previousId: file.id, contentId: file.contentId });
    expect(moved.headers.location).toBe(`/api/v1/files/${now.id}`);
    expect(await content(now)).toBe('text');
    expect((await test.api(`/files/${file.id}`)).status).toBe(404);
    await put('moved/from', 'new');
    expect((await post(file, 'move', { path: 'moved/to' })).problem).toMatchObject({
      code: 'path-exists',
      status: 409,
    });
    expect((await post(file, 'move', { path: 'moved/from' })).problem.code).toBe('path-exists');
    expect((await post(file, 'move', { path: '../x' })).problem.code).toBe('invalid-path');
    expect((await post(await conflicting('undecided'), 'move', { path: 'x' })).problem.code).toBe('conflict');
  });

  it('are copied, and kept beside the chosen one', async () => {
    const file = await put('copied/from', 'text');
    const copied = await post(file, 'copy', { path: 'copied/to' });
    expect([copied.status, copied.json()]).toMatchObject([201, { path: 'copied/to', contentId: file.contentId }]);
    expect(copied.headers.location).toBe(`/api/v1/files/${copied.json<FileInfo>().id}`);
    await put('copied/from', 'newer');
    const old = await post(file, 'copy', { path: 'copied/old', version: file.version });
    expect([old.status, await content(old.json<FileInfo>())]).toEqual([201, 'text']);
    expect((await post(file, 'copy', { path: 'copied/to' })).problem).toMatchObject({
      code: 'path-exists',
      status: 409,
    });
    const seen = await conflicting('beside');
    const heads = (await versions(seen)).items.filter(({ head }) => head);
    const [shown, other] = heads.sort((a, b) => Number(b.shown) - Number(a.shown)) as [VersionInfo, VersionInfo];
    const chosen = await post(seen, 'choose', { version: shown.version, others: { [other.version]: 'beside (2)' } });
    expect(chosen.status).toBe(200);
    expect((await test.api('/files?prefix=beside')).json<FileList>().items.map(({ path }) => path)).toContain(
      'beside (2)',
    );
  });

  it('refuse bodies that are not of their shape', async () => {
    const file = await put('shapes', 'x');
    const bodies: [string, unknown][] = [
      ['restore', { version: 'x' }],
      ['restore', { version: 7 }],
      ['restore', { other: 1 }],
      ['choose', {}],
      ['choose', { version: file.version.toUpperCase() + 'x' }],
      ['choose', { version: [file.version] }],
      ['move', {}],
      ['move', { path: '' }],
      ['move', { path: 7 }],
      ['move', { path: 'x'.repeat(9000) }],
      ['move', { path: 'y', from: 'z' }],
      ['move', []],
      ['copy', {}],
      ['copy', { path: 'y', version: 'x' }],
      ['choose', { version: file.version, others: [] }],
      ['choose', { version: file.version, others: { x: 'y' } }],
      ['choose', { version: file.version, others: { [file.version]: 7 } }],
    ];
    for (const [verb, body] of bodies) {
      const { status, problem } = await post(file, verb, body);
      expect(`${verb} ${JSON.stringify(body).slice(0, 40)} ${status}`).toMatch(/ 400$/);
      expect(problem.detail).toBeTruthy();
    }
    expect((await versions(file)).total).toBe(1);
  });

  it('are kept from being deleted all at once, unless that is confirmed', async () => {
    const own = await startTestNode();
    try {
      const files: FileInfo[] = [];
      for (let n = 0; n < 130; n++) {
        files.push((await own.api(`/files/content?path=many/${n}`, { method: 'PUT', body: 'x' })).json<FileInfo>());
      }
      const statuses = new Map<number, number>();
      let refused: Answer | undefined;
      for (const { id } of files) {
        const answer = await own.api(`/files/${id}`, { method: 'DELETE' });
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
        if (answer.status !== 204) refused = answer;
      }
      expect([...statuses]).toEqual([
        [204, 100],
        [409, 30],
      ]);
      expect(refused?.problem).toMatchObject({ code: 'mass-deletion', deleted: 100, files: 130 });
      expect(refused?.problem.detail).toContain('confirm=true');
      const last = files.at(-1) as FileInfo;
      expect((await own.api(`/files/${last.id}?confirm=false`, { method: 'DELETE' })).status).toBe(409);
      expect((await own.api(`/files/${last.id}?confirm=true`, { method: 'DELETE' })).status).toBe(204);
    } finally {
      await own.remove();
    }
  });
});

function forked(signer: Signer, network: string, path: string, content: FileContent | 'deleted') {
  return signRecord(signer, {
    version: RECORD_VERSION,
    network,
    author: signer.peerId,
    clock: { ms: Date.now(), counter: 0 },
    prev: null,
    path,
    ...(content === 'deleted'
      ? { kind: 'deletion', content: null, size: 0, mediaType: '' }
      : { kind: 'file', content: content.contentId, size: content.size, mediaType: content.mediaType }),
    parents: [],
    from: null,
    imported: false,
    time: Date.now(),
    attributes: {},
  });
}
