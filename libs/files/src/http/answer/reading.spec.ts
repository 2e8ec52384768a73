import { createServer, request as httpRequest, type IncomingHttpHeaders, type Server } from 'node:http';
import { connect } from 'node:net';
import fc from 'fast-check';
import { DfsError, MiB } from '@dfs/runtime';
import { eventually, seededRandom } from '@dfs/testing';
import { localNode, type LocalNode } from '../../testing/local-node.suite.js';
import { writePreconditions } from '../headers/preconditions.js';
import { makeInert, sendContent } from './send-content.js';

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
      const [id = '', inline] = (request.url ?? '').slice(1).split('?');
      node.files
        .open(id)
        .then(async (content) => {
          const type = inline && (await node.files.inlineType(content, new AbortController().signal));
          await sendContent(request, response, content, type || null);
        })
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
      // A file that would be run, applied or shown as a page is sent as bytes, whatever its media type.
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

  it.each([
    ['image/png', 'text/html', '89504e470d0a1a0a0000000d', 'image/png'],
    ['a video that is Matroska', 'video/webm', '1a45dfa3', 'video/webm'],
    ['a video that its uploader took for text', 'text/plain', '000000186674797069736f6d', 'video/mp4'],
    ['PDF', 'application/pdf', Buffer.from('%PDF-1.7').toString('hex'), 'application/pdf'],
    ['markup', 'image/png', Buffer.from('<svg onload="alert(1)"/>').toString('hex'), null],
    ['text', 'text/plain', Buffer.from('text').toString('hex'), null],
    ['nothing', 'image/png', '', null],
  ])('shows %s within a page of this node only by what its bytes are', async (what, mediaType, hex, shown) => {
    const body = Buffer.from(hex, 'hex');
    const { file } = await node.files.upload({ path: `inline/${what}`, body: once(body), mediaType });
    for (const headers of [{}, { range: 'bytes=1-2' }]) {
      const answer = await get(headers, 'GET', `${file.id}?inline`);
      const policy = String(answer.headers['content-security-policy']);
      expect(policy).toContain('sandbox');
      if (body.length === 0 && 'range' in headers) continue;
      expect(String(answer.headers['content-disposition']).split(';')[0]).toBe(shown ? 'inline' : 'attachment');
      if (shown) expect(answer.headers['content-type']).toBe(shown);
      expect(policy.includes("frame-ancestors 'self'")).toBe(shown !== null);
      expect(answer.headers['x-content-type-options']).toBe('nosniff');
    }
    const saved = await get({}, 'GET', file.id);
    expect(saved.headers['content-disposition']).toMatch(/^attachment/);
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
      // A content that nobody promises may be here all the same.
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

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
