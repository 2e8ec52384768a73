import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { AwsV4Signer } from 'aws4fetch';
import fc from 'fast-check';
import type { FileInfo, MadeKey, TransferInfo, TransferList } from '@dfs/contracts';
import { Placement } from '@dfs/placement';
import { eventually } from '@dfs/testing';
import { parseConfig } from '../config.js';
import { startNode } from '../start/start.js';
import { quietEnv, silent } from '../testing/running-node.suite.js';
import { MiB, all, base64, crcOf, md5, S3UnderTest, type Asked, type Told } from '../testing/s3-node.suite.js';

describe('S3, in parts and at the door', () => {
  const on = new S3UnderTest();
  const { as, byApi, clientOf, datetime, headText, make, put, putByApi, s3, told, urlOf } = on;
  beforeAll(() => on.start());
  afterAll(() => on.test.remove());

  describe('of an upload in parts', () => {
    const begin = async (name: string, headers = {}): Promise<string> =>
      all((await s3(`/s3/dfs/${name}?uploads`, { method: 'POST', headers })).text, 'UploadId')[0] as string;
    const part = (
      name: string,
      id: string,
      number: number,
      body: Uint8Array<ArrayBuffer>,
      headers = {},
    ): Promise<Told> => put(`/s3/dfs/${name}?partNumber=${number}&uploadId=${id}`, body, headers);
    const named = (parts: [number, string][]): string =>
      `<CompleteMultipartUpload>${parts
        .map(([number, tag]) => `<Part><PartNumber>${number}</PartNumber><ETag>"${tag}"</ETag></Part>`)
        .join('')}</CompleteMultipartUpload>`;
    const complete = (name: string, id: string, parts: [number, string][], headers = {}): Promise<Told> =>
      s3(`/s3/dfs/${name}?uploadId=${id}`, { method: 'POST', body: named(parts), headers });

    it('makes the file that a PUT of the same bytes makes, in whatever order the parts came', async () => {
      const parts = [randomBytes(3 * MiB), randomBytes(2 * MiB), randomBytes(100_000)];
      const whole = Buffer.concat(parts);
      const tags = parts.map((bytes) => md5(bytes));
      const id = await begin('parts/file', { 'content-type': 'text/x-parts', 'x-amz-meta-a': '1' });
      expect((await part('parts/file', id, 7, parts[2]!)).headers.get('etag')).toBe(`"${tags[2]}"`);
      await part('parts/file', id, 2, randomBytes(10));
      await part('parts/file', id, 2, parts[1]!);
      expect((await part('parts/file', id, 3, parts[1]!, { 'content-md5': base64(tags[0]!) })).code).toBe('BadDigest');
      await part('parts/file', id, 1, parts[0]!);
      const listed = await s3(`/s3/dfs/parts/file?uploadId=${id}&max-parts=2`);
      expect([all(listed.text, 'PartNumber'), all(listed.text, 'NextPartNumberMarker')]).toEqual([['1', '2'], ['2']]);
      expect(all((await s3('/s3/dfs?uploads&prefix=parts/')).text, 'UploadId')).toEqual([id]);
      const [one, two, three] = tags as [string, string, string];
      for (const [wrong, code] of [
        [[[1, two]], 'InvalidPart'],
        [
          [
            [1, one],
            [4, two],
          ],
          'InvalidPart',
        ],
        [
          [
            [2, two],
            [1, one],
          ],
          'InvalidPartOrder',
        ],
        [[], 'MalformedXML'],
      ] as [[number, string][], string][]) {
        expect((await complete('parts/file', id, wrong)).code).toBe(code);
      }
      const right: [number, string][] = [
        [1, one],
        [2, two],
        [7, three],
      ];
      const tag = `${md5(Buffer.from(tags.join(''), 'hex'))}-3`;
      const done = await complete('parts/file', id, right, {
        ...{ 'x-amz-checksum-type': 'FULL_OBJECT', 'x-amz-checksum-crc32': crcOf(whole) },
      });
      expect([done.status, all(done.text, 'ETag')]).toEqual([200, [`&quot;${tag}&quot;`]]);
      // The answer may have been lost.
      expect(all((await complete('parts/file', id, right)).text, 'ETag')).toEqual([`&quot;${tag}&quot;`]);
      const head = await s3('/s3/dfs/parts/file', { method: 'HEAD' });
      expect(Object.fromEntries(head.headers)).toMatchObject({
        ...{ etag: `"${tag}"`, 'content-type': 'text/x-parts', 'x-amz-meta-a': '1' },
      });
      expect((await byApi('parts/file')).bytes.equals(whole)).toBe(true);
      const { contentId } = await putByApi('parts/put', whole);
      expect((await on.test.api('/files?path=parts/file')).json<{ items: FileInfo[] }>().items[0]?.contentId).toBe(
        contentId,
      );
      expect((await part('parts/file', id, 1, parts[0]!)).code).toBe('NoSuchUpload');
    });

    it('takes ranges of other files as parts, and is given up', async () => {
      const bytes = randomBytes(400_000);
      await put('/s3/dfs/parts/source', bytes);
      const id = await begin('parts/copied');
      const copied = await s3(`/s3/dfs/parts/copied?partNumber=1&uploadId=${id}`, {
        ...{
          method: 'PUT',
          headers: { 'x-amz-copy-source': 'dfs/parts/source', 'x-amz-copy-source-range': 'bytes=5-99' },
        },
      });
      const tag = md5(bytes.subarray(5, 100));
      expect([copied.status, all(copied.text, 'ETag')]).toEqual([200, [`&quot;${tag}&quot;`]]);
      expect((await complete('parts/copied', id, [[1, tag]])).status).toBe(200);
      expect((await byApi('parts/copied')).bytes.equals(bytes.subarray(5, 100))).toBe(true);

      const other = await begin('parts/given-up');
      await part('parts/given-up', other, 1, bytes);
      const stranger = await make({ name: 'other', scope: 'write' });
      const theirs = await as(stranger, `/s3/dfs/parts/given-up?uploadId=${other}`, { method: 'DELETE' });
      expect(theirs.code).toBe('NoSuchUpload');
      expect((await s3(`/s3/dfs/parts/given-up?uploadId=${other}`, { method: 'DELETE' })).status).toBe(204);
      expect((await part('parts/given-up', other, 2, bytes)).code).toBe('NoSuchUpload');
      expect((await byApi('parts/given-up')).status).toBe(404);
      for (const number of ['0', '10001', 'x']) {
        const id = await begin('parts/wrong');
        expect((await put(`/s3/dfs/parts/wrong?partNumber=${number}&uploadId=${id}`, 'x')).code).toBe(
          'InvalidArgument',
        );
      }
    });
  });

  it('lists an upload in parts among the transfers, where it is cancelled for good', async () => {
    const transfers = async (path: string): Promise<TransferInfo[]> =>
      (await on.test.api('/transfers')).json<TransferList>().items.filter((item) => item.path === path);
    const begin = async (name: string): Promise<string> =>
      all((await s3(`/s3/dfs/${name}?uploads`, { method: 'POST' })).text, 'UploadId')[0] as string;
    const bytes = randomBytes(9 * MiB);
    const id = await begin('listed/file');
    expect(await transfers('listed/file')).toEqual([]);
    await put(`/s3/dfs/listed/file?partNumber=2&uploadId=${id}`, bytes.subarray(0, 8 * MiB));
    await put(`/s3/dfs/listed/file?partNumber=1&uploadId=${id}`, bytes.subarray(8 * MiB));
    expect(await transfers('listed/file')).toMatchObject([
      { kind: 'upload', state: 'running', bytes: null, verifiedBytes: bytes.length },
    ]);
    const tags = [bytes.subarray(8 * MiB), bytes.subarray(0, 8 * MiB)].map((part) => md5(part));
    const named = tags.map((tag, at) => `<Part><PartNumber>${at + 1}</PartNumber><ETag>${tag}</ETag></Part>`);
    const body = `<CompleteMultipartUpload>${named.join('')}</CompleteMultipartUpload>`;
    expect((await s3(`/s3/dfs/listed/file?uploadId=${id}`, { method: 'POST', body })).status).toBe(200);
    const size = bytes.length;
    expect(await transfers('listed/file')).toMatchObject([{ state: 'finished', bytes: size, verifiedBytes: size }]);

    const other = await begin('listed/cancelled');
    await put(`/s3/dfs/listed/cancelled?partNumber=1&uploadId=${other}`, bytes);
    const [running] = await transfers('listed/cancelled');
    expect((await on.test.api(`/transfers/${running?.id}`, { method: 'DELETE' })).status).toBe(204);
    const isGone = async (): Promise<boolean> =>
      (await s3(`/s3/dfs/listed/cancelled?uploadId=${other}`)).code === 'NoSuchUpload';
    await eventually(isGone, { deadline: 60_000 });
    await eventually(async () => (await transfers('listed/cancelled'))[0]?.state === 'cancelled', {
      deadline: 60_000,
    });
    expect((await put(`/s3/dfs/listed/cancelled?partNumber=2&uploadId=${other}`, 'x')).code).toBe('NoSuchUpload');

    const third = await begin('listed/coming');
    const path = `/s3/dfs/listed/coming?partNumber=1&uploadId=${third}`;
    const socket = connect(on.test.port, '127.0.0.1');
    let answer = '';
    socket.on('error', () => undefined).on('data', (data) => (answer += String(data)));
    socket.write(await headText(path, { 'content-length': String(20 * MiB) }));
    socket.write(randomBytes(10 * MiB));
    try {
      await eventually(async () => (await transfers('listed/coming')).length === 1, { deadline: 60_000 });
      const [coming] = await transfers('listed/coming');
      expect((await on.test.api(`/transfers/${coming?.id}`, { method: 'DELETE' })).status).toBe(204);
      await eventually(() => /^HTTP\/1\.1 409 [\s\S]*<Code>OperationAborted<\/Code>/.test(answer), {
        deadline: 60_000,
      });
    } finally {
      socket.destroy();
    }
    expect((await s3(`/s3/dfs/listed/coming?uploadId=${third}`)).code).toBe('NoSuchUpload');
    expect(await transfers('listed/coming')).toMatchObject([{ state: 'cancelled' }]);
  });

  describe('lets in', () => {
    it('those whose signature is right, of an active key, at the time', async () => {
      await put('/s3/dfs/in', 'in');
      const codeOf = async (who: Pick<MadeKey, 'id' | 'secret'>, asked: Asked = {}) =>
        (await as(who, '/s3/dfs/in', asked)).code;
      expect(await codeOf({ ...on.key, secret: 'x'.repeat(43) })).toBe('SignatureDoesNotMatch');
      expect(await codeOf({ ...on.key, id: 'a'.repeat(16) })).toBe('InvalidAccessKeyId');
      const [reader, revoked] = [await make({ name: 'r', scope: 'read' }), await make({ name: 'x', scope: 'write' })];
      expect(await codeOf(reader)).toBeUndefined();
      expect(await codeOf(reader, { method: 'PUT', body: 'y' })).toBe('AccessDenied');
      expect(await codeOf(reader, { method: 'DELETE' })).toBe('AccessDenied');
      expect(await codeOf(revoked)).toBeUndefined();
      await on.test.api(`/keys/${revoked.id}`, { method: 'DELETE' });
      expect(await codeOf(revoked)).toBe('InvalidAccessKeyId');
      expect((await told(await fetch(urlOf('/s3/dfs/in')))).code).toBe('AccessDenied');
      expect((await told(await fetch(urlOf('/S3/dfs/in')))).code).toBe('AccessDenied');
      const bearer = await fetch(urlOf('/s3/dfs/in'), { headers: { authorization: `Bearer ${on.test.node.token}` } });
      expect((await told(bearer)).code).toBe('InvalidRequest');
      expect(await codeOf(on.key, { headers: { origin: 'http://evil.example' } })).toBe('AccessDenied');
      const late = datetime();
      on.clock.advance(16 * 60_000);
      const stale = await clientOf(on.key).fetch(urlOf('/s3/dfs/in'), { aws: { datetime: late, allHeaders: true } });
      expect((await told(stale)).code).toBe('RequestTimeTooSkewed');
    });

    it('whoever has a signed address, until its time is over, and runs nothing in a browser', async () => {
      await put('/s3/dfs/page.html', '<script>1</script>', { 'content-type': 'text/html' });
      const url = new URL(urlOf('/s3/dfs/page.html'));
      url.searchParams.set('X-Amz-Expires', '60');
      url.searchParams.set('response-content-disposition', 'inline; filename="a b"');
      const { url: signed } = await new AwsV4Signer({
        ...{ method: 'GET', url: url.href, service: 's3', region: 'us-east-1', signQuery: true, datetime: datetime() },
        ...{ accessKeyId: on.key.id, secretAccessKey: on.key.secret },
      }).sign();
      const answer = await told(await fetch(signed));
      expect([answer.status, answer.text]).toEqual([200, '<script>1</script>']);
      expect(Object.fromEntries(answer.headers)).toMatchObject({
        ...{ 'content-type': 'application/octet-stream', 'content-disposition': 'inline; filename="a b"' },
        ...{ 'x-content-type-options': 'nosniff', 'content-security-policy': "default-src 'none'; sandbox" },
      });
      expect((await told(await fetch(signed, { method: 'PUT', body: 'x' }))).code).toBe('SignatureDoesNotMatch');
      on.clock.advance(61_000);
      expect((await told(await fetch(signed))).code).toBe('AccessDenied');
    });

    it('a key with a prefix to a network that ends there', async () => {
      const prefixed = await make({ name: 'p', scope: 'write', prefix: 'mine' });
      await put('/s3/dfs/mine/a', 'a');
      await put('/s3/dfs/theirs', 'b');
      const mine = (path: string, asked: Asked = {}): Promise<Told> => as(prefixed, path, asked);
      expect(all((await mine('/s3/dfs?list-type=2')).text, 'Key')).toEqual(['mine/a']);
      expect(all((await mine('/s3/dfs?list-type=2&delimiter=/')).text, 'Prefix').slice(1)).toEqual(['mine/']);
      expect(all((await mine('/s3/dfs?list-type=2&prefix=theirs')).text, 'Key')).toEqual([]);
      expect((await mine('/s3/dfs/mine/a')).text).toBe('a');
      const from = { 'x-amz-copy-source': '/dfs/theirs' };
      for (const [path, asked] of [
        ['/s3/dfs/theirs', {}],
        ['/s3/dfs/theirs', { method: 'PUT', body: 'x' }],
        ['/s3/dfs/theirs', { method: 'DELETE' }],
        ['/s3/dfs/theirs?uploads', { method: 'POST' }],
        ['/s3/dfs/mine/b', { method: 'PUT', headers: from }],
      ] as [string, Asked][]) {
        expect([path, (await mine(path, asked)).code]).toEqual([path, 'NoSuchKey']);
      }
      const body = '<Delete><Object><Key>theirs</Key></Object></Delete>';
      expect(all((await mine('/s3/dfs?delete', { method: 'POST', body })).text, 'Code')).toEqual(['NoSuchKey']);
      expect((await byApi('theirs')).text).toBe('b');
    });
  });

  it('answers whatever is signed, and is at fault for none of it', async () => {
    const text = fc.oneof(
      fc.constantFrom('', '0', '-1', '2', '1e9', '99999999999999999999', '/', 'a/', '%', '\u00fc', '*'),
      fc.string(),
    );
    const names = [
      ...[
        'list-type',
        'prefix',
        'delimiter',
        'marker',
        'max-keys',
        'start-after',
        'continuation-token',
        'encoding-type',
      ],
      ...[
        'uploads',
        'uploadId',
        'partNumber',
        'delete',
        'acl',
        'versionId',
        'tagging',
        'location',
        'max-parts',
        'key-marker',
      ],
      ...['response-content-type', 'response-expires', 'part-number-marker', 'max-uploads', 'upload-id-marker'],
    ];
    const headers = [
      ...[
        'x-amz-copy-source',
        'x-amz-copy-source-range',
        'x-amz-metadata-directive',
        'x-amz-meta-a',
        'range',
        'if-match',
      ],
      ...[
        'if-none-match',
        'if-modified-since',
        'content-md5',
        'x-amz-checksum-crc32',
        'x-amz-checksum-mode',
        'x-amz-trailer',
      ],
      ...['x-amz-decoded-content-length', 'x-amz-acl', 'content-type', 'if-range', 'x-amz-copy-source-if-match'],
    ];
    const request = fc.record({
      method: fc.constantFrom('GET', 'HEAD', 'PUT', 'POST', 'DELETE', 'PATCH', 'OPTIONS'),
      path: fc.oneof(
        fc.constantFrom('', 'dfs', 'dfs/', 'dfs/a', 'dfs/a/', 'dfs//'),
        text.map((key) => `dfs/${encodeURIComponent(key.toWellFormed())}`),
      ),
      query: fc.uniqueArray(fc.tuple(fc.constantFrom(...names), text), { maxLength: 3, selector: ([name]) => name }),
      headers: fc.uniqueArray(fc.tuple(fc.constantFrom(...headers), text), {
        maxLength: 3,
        selector: ([name]) => name,
      }),
      hash: fc.constantFrom(
        'UNSIGNED-PAYLOAD',
        'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
        'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
        'x',
      ),
      body: fc.constantFrom('', 'a', '0\r\n\r\n', '<Delete><Object><Key>a</Key></Object></Delete>', '<a>'.repeat(50)),
    });
    await fc.assert(
      fc.asyncProperty(request, async ({ method, path, query, headers: pairs, hash, body }) => {
        const search = new URLSearchParams(
          query.map(([name, value]): [string, string] => [name, value.toWellFormed()]),
        );
        const printable = pairs.map(([name, value]) => [name, value.replace(/[^ -~]/g, '').trim()] as const);
        const asked = { ...Object.fromEntries(printable), 'x-amz-content-sha256': hash };
        const hasBody = ['PUT', 'POST', 'PATCH', 'DELETE'].includes(method);
        const answer = await s3(`/s3/${path}?${search.toString()}`, {
          method,
          headers: asked,
          ...(hasBody && { body }),
        });
        expect([200, 204, 206, 304, 400, 403, 404, 405, 409, 411, 412, 416, 501]).toContain(answer.status);
      }),
      { numRuns: 150, seed: 7 },
    );
    expect((await s3('/s3/dfs?list-type=2')).status).toBe(200);
  });

  // The last one: the node is another one afterwards.
  it('keeps parts over a restart, and while the store is cleared of what nothing needs', async () => {
    const [one, two] = [randomBytes(300_000), randomBytes(100_000)];
    const path = '/s3/dfs/parts/kept';
    const id = all((await s3(`${path}?uploads`, { method: 'POST' })).text, 'UploadId')[0];
    await put(`${path}?partNumber=2&uploadId=${id}`, two);
    await on.test.node.app.get(Placement).reclaim(0);
    await on.test.node.stop();
    const again = await startNode(parseConfig(quietEnv(on.test.dir)), { logger: silent, clock: on.clock });
    try {
      on.base = new URL(again.url).origin;
      await put(`${path}?partNumber=1&uploadId=${id}`, one);
      const parts = [one, two].map(
        (bytes, at) => `<Part><PartNumber>${at + 1}</PartNumber><ETag>${md5(bytes)}</ETag></Part>`,
      );
      const body = `<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`;
      expect((await s3(`${path}?uploadId=${id}`, { method: 'POST', body })).status).toBe(200);
      expect((await s3(path)).bytes.equals(Buffer.concat([one, two]))).toBe(true);
    } finally {
      await again.stop();
    }
  });
});
