import { createHash, randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { Upload, type UploadOptions } from 'tus-js-client';
import type { FileInfo, TransferList, UploadInfo, VersionList } from '@dfs/contracts';
import { Placement } from '@dfs/placement';
import { day } from '@dfs/runtime';
import { eventually, fakeClock } from '@dfs/testing';
import { silent, quietEnv, startTestNode, type Answer, type TestNode } from '../testing/running-node.suite.js';
import { parseConfig } from '../config.js';
import { startNode } from '../start/start.js';

const KiB = 1024;
const MiB = 1024 * KiB;
const TUS = { 'tus-resumable': '1.0.0' };
const base64 = (text: string | Uint8Array): string => Buffer.from(text).toString('base64');
const sha256 = (bytes: Uint8Array): string => `sha256 ${createHash('sha256').update(bytes).digest('base64')}`;

describe('resumable uploads', () => {
  let test: TestNode;
  beforeAll(async () => (test = await startTestNode()));
  afterAll(() => test.remove());

  const begin = async (path: string, size: number, headers: Record<string, string> = {}): Promise<Answer> =>
    test.api('/uploads', {
      method: 'POST',
      headers: { ...TUS, 'upload-length': String(size), 'upload-metadata': `path ${base64(path)}`, ...headers },
    });
  /** Below `/api/v1`. */
  const begun = async (path: string, size: number, headers: Record<string, string> = {}): Promise<string> => {
    const answer = await begin(path, size, headers);
    expect(answer.status).toBe(201);
    return String(answer.headers.location).replace('/api/v1', '');
  };
  const patch = (at: string, offset: number, body: Uint8Array, headers: Record<string, string> = {}): Promise<Answer> =>
    test.api(at, {
      method: 'PATCH',
      body,
      headers: {
        ...TUS,
        'content-type': 'application/offset+octet-stream',
        'upload-offset': String(offset),
        ...headers,
      },
    });
  const head = (at: string): Promise<Answer> => test.api(at, { method: 'HEAD', headers: TUS });
  const offsetOf = async (at: string): Promise<number> => Number((await head(at)).headers['upload-offset']);
  const contentOf = async (file: FileInfo): Promise<Buffer> => (await test.api(`/files/${file.id}/content`)).bytes;
  const versionsOf = async (file: FileInfo): Promise<number> =>
    (await test.api(`/files/${file.id}/versions`)).json<VersionList>().total;
  /** Begins a PATCH and sends a part of its body, and leaves it at that. */
  const sendPart = (at: string, offset: number, length: number, part: Uint8Array): Socket => {
    const socket = connect(test.port, '127.0.0.1');
    socket.on('error', () => undefined).on('data', () => undefined);
    socket.write(
      `PATCH /api/v1${at} HTTP/1.1\r\nHost: 127.0.0.1:${test.port}\r\nAuthorization: Bearer ${test.node.token}\r\n` +
        `Tus-Resumable: 1.0.0\r\nContent-Type: application/offset+octet-stream\r\nUpload-Offset: ${offset}\r\n` +
        `Content-Length: ${length}\r\n\r\n`,
    );
    socket.write(part);
    return socket;
  };
  const isUnderWay = async (path: string, bytes: number): Promise<boolean> =>
    (await test.api('/transfers'))
      .json<TransferList>()
      .items.some((item) => item.path === path && item.state === 'running' && item.verifiedBytes >= bytes);

  describe('by tus-js-client', () => {
    const options = (more: Partial<UploadOptions>): UploadOptions => ({
      endpoint: `http://127.0.0.1:${test.port}/api/v1/uploads`,
      headers: { Authorization: `Bearer ${test.node.token}` },
      retryDelays: null,
      ...more,
    });
    const upload = (bytes: Buffer, more: Partial<UploadOptions>): Promise<FileInfo> =>
      new Promise((resolve, reject) => {
        const onSuccess: UploadOptions['onSuccess'] = ({ lastResponse }) =>
          resolve(JSON.parse(lastResponse.getBody() || 'null') as FileInfo);
        new Upload(bytes, options({ onSuccess, onError: reject, ...more })).start();
      });

    it('become the file that a PUT of the same bytes becomes, in whatever parts they come', async () => {
      const bytes = randomBytes(9 * MiB);
      const put = await test.api('/files/content?path=tus/put.bin', { method: 'PUT', body: bytes });
      const { contentId } = put.json<FileInfo>();
      const metadata = { path: 'tus/parts.bin', filetype: 'application/x-test', mtime: '1700000000000' };
      const inParts = await upload(bytes, { chunkSize: 700 * KiB, metadata });
      expect(inParts).toMatchObject({ path: 'tus/parts.bin', contentId, size: bytes.length });
      expect(inParts).toMatchObject({ mediaType: 'application/x-test', mtime: '2023-11-14T22:13:20.000Z' });
      const atOnce = await upload(bytes, { metadata: { filename: 'tus/once.bin' }, uploadDataDuringCreation: true });
      expect(atOnce).toMatchObject({ path: 'tus/once.bin', contentId });
      expect(Buffer.compare(await contentOf(inParts), bytes)).toBe(0);
      await upload(Buffer.alloc(0), { metadata: { path: 'tus/empty.bin' } });
      expect((await test.api('/files/content?path=tus/empty.bin')).bytes).toHaveLength(0);
    });

    it('pause, and go on by another client where they were', async () => {
      const bytes = randomBytes(6 * MiB);
      let url = '';
      await new Promise<void>((resolve, reject) => {
        const paused: Upload = new Upload(
          bytes,
          options({
            chunkSize: MiB,
            metadata: { path: 'tus/paused.bin' },
            onError: reject,
            onChunkComplete: (_size, accepted) => {
              if (accepted < 2 * MiB) return;
              url = String(paused.url);
              paused.abort().then(resolve, reject);
            },
          }),
        );
        paused.start();
      });
      expect(await offsetOf(new URL(url).pathname.replace('/api/v1', ''))).toBeGreaterThanOrEqual(2 * MiB);
      // Bytes that have come are kept while the store is cleared of blocks that nothing needs.
      await test.node.app.get(Placement).reclaim(0);
      const sent: number[] = [];
      const file = await upload(bytes, { uploadUrl: url, onProgress: (at) => sent.push(at) });
      expect(sent[0]).toBeGreaterThanOrEqual(2 * MiB);
      expect(Buffer.compare(await contentOf(file), bytes)).toBe(0);
    });
  });

  it('go on in pieces of any size, and need no more than the file once they are one', async () => {
    const bytes = randomBytes(400 * KiB);
    const at = await begun('tus/pieces.bin', bytes.length);
    let offset = 0;
    while (offset + 7000 < bytes.length) {
      expect((await patch(at, offset, bytes.subarray(offset, offset + 7000))).status).toBe(204);
      offset += 7000;
      expect(await offsetOf(at)).toBe(offset);
    }
    const last = await patch(at, offset, bytes.subarray(offset));
    expect([last.status, last.headers['upload-offset']]).toEqual([200, String(bytes.length)]);
    const file = last.json<FileInfo>();
    expect(Buffer.compare(await contentOf(file), bytes)).toBe(0);
    await test.node.app.get(Placement).reclaim(0);
    expect(Buffer.compare(await contentOf(file), bytes)).toBe(0);
  });

  it('keep what had come when the connection breaks', async () => {
    const bytes = randomBytes(10 * MiB);
    const at = await begun('tus/broken.bin', bytes.length);
    const socket = sendPart(at, 0, bytes.length, bytes.subarray(0, 2 * MiB));
    await eventually(() => isUnderWay('tus/broken.bin', 2 * MiB), { deadline: 60_000 });
    socket.destroy();
    await eventually(async () => (await offsetOf(at)) === 2 * MiB, { deadline: 60_000 });
    const done = await patch(at, 2 * MiB, bytes.subarray(2 * MiB));
    expect(done.status).toBe(200);
    expect(Buffer.compare(await contentOf(done.json()), bytes)).toBe(0);
  });

  it('take no byte of a part whose checksum is wrong', async () => {
    const bytes = randomBytes(2 * MiB);
    const [first, second] = [bytes.subarray(0, MiB), bytes.subarray(MiB)];
    const at = await begun('tus/checked.bin', bytes.length);
    const wrong = await patch(at, 0, first, { 'upload-checksum': sha256(second) });
    expect([wrong.status, wrong.problem.code, wrong.headers['tus-resumable']]).toEqual([
      460,
      'checksum-mismatch',
      '1.0.0',
    ]);
    expect(await offsetOf(at)).toBe(0);
    expect((await patch(at, 0, first, { 'upload-checksum': sha256(first) })).status).toBe(204);
    const again = await patch(at, MiB, second, { 'upload-checksum': sha256(first) });
    expect([again.status, await offsetOf(at)]).toEqual([460, MiB]);
    const sha1 = `sha1 ${createHash('sha1').update(second).digest('base64')}`;
    const done = await patch(at, MiB, second, { 'upload-checksum': sha1 });
    expect(done.status).toBe(200);
    expect(Buffer.compare(await contentOf(done.json()), bytes)).toBe(0);
  });

  it('repeat the answer that was lost, and make no second version', async () => {
    const bytes = randomBytes(500 * KiB);
    const at = await begun('tus/answered.bin', bytes.length);
    const file = (await patch(at, 0, bytes)).json<FileInfo>();
    const again = await patch(at, bytes.length, new Uint8Array(0));
    expect([again.status, again.json<FileInfo>().version]).toEqual([200, file.version]);
    expect(await offsetOf(at)).toBe(bytes.length);
    const info = (await test.api(at)).json<UploadInfo>();
    expect(info).toMatchObject({
      state: 'finished',
      offset: bytes.length,
      file: { id: file.id, version: file.version },
    });
    expect(await versionsOf(file)).toBe(1);
  });

  it('are held to their conditions when they begin, and again when their last byte is here', async () => {
    const bytes = randomBytes(300 * KiB);
    const only = { 'if-none-match': '*' };
    await test.api('/files/content?path=tus/taken.bin', { method: 'PUT', body: 'first' });
    // Of as many bytes too: an upload whose answer was lost is told of at its own address.
    for (const size of [1, 'first'.length]) expect((await begin('tus/taken.bin', size, only)).status).toBe(412);
    const at = await begun('tus/raced.bin', bytes.length, only);
    await patch(at, 0, bytes.subarray(0, 1000));
    await test.api('/files/content?path=tus/raced.bin', { method: 'PUT', body: 'other' });
    const refused = await patch(at, 1000, bytes.subarray(1000));
    expect([refused.status, refused.problem.code]).toEqual([412, 'precondition-failed']);
    // A client that was told of all its bytes would believe that there is a file.
    expect((await head(at)).status).toBe(412);
    expect((await test.api(at)).json<UploadInfo>()).toMatchObject({
      state: 'complete',
      refusal: { code: 'precondition-failed' },
    });
    await test.node.app.get(Placement).reclaim(0);
    const taken = await test.api(`${at}/finish`, { json: { path: 'tus/taken.bin', conditions: { ifNoneMatch: '*' } } });
    expect(taken.status).toBe(412);
    const finished = await test.api(`${at}/finish`, {
      json: { path: 'tus/free.bin', conditions: { ifNoneMatch: '*' } },
    });
    expect(finished.status).toBe(201);
    const file = finished.json<FileInfo>();
    expect(file.path).toBe('tus/free.bin');
    expect(Buffer.compare(await contentOf(file), bytes)).toBe(0);
    expect((await test.api(`${at}/finish`, { json: {} })).json<FileInfo>().version).toBe(file.version);
    expect((await test.api('/files/content?path=tus/raced.bin')).text).toBe('other');
  });

  it('are sent by one request at a time, and end with it when they are given up', async () => {
    const bytes = randomBytes(10 * MiB);
    const at = await begun('tus/twice.bin', bytes.length);
    const socket = sendPart(at, 0, bytes.length, bytes.subarray(0, 5 * MiB));
    await eventually(() => isUnderWay('tus/twice.bin', 4 * MiB), { deadline: 60_000 });
    const second = await patch(at, 0, bytes);
    expect([second.status, second.problem.code, second.problem.retryable]).toEqual([423, 'upload-locked', true]);
    expect((await head(at)).status).toBe(200);
    expect((await test.api(at, { method: 'DELETE', headers: TUS })).status).toBe(204);
    expect((await head(at)).status).toBe(404);
    expect(await isUnderWay('tus/twice.bin', 0)).toBe(false);
    socket.destroy();
    expect((await test.api(at, { method: 'DELETE', headers: TUS })).problem.code).toBe('upload-not-found');
  });

  it('are gone when they are cancelled among the transfers, whether a request brings bytes or none', async () => {
    const cancel = async (path: string): Promise<void> => {
      const { items } = (await test.api('/transfers')).json<TransferList>();
      const { id } = items.find((item) => item.path === path && item.state === 'running')!;
      expect((await test.api(`/transfers/${id}`, { method: 'DELETE' })).status).toBe(204);
      const stateOf = async (): Promise<string | undefined> =>
        (await test.api('/transfers')).json<TransferList>().items.find((item) => item.id === id)?.state;
      await eventually(async () => (await stateOf()) === 'cancelled', { deadline: 60_000 });
    };
    const idle = await begun('tus/idle.bin', 10 * MiB);
    expect((await patch(idle, 0, randomBytes(MiB))).status).toBe(204);
    await cancel('tus/idle.bin');
    await eventually(async () => (await head(idle)).status === 404, { deadline: 60_000 });
    const busy = await begun('tus/busy.bin', 10 * MiB);
    const socket = sendPart(busy, 0, 10 * MiB, randomBytes(MiB));
    await eventually(() => isUnderWay('tus/busy.bin', MiB), { deadline: 60_000 });
    await cancel('tus/busy.bin');
    await eventually(async () => (await head(busy)).status === 404, { deadline: 60_000 });
    socket.destroy();
  });

  it('are refused where they are no tus, or not where they should go on', async () => {
    const at = await begun('tus/refused.bin', 10);
    const noVersion = await test.api(at, { method: 'HEAD' });
    expect([noVersion.status, noVersion.headers['tus-version']]).toEqual([412, '1.0.0']);
    expect((await begin('tus/x', 1, { 'upload-defer-length': '1' })).problem.code).toBe('validation-failed');
    const ahead = await patch(at, 5, randomBytes(5));
    expect([ahead.status, ahead.problem.code, ahead.problem['offset']]).toEqual([409, 'offset-mismatch', 0]);
    expect((await patch(at, 0, randomBytes(11))).status).toBe(413);
    expect((await patch(at, 0, randomBytes(5), { 'content-type': 'text/plain' })).status).toBe(415);
    expect((await test.api(`${at}/finish`, { json: {} })).problem.code).toBe('conflict');
    expect((await begin('../x', 1)).problem.code).toBe('invalid-path');
    expect((await begin('tus/large', 10 ** 12)).status).toBe(507);
    expect((await test.api('/uploads/unknown', { method: 'HEAD', headers: TUS })).status).toBe(400);
    expect((await test.call(`/api/v1${at}`, { method: 'HEAD', headers: TUS })).status).toBe(401);
    const told = await test.api('/uploads', { method: 'OPTIONS' });
    expect([told.status, told.headers['tus-version']]).toEqual([204, '1.0.0']);
    expect(String(told.headers['tus-extension']).split(',').sort()).toEqual([
      'checksum',
      'creation',
      'creation-with-upload',
      'expiration',
      'termination',
    ]);
  });
});

describe('resumable uploads that nobody goes on with', () => {
  it('outlive the node, and are given up in time, bytes and all', async () => {
    const clock = fakeClock(Date.now());
    const test = await startTestNode({}, { clock });
    try {
      const bytes = randomBytes(3 * MiB);
      const headers = { ...TUS, 'upload-length': String(4 * MiB), 'upload-metadata': `path ${base64('late.bin')}` };
      const type = { 'content-type': 'application/offset+octet-stream' };
      const answer = await test.api('/uploads', { method: 'POST', headers: { ...headers, ...type }, body: bytes });
      expect([answer.status, answer.headers['upload-offset']]).toEqual([201, String(bytes.length)]);
      const location = String(answer.headers.location);
      expect(Date.parse(String(answer.headers['upload-expires'])) - clock.now()).toBeGreaterThan(6 * day);
      await test.node.stop();
      const ask = async (node: { url: string; token: string }): Promise<number> =>
        (
          await fetch(new URL(location, node.url), {
            method: 'HEAD',
            headers: { ...TUS, authorization: `Bearer ${node.token}` },
          })
        ).status;
      const again = await startNode(parseConfig(quietEnv(test.dir)), { logger: silent, clock });
      expect(await ask(again)).toBe(200);
      clock.advance(8 * day);
      expect(await ask(again)).toBe(410);
      await again.stop();
      const last = await startNode(parseConfig(quietEnv(test.dir)), { logger: silent, clock });
      try {
        await eventually(async () => (await ask(last)) === 404, { deadline: 60_000 });
        expect((await last.app.get(Placement).reclaim(0)).chunks).toBeGreaterThan(0);
      } finally {
        await last.stop();
      }
    } finally {
      await test.remove();
    }
  });
});
