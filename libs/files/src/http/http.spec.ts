import { createHash } from 'node:crypto';
import { createServer, request as httpRequest, type IncomingHttpHeaders, type Server } from 'node:http';
import { connect } from 'node:net';
import fc from 'fast-check';
import { DfsError, MiB } from '@dfs/runtime';
import { eventually, seededRandom } from '@dfs/testing';
import { announcedDigests } from './headers/digest-header.js';
import { localNode, pieces, type LocalNode } from '../testing/local-node.suite.js';
import { mediaTypeFor } from '../read/media-type.js';
import { multipartFiles } from './body/multipart.js';
import { writePreconditions } from './headers/preconditions.js';
import { goneSignal, requestBody } from './body/request-body.js';
import { makeInert, sendContent } from './answer/send-content.js';

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

describe('reading a content by HTTP', () => {
  let node: LocalNode;
  let server: Server;
  let port: number;
  let fileId: string;
  let contentId: string;
  let version: string;
  let lastError: unknown;
  const bytes = Buffer.from(seededRandom(1).bytes(6 * MiB));

  beforeAll(async () => {
    node = await localNode();
    server = createServer((request, response) => {
      makeInert(response);
      const id = (request.url ?? '').slice(1);
      node.files
        .open(id)
        .then((content) => sendContent(request, response, content))
        .catch((error: unknown) => {
          lastError = error;
          if (response.headersSent) return response.destroy();
          response.statusCode = error instanceof DfsError ? error.status : 500;
          response.end(error instanceof DfsError ? error.code : 'unexpected');
        });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    port = (server.address() as { port: number }).port;
    const { file } = await node.files.upload({
      path: 'Grüße "an" alle 👋.html',
      body: once(bytes),
      mediaType: 'text/html',
    });
    fileId = file.id;
    contentId = file.contentId;
    version = file.version;
  });
  beforeEach(() => (node.placement.beforeChunk = () => undefined));
  afterAll(async () => {
    server.closeAllConnections();
    server.close();
    await node.remove();
  });

  const get = (headers: object = {}, method = 'GET', id = fileId): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const request = httpRequest(
        { port, host: '127.0.0.1', path: `/${id}`, method, headers: { ...headers } },
        (answer) => {
          const parts: Buffer[] = [];
          answer.on('data', (part: Buffer) => parts.push(part));
          answer.on('error', reject);
          answer.on('end', () =>
            resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(parts) }),
          );
        },
      );
      request.on('error', reject);
      request.end();
    });

  it('gives the whole, as an attachment that can do nothing', async () => {
    const answer = await get();
    expect(answer.status).toBe(200);
    expect(Buffer.compare(answer.body, bytes)).toBe(0);
    expect(answer.headers).toMatchObject({
      // What would be run, applied or shown as a page is sent as bytes, whatever it is known to be.
      'content-type': 'application/octet-stream',
      'x-dfs-version': version,
      'content-length': String(bytes.length),
      etag: `"${contentId}"`,
      'accept-ranges': 'bytes',
      'x-content-type-options': 'nosniff',
      'content-security-policy': expect.stringContaining('sandbox'),
      'cache-control': 'private, no-cache',
    });
    expect(answer.headers['content-disposition']).toMatch(
      /^attachment; filename="Gr.*html"; filename\*=UTF-8''Gr%C3%BC%C3%9Fe%20%22an%22%20alle%20%F0%9F%91%8B\.html$/,
    );
  });

  it('gives any single range, byte for byte', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.nat(bytes.length - 1), async (a, b) => {
        const [first, last] = a < b ? [a, b] : [b, a];
        const answer = await get({ range: `bytes=${first}-${last}` });
        expect(answer.status).toBe(206);
        expect(answer.headers['content-range']).toBe(`bytes ${first}-${last}/${bytes.length}`);
        expect(Buffer.compare(answer.body, bytes.subarray(first, last + 1))).toBe(0);
      }),
      { numRuns: 25 },
    );
  });

  it.each([
    ['to the end', 'bytes=6291400-', 206, 56],
    ['the last ones', 'bytes=-10', 206, 10],
    ['beyond the end', 'bytes=6291450-99999999', 206, 6],
    ['outside', 'bytes=6291456-', 416, undefined],
    ['the last ones, of which there are fewer', 'bytes=-99999999', 206, 6 * MiB],
    ['backwards: makes no sense, and is passed over', 'bytes=5-2', 200, 6 * MiB],
    ['of another unit', 'lines=1-2', 200, 6 * MiB],
    ['several, one suffix too long', 'bytes=0-1,-99999999', 200, 6 * MiB],
    ['several, one of them there', 'bytes=6291456-,0-1', 206, 2],
    ['several, all outside', 'bytes=6291456-,7000000-', 416, undefined],
    ['nonsense', 'bytes', 200, 6 * MiB],
    ['several', 'bytes=0-1,5-6', 200, 6 * MiB],
  ])('a range %s', async (_what, range, status, length) => {
    const answer = await get({ range });
    expect(answer.status).toBe(status);
    if (length !== undefined) expect(answer.body).toHaveLength(length);
    expect(answer.headers['content-security-policy']).toContain('sandbox');
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
  });

  it('honours If-None-Match, If-Range and If-Match', async () => {
    const tag = `"${contentId}"`;
    const known = await get({ 'if-none-match': `"other", W/${tag}` });
    expect([known.status, known.body.length, known.headers.etag]).toEqual([304, 0, tag]);
    expect(known.headers['content-security-policy']).toContain('sandbox');
    expect(known.headers['content-disposition']).toBe((await get()).headers['content-disposition']);
    expect(known.headers['content-disposition']).toMatch(/^attachment;/);
    expect((await get({ 'if-none-match': '*' })).status).toBe(304);
    expect((await get({ 'if-none-match': '"other"', range: 'bytes=0-0' })).status).toBe(206);
    expect((await get({ 'if-range': tag, range: 'bytes=0-0' })).status).toBe(206);
    expect((await get({ 'if-range': '"other"', range: 'bytes=0-0' })).status).toBe(200);
    expect((await get({ 'if-range': `W/${tag}`, range: 'bytes=0-0' })).status).toBe(200);
    expect((await get({ 'if-match': tag, range: 'bytes=0-0' })).status).toBe(206);
    expect((await get({ 'if-match': '"other"' })).status).toBe(412);
    // Not that the file has changed: this header has no meaning, here as in a write.
    for (const malformed of ['other', tag.slice(1), `${tag} ${tag}`]) {
      expect((await get({ 'if-match': malformed })).status).toBe(400);
    }
    const later = new Date(Date.now() + 60_000).toUTCString();
    expect((await get({ 'if-modified-since': later })).status).toBe(304);
    expect((await get({ 'if-modified-since': 'Thu, 01 Jan 1970 00:00:00 GMT', range: 'bytes=0-0' })).status).toBe(206);
  });

  it('tells versions of the same content apart, where it is asked to', async () => {
    const tag = `"v:${version}"`;
    const other = `"v:${'0'.repeat(64)}"`;
    expect((await get({ 'if-none-match': tag })).status).toBe(304);
    expect((await get({ 'if-none-match': other, range: 'bytes=0-0' })).status).toBe(206);
    expect((await get({ 'if-match': tag, range: 'bytes=0-0' })).status).toBe(206);
    expect((await get({ 'if-match': other })).status).toBe(412);
    expect((await get({ 'if-match': `W/${tag}` })).status).toBe(412);
    expect((await get({ 'if-range': tag, range: 'bytes=0-0' })).status).toBe(206);
    expect((await get({ 'if-range': other, range: 'bytes=0-0' })).status).toBe(200);
  });

  it('takes dates as HTTP writes them, and passes over others', async () => {
    const modified = String((await get({ range: 'bytes=0-0' })).headers['last-modified']);
    const [before, after] = [-1000, 1000].map((ms) => new Date(Date.parse(modified) + ms).toUTCString());
    const status = async (headers: object): Promise<number> => (await get({ range: 'bytes=0-0', ...headers })).status;
    expect(await status({ 'if-modified-since': modified })).toBe(304);
    expect(await status({ 'if-modified-since': after })).toBe(304);
    expect(await status({ 'if-modified-since': before })).toBe(206);
    expect(await status({ 'if-unmodified-since': modified })).toBe(206);
    expect(await status({ 'if-unmodified-since': before })).toBe(412);
    for (const lax of ['2999-01-01', '32503680000000', 'tomorrow']) {
      expect(await status({ 'if-modified-since': lax })).toBe(206);
      expect(await status({ 'if-unmodified-since': lax.replace('2999', '1999') })).toBe(206);
    }
    // A tag says more, and the date beside it nothing.
    expect(await status({ 'if-modified-since': modified, 'if-none-match': '"other"' })).toBe(206);
    expect(await status({ 'if-unmodified-since': before, 'if-match': '*' })).toBe(206);
  });

  it('does not take two versions of one second for one', async () => {
    const put = async (text: string) =>
      (await node.files.upload({ path: 'hasty.txt', body: once(Buffer.from(text)) })).file;
    let [first, second] = [await put('one'), await put('two')];
    // Unless a second has just passed between them; then the next two are asked.
    const secondOf = ({ modifiedAt }: { modifiedAt: string }) => Math.floor(Date.parse(modifiedAt) / 1000);
    while (secondOf(first) !== secondOf(second)) [first, second] = [second, await put(`${second.version} again`)];
    const date = new Date(first.modifiedAt).toUTCString();
    expect((await get({ 'if-modified-since': date }, 'GET', first.id)).status).toBe(200);
    expect((await get({ 'if-unmodified-since': date }, 'GET', first.id)).status).toBe(412);
    const later = new Date(Date.parse(date) + 1000).toUTCString();
    expect((await get({ 'if-modified-since': later }, 'GET', first.id)).status).toBe(304);
    const write = (ifUnmodifiedSince: string) =>
      node.files.upload({ path: 'hasty.txt', body: once(Buffer.from('x')), ...since(ifUnmodifiedSince) });
    const since = (text: string) => writePreconditions({ 'if-unmodified-since': text });
    await expect(write(date)).rejects.toMatchObject({ code: 'precondition-failed' });
    expect((await write(later)).outcome).toBe('updated');
  });

  it.each(['script', 'style', 'serviceworker', 'object'])('is not for use as %s', async (destination) => {
    const answer = await get({ 'sec-fetch-dest': destination });
    expect([answer.status, answer.body.toString()]).toEqual([403, 'forbidden']);
  });

  it.each(['document', 'empty', 'image', 'iframe'])('is for download and show by %s', async (destination) => {
    expect((await get({ 'sec-fetch-dest': destination, range: 'bytes=0-0' })).status).toBe(206);
  });

  it('answers HEAD as GET where nobody has the bytes', async () => {
    const fail = (): never => {
      throw new DfsError('content-unavailable', 'Nobody has it.');
    };
    node.placement.beforeChunk = fail;
    expect((await get()).status).toBe(503);
    node.placement.state = 'unavailable';
    try {
      expect((await get({}, 'HEAD')).status).toBe(503);
      // What nobody promises may be here all the same.
      node.placement.beforeChunk = () => undefined;
      expect((await get({}, 'HEAD')).status).toBe(200);
    } finally {
      node.placement.state = 'limited';
    }
  });

  it('answers HEAD like GET, without reading a byte', async () => {
    node.placement.beforeChunk = () => {
      throw new Error('read');
    };
    const answer = await get({}, 'HEAD');
    expect(answer).toMatchObject({
      status: 200,
      headers: { 'content-length': String(bytes.length), etag: `"${contentId}"` },
    });
    expect(answer.body).toHaveLength(0);
  });

  it('gives an empty file, and no range of it', async () => {
    const { file } = await node.files.upload({ path: 'empty', body: once(Buffer.alloc(0)) });
    expect(await get({}, 'GET', file.id)).toMatchObject({ status: 200, headers: { 'content-length': '0' } });
    expect((await get({ range: 'bytes=0-' }, 'GET', file.id)).status).toBe(416);
  });

  it('answers an error as long as nothing was sent, and cuts the connection after that', async () => {
    node.placement.beforeChunk = () => {
      throw new DfsError('content-unavailable', 'Nobody has it.');
    };
    const early = await get();
    expect([early.status, early.body.toString()]).toEqual([503, 'content-unavailable']);
    node.placement.beforeChunk = (index) => {
      if (index > 1) throw new DfsError('chunk-damaged', 'wrong bytes');
    };
    await expect(get()).rejects.toThrow(/aborted|hang up|reset/);
  });

  it('stops reading when the client goes away, and waits for one that is slow', async () => {
    let chunks = 0;
    node.placement.beforeChunk = () => void chunks++;
    const total = (await node.files.chunks(fileId, { limit: 1 })).total;
    const socket = connect(port, '127.0.0.1');
    socket.pause();
    lastError = undefined;
    socket.write(`GET /${fileId} HTTP/1.1\r\nHost: x\r\n\r\n`);
    await eventually(() => chunks > 0);
    // Nobody reads: what is sent is what the kernel holds, and no more chunks are asked for.
    let before = -1;
    await eventually(() => before === (before = chunks), { poll: 200 });
    expect(chunks).toBeLessThanOrEqual(total);
    socket.destroy();
    await eventually(() => lastError !== undefined || chunks >= total);
  });
});

