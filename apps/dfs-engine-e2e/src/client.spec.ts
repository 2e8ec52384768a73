import { createHash } from 'node:crypto';
import { openAsBlob } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DfsClient, DfsProblem, deleteFile, listFileVersions, moveFile, putFile, restoreFile } from '@dfs/client';
import { seededRandom, startEngine, type Engine } from '@dfs/testing';

const MiB = 1024 * 1024;
const DOCUMENT = fileURLToPath(new URL('../../dfs-engine/openapi.json', import.meta.url));

describe('the generated client, with a built engine', () => {
  let engine: Engine;
  let dfs: DfsClient;
  beforeAll(async () => {
    engine = await startEngine();
    dfs = new DfsClient({ url: engine.url, key: engine.token });
  });
  afterAll(() => engine.remove());

  it('is generated from what the engine serves', async () => {
    const served: unknown = await (await fetch(new URL('/api/openapi.json', engine.url))).json();
    expect(served).toEqual(JSON.parse(await readFile(DOCUMENT, 'utf8')));
  });

  it('puts files in, lists and reads them, by ranges too, as streams', async () => {
    const bytes = seededRandom(3).bytes(6 * MiB);
    const sha256 = createHash('sha256').update(bytes).digest();
    const pieces = async function* () {
      for (let at = 0; at < bytes.length; at += MiB) yield bytes.subarray(at, at + MiB);
    };
    const { file, created } = await dfs.put('client/Grüße 👋.bin', pieces(), {
      ...{ sha256, mediaType: 'image/x-raw', mtime: new Date(5000), executable: true, meta: { a: 'grün' } },
    });
    expect(created).toBe(true);
    expect(file).toMatchObject({
      ...{ path: 'client/Grüße 👋.bin', size: bytes.length, mediaType: 'image/x-raw' },
      ...{ mtime: '1970-01-01T00:00:05.000Z', executable: true, meta: { a: 'grün' } },
    });
    const whole = await dfs.get({ path: file.path });
    expect(whole).toMatchObject({
      status: 200,
      length: bytes.length,
      etag: `"${file.contentId}"`,
      version: file.version,
    });
    expect(
      createHash('sha256')
        .update(await read(whole.body))
        .digest()
        .equals(sha256),
    ).toBe(true);
    const part = await dfs.get({ fileId: file.id }, { range: { first: 2_000_000, last: 2_000_099 } });
    expect(part).toMatchObject({ status: 206, length: 100, contentRange: `bytes 2000000-2000099/${bytes.length}` });
    expect(Buffer.compare(await read(part.body), bytes.subarray(2_000_000, 2_000_100))).toBe(0);
    expect(await dfs.get({ path: file.path }, { ifNoneMatch: `"${file.contentId}"` })).toMatchObject({
      status: 304,
      body: null,
    });
    const onDisk = join(engine.dataDir, 'some-file');
    await writeFile(onDisk, bytes);
    expect(await dfs.put('client/from-disk', await openAsBlob(onDisk))).toMatchObject({
      file: { contentId: file.contentId, size: bytes.length },
    });
    // The part made of the document alone, without the hand-written one, knows no media type.
    const plain = await putFile({
      client: dfs.client,
      throwOnError: true,
      query: { path: 'client/a.txt' },
      body: new Blob(['x']),
    });
    expect(plain.data.mediaType).toBe('text/plain');
    const many = await dfs.putMany([
      { path: 'client/many/1', blob: new Blob(['one']), mtime: new Date(7000) },
      { path: 'client/many//2', blob: new Blob(['two']) },
      { path: 'client/many/3', blob: new Blob(['three']), meta: { b: 'c' } },
    ]);
    expect(many.map(({ path, status }) => [path, status])).toEqual([
      ['client/many/1', 201],
      ['client/many//2', 400],
      ['client/many/3', 201],
    ]);
    const listed = await all(dfs.list({ prefix: 'client/', limit: 2 }));
    expect(listed.map(({ path }) => path)).toEqual(
      ['client/Grüße 👋.bin', 'client/a.txt', 'client/from-disk', 'client/many/1', 'client/many/3'].sort(),
    );
  });

  it('writes on condition, knows versions, moves, deletes and brings back', async () => {
    const { client } = dfs;
    const how = { client, throwOnError: true as const };
    const { file: first } = await dfs.put('versions/a', 'first', { ifNone: true });
    await expect(dfs.put('versions/a', 'other', { ifNone: true })).rejects.toMatchObject({
      ...{ name: 'DfsProblem', code: 'precondition-failed', status: 412, retryable: false },
    });
    const { file: second } = await dfs.put('versions/a', 'second', { ifMatch: `v:${first.version}` });
    const path = { fileId: first.id };
    const { data: versions } = await listFileVersions({ ...how, path });
    expect(versions.items.map(({ version }) => version)).toEqual([second.version, first.version]);
    expect((await read((await dfs.get({ fileId: first.id, version: first.version })).body)).toString()).toBe('first');
    const { data: restored } = await restoreFile({ ...how, path, body: { version: first.version } });
    expect(restored.contentId).toBe(first.contentId);
    const { data: moved } = await moveFile({ ...how, path, body: { path: 'versions/b' } });
    expect(moved).toMatchObject({ path: 'versions/b', previousId: first.id });
    const headers = { 'If-Match': `"v:${moved.version}"` };
    expect((await deleteFile({ ...how, path: { fileId: moved.id }, headers })).response.status).toBe(204);
    const gone = dfs.get({ path: 'versions/b' });
    await expect(gone).rejects.toBeInstanceOf(DfsProblem);
    await expect(gone).rejects.toMatchObject({ code: 'file-not-found' });
  });

  it('reads what has happened, and goes on from where it was', async () => {
    const before = await dfs.events();
    await dfs.put('events/a', 'x');
    const { events, position, resync } = await dfs.events(before.position);
    expect(resync).toBe(false);
    const uploaded = events.flatMap((event) => (event.type === 'file.uploaded' ? event.data.files : []));
    expect(uploaded.map(({ path }) => path)).toEqual(['events/a']);
    const later = (await dfs.events(position)).events;
    expect(later.filter(({ type }) => type === 'file.uploaded')).toEqual([]);
    expect((await dfs.events({ stream: 'another', seq: 1 })).resync).toBe(true);
  });

  it('tells a wrong key, and an address where no node is', async () => {
    const stranger = new DfsClient({ url: engine.url, key: 'wrong' });
    await expect(all(stranger.list())).rejects.toMatchObject({ code: 'unauthorized', status: 401 });
    const nowhere = new DfsClient({ url: 'http://127.0.0.1:1/', key: 'x' });
    await expect(nowhere.get({ path: 'a' })).rejects.toThrow(/fetch failed/);
  });
});

/** `Array.fromAsync`, which the library of types has not. */
async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

async function read(body: ReadableStream<Uint8Array> | null): Promise<Buffer> {
  return Buffer.from(await new Response(body).arrayBuffer());
}
