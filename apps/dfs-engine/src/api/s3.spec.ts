import { createHmac, randomBytes } from 'node:crypto';
import type { FileInfo } from '@dfs/contracts';
import { MiB, all, base64, crcOf, md5, sha256, S3UnderTest, type Told } from '../testing/s3-node.suite.js';

describe('S3', () => {
  const on = new S3UnderTest();
  const { byApi, datetime, headText, put, putByApi, s3, urlOf } = on;
  beforeAll(() => on.start());
  afterAll(() => on.test.remove());

  it('has one bucket with all files, which is there for those who ask', async () => {
    await putByApi('first.txt', 'by the API');
    const buckets = await s3('/s3/');
    expect([buckets.status, all(buckets.text, 'Name')]).toEqual([200, ['dfs']]);
    expect(buckets.headers.get('x-amz-request-id')).toBe(buckets.headers.get('x-request-id'));
    const unsigned = await fetch(urlOf('/s3/'));
    expect([unsigned.status, unsigned.headers.get('x-amz-request-id')]).toEqual([
      403,
      unsigned.headers.get('x-request-id'),
    ]);
    expect((await s3('/s3/dfs', { method: 'HEAD' })).status).toBe(200);
    expect((await s3('/s3/dfs', { method: 'PUT' })).status).toBe(200);
    expect((await s3('/s3/dfs/?location')).text).toContain('LocationConstraint');
    expect((await s3('/s3/dfs/?versioning')).text).toContain('VersioningConfiguration');
    for (const [path, method, status, code] of [
      ['/s3/other', 'GET', 404, 'NoSuchBucket'],
      ['/s3/other/key', 'PUT', 404, 'NoSuchBucket'],
      ['/s3/dfs', 'DELETE', 409, 'BucketNotEmpty'],
      ['/s3/dfs?policy', 'GET', 404, 'NoSuchBucketPolicy'],
      ['/s3/dfs?versions', 'GET', 501, 'NotImplemented'],
      ['/s3/dfs/a?acl', 'PUT', 501, 'NotImplemented'],
      ['/s3/dfs/a?select&select-type=2', 'POST', 501, 'NotImplemented'],
      ['/s3/dfs/nothing', 'GET', 404, 'NoSuchKey'],
      ['/s3/dfs/first.txt?versionId=7', 'GET', 404, 'NoSuchVersion'],
      ['/s3/dfs/a%5Cb', 'GET', 400, 'InvalidArgument'],
      ['/s3/dfs/a%0Ab', 'PUT', 400, 'InvalidArgument'],
      ['/s3/dfs/a/../b'.replace('..', '%2E%2E%2F%2E'), 'PUT', 400, 'InvalidArgument'],
      [`/s3/dfs/${'a'.repeat(1025)}`, 'PUT', 400, 'KeyTooLongError'],
    ] as const) {
      const answer = await s3(path, { method });
      expect([path, answer.status, answer.code]).toEqual([path, status, code]);
      expect(answer.headers.get('content-type')).toBe('application/xml; charset=utf-8');
      expect(all(answer.text, 'RequestId')).toEqual([answer.headers.get('x-request-id')]);
      expect(answer.headers.get('x-amz-request-id')).toBe(answer.headers.get('x-request-id'));
      if (code === 'NoSuchKey') expect(all(answer.text, 'Message')[0]).toMatch(/^There is no file with this key:/);
    }
  });

  it('stores a file as the API does, and gives it back with all that was said of it', async () => {
    const bytes = randomBytes(3 * MiB);
    const mtime = '1700000000.123456789';
    const headers = {
      ...{ 'content-type': 'text/html', 'x-amz-meta-mtime': mtime, 'x-amz-meta-colour': 'green' },
      ...{ 'content-md5': base64(md5(bytes)), 'x-amz-checksum-crc32': crcOf(bytes) },
      'x-amz-content-sha256': sha256(bytes),
    };
    const stored = await put('/s3/dfs/kept/b%20%C3%BC.html', bytes, headers);
    expect([stored.status, stored.headers.get('etag')]).toEqual([200, `"${md5(bytes)}"`]);
    expect(stored.headers.get('x-amz-checksum-crc32')).toBe(crcOf(bytes));
    const file = (await on.test.api(`/files?path=${encodeURIComponent('kept/b ü.html')}`)).json<{
      items: FileInfo[];
    }>();
    expect(file.items[0]).toMatchObject({ mtime: '2023-11-14T22:13:20.123Z', meta: { mtime, colour: 'green' } });
    const [byOther, same] = [await putByApi('kept/same', bytes), file.items[0]];
    expect(byOther.contentId).toBe(same?.contentId);

    const got = await s3('/s3/dfs/kept/b%20%C3%BC.html', { headers: { 'x-amz-checksum-mode': 'ENABLED' } });
    expect(got.bytes.equals(bytes)).toBe(true);
    expect(Object.fromEntries(got.headers)).toMatchObject({
      ...{ etag: `"${md5(bytes)}"`, 'content-type': 'text/html', 'content-length': String(bytes.length) },
      ...{ 'x-amz-meta-mtime': mtime, 'x-amz-meta-colour': 'green', 'x-amz-checksum-sha256': base64(sha256(bytes)) },
    });
    const head = await s3('/s3/dfs/kept/b%20%C3%BC.html', { method: 'HEAD' });
    expect([head.status, head.bytes.length, head.headers.get('content-length')]).toEqual([
      200,
      0,
      String(bytes.length),
    ]);
    const range = await s3('/s3/dfs/kept/b%20%C3%BC.html', { headers: { range: 'bytes=10-19' } });
    expect([range.status, range.headers.get('content-range')]).toEqual([206, `bytes 10-19/${bytes.length}`]);
    expect(range.bytes.equals(bytes.subarray(10, 20))).toBe(true);
    const beyond = await s3('/s3/dfs/kept/b%20%C3%BC.html', { headers: { range: 'bytes=99999999-' } });
    expect([beyond.status, beyond.code]).toEqual([416, 'InvalidRange']);
    // Of a file that came by another way no MD5 is known: its tag is none.
    const other = await s3('/s3/dfs/kept/same', { method: 'HEAD' });
    expect(other.headers.get('etag')).toBe(`"${byOther.contentId}-1"`);
    expect((await put('/s3/dfs/kept/same', bytes)).headers.get('etag')).toBe(other.headers.get('etag'));
    expect((await put('/s3/dfs/kept/empty', '')).headers.get('etag')).toBe(`"${md5('')}"`);
  });

  it('judges conditions by the tags that it tells', async () => {
    const tag = (await put('/s3/dfs/conditions', 'one')).headers.get('etag') as string;
    const get = async (headers: Record<string, string>) => (await s3('/s3/dfs/conditions', { headers })).status;
    expect(await get({ 'if-none-match': tag })).toBe(304);
    expect(await get({ 'if-match': tag })).toBe(200);
    expect(await get({ 'if-match': '"other"' })).toBe(412);
    expect(await get({ 'if-range': tag, range: 'bytes=0-0' })).toBe(206);
    expect(await get({ 'if-range': '"other"', range: 'bytes=0-0' })).toBe(200);
    const write = async (body: string, headers: Record<string, string>) => {
      const { status, code } = await put('/s3/dfs/conditions', body, headers);
      return [status, code];
    };
    expect(await write('two', { 'if-none-match': '*' })).toEqual([412, 'PreconditionFailed']);
    expect(await write('two', { 'if-match': tag })).toEqual([200, undefined]);
    expect(await write('three', { 'if-match': tag })).toEqual([412, 'PreconditionFailed']);
    expect(await write('three', { 'if-match': '*' })).toEqual([200, undefined]);
    expect((await put('/s3/dfs/no-such', 'x', { 'if-match': tag })).code).toBe('NoSuchKey');
    expect((await byApi('conditions')).text).toBe('three');
    // A lock is taken once, also by clients that write the same into it.
    const lock = async (headers: Record<string, string>) => (await put('/s3/dfs/lock', 'held', headers)).status;
    const taken = await Promise.all([1, 2, 3].map(() => lock({ 'if-none-match': '*' })));
    expect(taken.sort()).toEqual([200, 412, 412]);
    const free = (await put('/s3/dfs/lock', 'free')).headers.get('etag') as string;
    expect([await lock({ 'if-match': free }), await lock({ 'if-match': free })]).toEqual([200, 412]);
  });

  it('stores nothing of bytes that are not what was announced', async () => {
    const bytes = Buffer.from('not these');
    const wrong: [Record<string, string>, string][] = [
      [{ 'content-md5': base64(md5('others')) }, 'BadDigest'],
      [{ 'content-md5': 'short' }, 'InvalidDigest'],
      [{ 'x-amz-checksum-crc32': crcOf(Buffer.from('others')) }, 'BadDigest'],
      [{ 'x-amz-checksum-sha256': base64(sha256('others')) }, 'BadDigest'],
      [{ 'x-amz-content-sha256': sha256('others') }, 'XAmzContentSHA256Mismatch'],
      [{ 'x-amz-meta-not_ours': 'a' }, 'InvalidArgument'],
      [{ 'x-amz-meta-long': 'a'.repeat(4000) }, 'MetadataTooLarge'],
      [{ 'x-amz-server-side-encryption': 'AES256' }, 'NotImplemented'],
      [{ 'x-amz-acl': 'public-read' }, 'NotImplemented'],
      [{ 'content-encoding': 'gzip' }, 'NotImplemented'],
    ];
    for (const [headers, code] of wrong) {
      expect([headers, (await put('/s3/dfs/wrong', bytes, headers)).code]).toEqual([headers, code]);
    }
    const huge = await on.test.raw(await headText('/s3/dfs/huge', { 'content-length': String(2 ** 40) }));
    expect(huge).toMatch(/^HTTP\/1\.1 507 [\s\S]*<Code>InsufficientStorage<\/Code>/);
    for (const path of ['wrong', 'huge']) expect((await byApi(path)).status).toBe(404);
  });

  it('takes bodies in signed chunks with a checksum behind them, and nothing of one that is cut or changed', async () => {
    const path = '/s3/dfs/chunked/file';
    const parts = [randomBytes(70_000), randomBytes(20_000)];
    const whole = Buffer.concat(parts);
    const date = datetime();
    const scope = `${date.slice(0, 8)}/us-east-1/s3/aws4_request`;
    const headers = {
      'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
      ...{ 'x-amz-decoded-content-length': String(whole.length), 'x-amz-trailer': 'x-amz-checksum-crc32' },
    };
    const head = await headText(path, { ...headers, 'transfer-encoding': 'chunked' });
    let previous = /Signature=([0-9a-f]{64})/.exec(head)?.[1] ?? '';
    let signing: Buffer | string = `AWS4${on.key.secret}`;
    for (const part of scope.split('/')) signing = createHmac('sha256', signing).update(part).digest();
    const sign = (...lines: string[]): string => {
      const text = [lines[0], date, scope, previous, ...lines.slice(1)].join('\n');
      previous = createHmac('sha256', signing).update(text).digest('hex');
      return previous;
    };
    const framed = [...parts, Buffer.alloc(0)].map((bytes) => {
      const signature = sign('AWS4-HMAC-SHA256-PAYLOAD', sha256(''), sha256(bytes));
      const end = bytes.length > 0 ? '\r\n' : '';
      return Buffer.concat([
        Buffer.from(`${bytes.length.toString(16)};chunk-signature=${signature}\r\n`),
        bytes,
        Buffer.from(end),
      ]);
    });
    const trailer = `x-amz-checksum-crc32:${crcOf(whole)}`;
    const signature = sign('AWS4-HMAC-SHA256-TRAILER', sha256(`${trailer}\n`));
    const body = Buffer.concat([...framed, Buffer.from(`${trailer}\r\nx-amz-trailer-signature:${signature}\r\n\r\n`)]);
    const send = (bytes: Uint8Array): Promise<string> =>
      on.test.raw(
        Buffer.concat([Buffer.from(head + `${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n0\r\n\r\n')]),
      );
    const changed = Buffer.from(body);
    changed[60_000]! ^= 1;
    expect(await send(changed)).toMatch(/^HTTP\/1\.1 403 [\s\S]*<Code>SignatureDoesNotMatch</);
    expect(await send(body.subarray(0, 80_000))).toMatch(/^HTTP\/1\.1 400 [\s\S]*<Code>IncompleteBody</);
    expect((await byApi('chunked/file')).status).toBe(404);
    expect(await send(body)).toMatch(/^HTTP\/1\.1 200 /);
    expect((await byApi('chunked/file')).bytes.equals(whole)).toBe(true);
  });

  it('lists keys in order, a page at a time, by levels and as a whole', async () => {
    const paths = ['l/a', 'l/b/1', 'l/b/2', 'l/c d', 'l/e&f<g>', 'l/z/1'];
    for (const path of paths) await putByApi(path, path);
    await s3('/s3/dfs/l/empty/', { method: 'PUT' });
    const level = await s3('/s3/dfs?list-type=2&prefix=l/&delimiter=/');
    expect(all(level.text, 'Key')).toEqual(['l/a', 'l/c d', 'l/e&amp;f&lt;g&gt;']);
    expect(all(level.text, 'Prefix').slice(1)).toEqual(['l/b/', 'l/empty/', 'l/z/']);
    expect(all(level.text, 'KeyCount')).toEqual(['6']);
    const pages = async (query: string, next: string, parameter: string): Promise<string[]> => {
      const found: string[] = [];
      for (let token: string | undefined = ''; token !== undefined;) {
        const from = token === '' ? '' : `&${parameter}=${encodeURIComponent(decodeURIComponent(token))}`;
        const page = await s3(`/s3/dfs?${query}&max-keys=2${from}`);
        expect(all(page.text, 'Key').length + all(page.text, 'Prefix').length - 1).toBeLessThanOrEqual(2);
        found.push(...all(page.text, 'Key'), ...all(page.text, 'Prefix').slice(1));
        token = all(page.text, 'IsTruncated')[0] === 'true' ? all(page.text, next)[0] : undefined;
      }
      return found.map(decodeURIComponent).sort();
    };
    const whole = [...paths, 'l/empty/'].sort();
    expect(
      await pages('list-type=2&prefix=l/&encoding-type=url', 'NextContinuationToken', 'continuation-token'),
    ).toEqual(whole);
    expect(await pages('prefix=l/&encoding-type=url', 'NextMarker', 'marker')).toEqual(whole);
    expect(await pages('prefix=l/&delimiter=/&encoding-type=url', 'NextMarker', 'marker')).toEqual(
      ['l/a', 'l/b/', 'l/c d', 'l/e&f<g>', 'l/empty/', 'l/z/'].sort(),
    );
    // Clients that take no path in an endpoint ask at the root.
    expect(all((await s3('/dfs?list-type=2&prefix=l/&delimiter=/')).text, 'Key')[0]).toBe('l/a');
    expect(all((await s3('/')).text, 'Name')).toEqual(['dfs']);
    expect((await s3('/dfs/l/a')).text).toBe('l/a');
    expect((await s3('/elsewhere/l/a')).code).toBe('NoSuchBucket');
    expect((await s3('/s3/dfs?list-type=2&continuation-token=mine')).code).toBe('InvalidArgument');
  });

  it('has folders that are empty, and deletes of a folder the record alone', async () => {
    expect((await put('/s3/dfs/folder/', '')).status).toBe(200);
    expect((await put('/s3/dfs/folder/', 'bytes')).code).toBe('InvalidArgument');
    expect((await s3('/s3/dfs/folder/', { method: 'HEAD' })).status).toBe(200);
    await put('/s3/dfs/folder/file', 'x');
    expect((await s3('/s3/dfs/folder/', { method: 'DELETE' })).status).toBe(204);
    expect((await s3('/s3/dfs/folder/', { method: 'HEAD' })).status).toBe(404);
    expect((await byApi('folder/file')).text).toBe('x');
    const taken = await put('/s3/dfs/folder', 'a file where there is a folder');
    expect([taken.status, taken.code]).toEqual([409, 'InvalidRequest']);
  });

  it('passes over nothing that narrows a write or a deletion', async () => {
    const etag = (await put('/s3/dfs/narrow', 'whole')).headers.get('etag') ?? '';
    for (const [method, query, code] of [
      ['PUT', 'partNumber=2', 'InvalidArgument'],
      ['PUT', 'versionId=old', 'NoSuchVersion'],
      ['PUT', 'annotation', 'NotImplemented'],
      ['DELETE', 'versionId=old', 'NoSuchVersion'],
      ['DELETE', 'annotation', 'NotImplemented'],
    ] as const) {
      const body = method === 'PUT' ? { body: 'part' } : {};
      expect([method, query, (await s3(`/s3/dfs/narrow?${query}`, { method, ...body })).code]).toEqual([
        method,
        query,
        code,
      ]);
    }
    expect((await s3('/s3/dfs?annotation', { method: 'PUT' })).code).toBe('NotImplemented');
    expect((await put('/s3/dfs/narrow', 'part', { 'x-amz-write-offset-bytes': '5' })).code).toBe('NotImplemented');
    expect((await put('/s3/dfs/narrow', 'part', { 'content-range': 'bytes 0-3/5' })).code).toBe('NotImplemented');
    for (const [header, value, code] of [
      ['if-match', '"other"', 'PreconditionFailed'],
      ['x-amz-if-match-size', '7', 'NotImplemented'],
    ] as const) {
      const refused = await s3('/s3/dfs/narrow', { method: 'DELETE', headers: { [header]: value } });
      expect([header, refused.code]).toEqual([header, code]);
    }
    const many = (inner: string): Promise<Told> =>
      s3('/s3/dfs?delete', {
        method: 'POST',
        body: `<Delete><Object><Key>narrow</Key>${inner}</Object></Delete>`,
      });
    expect((await many('<ETag>"other"</ETag>')).code).toBe('PreconditionFailed');
    expect((await many('<Size>7</Size>')).code).toBe('NotImplemented');
    expect((await byApi('narrow')).text).toBe('whole');
    expect(all((await many(`<ETag>${etag.replaceAll('"', '&quot;')}</ETag>`)).text, 'Key')).toEqual(['narrow']);
    expect((await byApi('narrow')).status).toBe(404);
  });

  it('deletes one and many, and deletes most of the files for nobody', async () => {
    for (const name of ['a', 'b', 'c']) await put(`/s3/dfs/gone/${name}`, name);
    expect((await s3('/s3/dfs/gone/a', { method: 'DELETE' })).status).toBe(204);
    expect((await s3('/s3/dfs/gone/a', { method: 'DELETE' })).status).toBe(204);
    const many = (keys: string[], more = ''): Promise<Told> =>
      s3('/s3/dfs?delete', {
        method: 'POST',
        body: `<Delete>${more}${keys.map((name) => `<Object><Key>${name}</Key></Object>`).join('')}</Delete>`,
      });
    const deleted = await many(['gone/a', 'gone/b', 'bad\\key']);
    expect(all(deleted.text, 'Key')).toEqual(['gone/a', 'gone/b', 'bad\\key']);
    expect(all(deleted.text, 'Code')).toEqual(['InvalidArgument']);
    const quiet = await many(['gone/c'], '<Quiet>true</Quiet>');
    expect([quiet.status, all(quiet.text, 'Key')]).toEqual([200, []]);
    for (const name of ['a', 'b', 'c']) expect((await byApi(`gone/${name}`)).status).toBe(404);
    expect((await s3('/s3/dfs?delete', { method: 'POST', body: '<!DOCTYPE a [<!ENTITY b "c">]><Delete/>' })).code).toBe(
      'MalformedXML',
    );
    const form = new FormData();
    const names = Array.from({ length: 300 }, (_, n) => `most/${n}`);
    for (const name of names) form.append('file', new Blob([name]), name);
    const stored = await fetch(urlOf('/api/v1/files'), {
      ...{ method: 'POST', body: form, headers: { authorization: `Bearer ${on.test.node.token}` } },
    });
    expect(stored.status).toBe(207);
    const stopped = await many(names);
    expect([stopped.status, stopped.code]).toEqual([409, 'OperationAborted']);
    expect((await byApi('most/7')).text).toBe('most/7');
  });

  it('copies without moving a byte, over what is there and onto itself', async () => {
    const bytes = randomBytes(2 * MiB);
    await put('/s3/dfs/copy/from', bytes, { 'x-amz-meta-a': '1', 'content-type': 'text/csv' });
    await put('/s3/dfs/copy/to', 'something else');
    const copy = (to: string, headers: Record<string, string>): Promise<Told> =>
      s3(`/s3/dfs/copy/${to}`, { method: 'PUT', headers: { 'x-amz-copy-source': '/dfs/copy/from', ...headers } });
    const copied = await copy('to', {});
    expect([copied.status, all(copied.text, 'ETag')]).toEqual([200, [`&quot;${md5(bytes)}&quot;`]]);
    const head = async (name: string) =>
      Object.fromEntries((await s3(`/s3/dfs/copy/${name}`, { method: 'HEAD' })).headers);
    expect(await head('to')).toMatchObject({
      'x-amz-meta-a': '1',
      'content-type': 'text/csv',
      etag: `"${md5(bytes)}"`,
    });
    expect((await copy('from', {})).code).toBe('InvalidRequest');
    const replaced = { 'x-amz-metadata-directive': 'REPLACE', 'x-amz-meta-b': '2' };
    expect((await copy('from', replaced)).status).toBe(200);
    const after = await head('from');
    expect(after).toMatchObject({ 'x-amz-meta-b': '2', etag: `"${md5(bytes)}"` });
    expect(after['x-amz-meta-a']).toBeUndefined();
    expect((await copy('to', { 'x-amz-copy-source-if-match': `"${md5(bytes)}"` })).status).toBe(200);
    expect((await copy('to', { 'x-amz-copy-source-if-match': '"other"' })).code).toBe('PreconditionFailed');
    expect((await copy('to', { 'x-amz-copy-source-if-none-match': md5(bytes) })).code).toBe('PreconditionFailed');
    expect((await byApi('copy/to')).bytes.equals(bytes)).toBe(true);
  });
});