describe('multipart bodies', () => {
  const BOUNDARY = 'b0undary';
  const headers = { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` };
  const field = (name: string, value: string) =>
    `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
  const file = (fileName: string, body: string, type = 'application/octet-stream', name = 'file') =>
    `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"; filename="${fileName}"\r\nContent-Type: ${type}\r\n\r\n${body}\r\n`;
  const end = `--${BOUNDARY}--\r\n`;

  const read = async (body: string, size = 7, heads: object = headers) => {
    const source = Buffer.from(body);
    async function* parts(): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < source.length; at += size) yield source.subarray(at, at + size);
    }
    const found: { path: string; mediaType: string | undefined; text: string }[] = [];
    for await (const part of multipartFiles({ ...heads }, parts())) {
      const chunks: Uint8Array[] = [];
      for await (const chunk of part.body) chunks.push(chunk);
      found.push({ path: part.path, mediaType: part.mediaType, text: Buffer.concat(chunks).toString() });
    }
    return found;
  };

  it.each([1, 7, 100_000])('give files with their paths, in pieces of %i bytes', async (size) => {
    const body =
      field('path', 'photos/Grüße 👋.txt') +
      file('x.txt', 'one', 'text/plain') +
      file('ohne/Pfad ü.bin', '') +
      file('c', 'three\r\n--b0und') +
      end;
    expect(await read(body, size)).toEqual([
      { path: 'photos/Grüße 👋.txt', mediaType: 'text/plain', text: 'one' },
      { path: 'ohne/Pfad ü.bin', mediaType: 'application/octet-stream', text: '' },
      { path: 'c', mediaType: 'application/octet-stream', text: 'three\r\n--b0und' },
    ]);
  });

  it.each([
    ['another field', field('colour', 'red') + file('a', 'x') + end, 'validation-failed'],
    ['a file by another name', file('a', 'x', 'text/plain', 'upload') + end, 'validation-failed'],
    ['a path without a file', file('a', 'x') + field('path', 'b') + end, 'validation-failed'],
    ['two paths for one file', field('path', 'a') + field('path', 'b') + file('c', 'x') + end, 'validation-failed'],
    ['a time without a file', file('a', 'x') + field('mtime', '1') + end, 'validation-failed'],
    ['two times for one file', field('mtime', '1') + field('mtime', '1') + file('c', 'x') + end, 'validation-failed'],
    ['no end', file('a', 'x'.repeat(500)), 'bad-request'],
    ['a part that is cut', file('a', 'x').slice(0, -20), 'bad-request'],
    ['no multipart at all', 'hello', 'bad-request'],
  ])('are refused for %s', async (_what, body, code) => {
    for (const size of [7, 100_000]) await expect(read(body, size)).rejects.toMatchObject({ code });
  });

  it.each([
    ['a name with quotes, as browsers write it', 'filename="a %22b%22.txt"', 'a "b".txt'],
    ['a name that only looks like that', 'filename="100%25.txt"', '100%25.txt'],
    ['a line break, which no path may have', 'filename="a%0D%0Ab"', 'a\r\nb'],
    ['a starred name behind a plain one', `filename="plain"; filename*=UTF-8''gr%C3%BC%C3%9Fe`, 'grüße'],
    ['a starred name before a plain one', `filename*=UTF-8''gr%C3%BC%C3%9Fe; filename="plain"`, 'grüße'],
    ['a starred name that is quoted', `filename*="UTF-8''a%20b"; filename="plain"`, 'a b'],
    ['a starred name alone', `filename*=utf-8'en'a%22b`, 'a"b'],
    ['a starred name nobody can read', `filename="plain"; filename*=UTF-8''%FF`, 'plain'],
    ['a bare name', 'filename=bare.txt', 'bare.txt'],
    ['raw UTF-8', 'filename="ünï/cödé.txt"', 'ünï/cödé.txt'],
  ])('take %s', async (_what, parameter, path) => {
    const part = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; ${parameter}\r\n\r\nx\r\n`;
    for (const size of [7, 100_000]) expect(await read(part + end, size)).toMatchObject([{ path, text: 'x' }]);
  });

  it.each([
    ['no name', `--${BOUNDARY}\r\nContent-Type: text/plain\r\n\r\nx\r\n`],
    ['another disposition', `--${BOUNDARY}\r\nContent-Disposition: attachment; name="file"\r\n\r\nx\r\n`],
    ['headers that do not end', `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"\r\n`],
  ])('do not pass over a part with %s', async (_what, part) => {
    for (const body of [file('a', 'x') + part + file('b', 'y') + end, file('a', 'x') + part + end]) {
      for (const size of [7, 100_000]) await expect(read(body, size)).rejects.toMatchObject({ code: 'bad-request' });
    }
  });

  it('refuse the file whose bytes are coded, and no other', async () => {
    const coded = file('b', 'eA==').replace('Content-Type', 'Content-Transfer-Encoding: BASE64\r\nContent-Type');
    const plain = file('c', 'x').replace('Content-Type', 'Content-Transfer-Encoding: 8bit\r\nContent-Type');
    const codes: unknown[] = [];
    for await (const part of multipartFiles(headers, pieces(Buffer.from(file('a', 'x') + coded + plain + end)))) {
      codes.push(part.refused?.code);
      for await (const _ of part.body);
    }
    expect(codes).toEqual([undefined, 'unsupported-media-type', undefined]);
    const path = field('path', 'eA==').replace('\r\n\r\n', '\r\nContent-Transfer-Encoding: base64\r\n\r\n');
    await expect(read(path + file('a', 'x') + end)).rejects.toMatchObject({ code: 'validation-failed' });
  });

  it('give what came whole before a fault, and then the fault', async () => {
    const found: string[] = [];
    const reading = (async () => {
      const body = ['a', 'b', 'c'].map((name) => file(name, 'x')).join('') + field('colour', 'red') + end;
      for await (const part of multipartFiles(headers, pieces(Buffer.from(body)))) {
        found.push(part.path);
        for await (const _ of part.body);
      }
    })();
    await expect(reading).rejects.toMatchObject({ code: 'validation-failed' });
    expect(found).toEqual(['a', 'b', 'c']);
  });

  it('give as many files as one request may have, and then the fault', async () => {
    const most = 10_000;
    async function* body(): AsyncGenerator<Uint8Array> {
      for (let n = 0; n <= most; n++) yield Buffer.from(file(String(n), ''));
      yield Buffer.from(end);
    }
    let count = 0;
    const reading = (async () => {
      for await (const part of multipartFiles(headers, body())) {
        count += 1;
        for await (const _ of part.body);
      }
    })();
    await expect(reading).rejects.toMatchObject({ code: 'payload-too-large' });
    expect(count).toBe(most);
  });

  it('may be followed by what means nothing', async () => {
    const body = `a preamble\r\n${file('a', 'x')}${end}an epilogue\r\n--${BOUNDARY}\r\n`;
    for (const size of [7, 100_000]) expect(await read(body, size)).toMatchObject([{ path: 'a' }]);
  });

  it('take a value longer than is held at once', async () => {
    const [found] = await read(field('path', 'ü'.repeat(200_000)) + file('a', 'x') + end, 65_536);
    expect(found?.text).toBe('x');
    expect(Buffer.byteLength(found!.path)).toBeGreaterThan(1024);
  });

  it('hand what is wrong with the attributes of a file over with that file', async () => {
    const body =
      field('mtime', 'x') + file('a', 'one') + file('b', 'two') + field('meta', 'x'.repeat(9000)) + file('c', '') + end;
    const said: (string | undefined)[] = [];
    async function* whole(): AsyncGenerator<Uint8Array> {
      yield Buffer.from(body);
    }
    for await (const part of multipartFiles(headers, whole())) {
      for await (const bytes of part.body) expect(bytes.length).toBeGreaterThan(0);
      said.push(part.refused?.code ?? JSON.stringify(part.attributes));
    }
    expect(said).toEqual(['validation-failed', '{}', 'validation-failed']);
  });

  it('are refused for their type', async () => {
    await expect(read('x', 7, { 'content-type': 'application/json' })).rejects.toMatchObject({
      code: 'unsupported-media-type',
    });
    await expect(read('x', 7, {})).rejects.toMatchObject({ code: 'unsupported-media-type' });
    await expect(read('x', 7, { 'content-type': 'multipart/form-data; charset=x' })).rejects.toMatchObject({
      code: 'bad-request',
    });
  });

  it('keep too long a path too long, for its file to be refused', async () => {
    const [found] = await read(field('path', 'x'.repeat(10_000)) + file('a', 'x') + end);
    expect(found?.path.length).toBeGreaterThan(1024);
  });

  it('end with the request that brings them', async () => {
    async function* cut(): AsyncGenerator<Uint8Array> {
      yield Buffer.from(file('a', 'x'.repeat(500)).slice(0, 300));
      throw new DfsError('incomplete-body', 'cut');
    }
    const parts = multipartFiles(headers, cut());
    const { value } = await parts.next();
    const reading = (async () => {
      for await (const _ of value!.body);
    })();
    await expect(reading).rejects.toMatchObject({ code: 'incomplete-body' });
    await expect(parts.next()).rejects.toMatchObject({ code: 'incomplete-body' });
  });

  it('can be left early', async () => {
    let closed = false;
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        yield Buffer.from(file('a', 'x'));
        for (;;) yield Buffer.from(file('b', 'y'.repeat(1000)));
      } finally {
        closed = true;
      }
    }
    for await (const part of multipartFiles(headers, endless())) {
      for await (const _ of part.body);
      break;
    }
    await eventually(() => closed);
  });
});

describe('a request body', () => {
  it('is an error when it is cut, when it drips, and when its client is gone', async () => {
    const outcomes: unknown[] = [];
    const gone: AbortSignal[] = [];
    const server = createServer((request, response) => {
      gone.push(goneSignal(response));
      (async () => {
        let size = 0;
        for await (const part of requestBody(request, { windowMs: 300, bytes: 1000 })) size += part.length;
        outcomes.push(size);
        response.end(String(size));
      })().catch((error: unknown) => {
        outcomes.push(error);
        response.statusCode = 400;
        response.end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const send = (then: (socket: ReturnType<typeof connect>) => void): void => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n');
        then(socket);
      });
      socket.on('error', () => undefined);
    };
    try {
      send((socket) => void setTimeout(() => socket.destroy(), 50));
      await eventually(() => outcomes.length === 1);
      expect(outcomes[0]).toMatchObject({ code: 'incomplete-body' });
      await eventually(() => gone[0]?.aborted);
      send((socket) => {
        const timer = setInterval(() => socket.write('x'), 20);
        socket.on('close', () => clearInterval(timer));
      });
      await eventually(() => outcomes.length === 2);
      expect(outcomes[1]).toMatchObject({ code: 'request-timeout', message: expect.stringContaining('slowly') });
      // Silence is met by the timer: nothing ever arrives that could be counted.
      send(() => undefined);
      await eventually(() => outcomes.length === 3);
      expect(outcomes[2]).toMatchObject({ code: 'request-timeout' });
      send((socket) => socket.write('y'.repeat(1000)));
      await eventually(() => outcomes.length === 4);
      expect(outcomes[3]).toBe(1000);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});

describe('headers', () => {
  const [short, long] = ['sha256', 'sha512'].map((name) => createHash(name).digest('base64'));

  it.each([
    [`sha-256=:${short}:`, ['sha256']],
    [`sha-512=:${long}:`, ['sha512']],
    [`md5=:AAAA:, SHA-512=:${long}: , sha-256=:${short}:`, ['sha256', 'sha512']],
    ['md5=:AAAA:, unixsum=:AAAA:', []],
    ['nonsense', []],
  ])('Repr-Digest %s', (header, names) => {
    const found = announcedDigests({ 'repr-digest': header });
    expect(Object.keys(found).sort()).toEqual(names);
    for (const [name, bytes] of Object.entries(found)) expect(bytes).toEqual(createHash(name).digest());
  });

  it.each(['sha-256=:short:', `sha-256=${short}`, 'SHA-256=:*:', `sha-512=:${short}:`, `md5=:AAAA:, sha-512=:AAAA:`])(
    'refuse the digest %s',
    (header) => {
      expect(() => announcedDigests({ 'content-digest': header })).toThrow(DfsError);
    },
  );

  it('refuse two digests that differ', () => {
    const [a, b] = ['A', 'B'].map((letter) => `sha-256=:${letter.repeat(42)}E=:`);
    expect(() => announcedDigests({ 'content-digest': a!, 'repr-digest': b! })).toThrow(/differs/);
  });

  it('If-Match and If-None-Match', () => {
    const cid = 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku';
    expect(writePreconditions({})).toEqual({});
    expect(writePreconditions({ 'if-match': '*' })).toEqual({ ifMatch: '*' });
    expect(writePreconditions({ 'if-match': `"${cid}", W/"${cid}", "other"` })).toEqual({ ifMatch: [cid] });
    expect(writePreconditions({ 'if-none-match': '*' })).toEqual({ ifNoneMatch: '*' });
    const version = `v:${'0a'.repeat(32)}`;
    expect(writePreconditions({ 'if-match': `"${version}", "v:0a", W/"${version}"` })).toEqual({ ifMatch: [version] });
    const since = 'Sun, 06 Nov 1994 08:49:37 GMT';
    const ifUnmodifiedSince = Date.parse(since);
    expect(writePreconditions({ 'if-unmodified-since': since })).toEqual({ ifUnmodifiedSince });
    expect(writePreconditions({ 'if-unmodified-since': since, 'if-match': '*' })).toEqual({ ifMatch: '*' });
    for (const lax of ['2030-01-01', '0', '']) {
      expect(() => writePreconditions({ 'if-unmodified-since': lax })).toThrow(/HTTP date/);
    }
    expect(() => writePreconditions({ 'if-none-match': '"x"' })).toThrow(DfsError);
    expect(() => writePreconditions({ 'if-match': cid })).toThrow(DfsError);
    expect(() => writePreconditions({ 'if-match': Array(40).fill('"x"').join(',') })).toThrow(DfsError);
  });

  it('the media type, from the client or the name', () => {
    expect(mediaTypeFor('a.jpg', undefined)).toBe('image/jpeg');
    expect(mediaTypeFor('a.jpg', 'application/octet-stream')).toBe('image/jpeg');
    expect(mediaTypeFor('a.jpg', 'text/plain; charset=utf-8')).toBe('text/plain; charset=utf-8');
    expect(mediaTypeFor('a.jpg', 'nonsense')).toBe('image/jpeg');
    expect(mediaTypeFor('a.jpg', 'text/plain\r\nX: y')).toBe('image/jpeg');
    expect(mediaTypeFor('a.ts', undefined)).toBe('text/typescript');
    expect(mediaTypeFor('a.ts', 'video/mp2t')).toBe('text/typescript');
    expect(mediaTypeFor('A.TS', 'video/vnd.dlna.mpeg-tts')).toBe('text/typescript');
    expect(mediaTypeFor('a.ts', 'application/x-mine')).toBe('application/x-mine');
    expect(mediaTypeFor('a.m2ts', 'video/mp2t')).toBe('video/mp2t');
    expect(mediaTypeFor('folder.txt/nothing', `a/${'b'.repeat(200)}`)).toBe('application/octet-stream');
  });
});

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
