import { createHash } from 'node:crypto';
import { DfsError } from '@dfs/runtime';
import { eventually } from '@dfs/testing';
import { pieces } from '../../testing/local-node.suite.js';
import { multipartFiles } from './multipart.js';

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

  it('give the bytes of files that have come whole at once, and those of others by pieces', async () => {
    const large = 'x'.repeat(300_000);
    const body = file('a', 'one') + file('b', '') + file('c', large) + file('d', 'four') + end;
    async function* inPieces(): AsyncGenerator<Uint8Array> {
      const source = Buffer.from(body);
      for (let at = 0; at < source.length; at += 65_536) yield source.subarray(at, at + 65_536);
    }
    const found: [path: string, whole: string | undefined, rest: number][] = [];
    for await (const part of multipartFiles(headers, inPieces())) {
      const whole = part.whole?.();
      let rest = 0;
      if (!whole) for await (const piece of part.body) rest += piece.length;
      found.push([part.path, whole && Buffer.from(whole).toString(), rest]);
    }
    expect(found).toEqual([
      ['a', 'one', 0],
      ['b', '', 0],
      ['c', undefined, 300_000],
      // Behind the last file no other begins, which would say that it is whole.
      ['d', undefined, 4],
    ]);
  });

  it('say what their files are by a manifest that comes first', async () => {
    const digest = `sha-256=:${createHash('sha256').update('one').digest('base64')}:`;
    const version = `"v:${'a'.repeat(64)}"`;
    const manifest = {
      'a.txt': { path: 'photos/a', mtime: 5, executable: true, meta: { k: 'v' }, digest, ifNoneMatch: '*' },
      'in/folder.txt': { mtime: '1970-01-01T00:00:01Z', ifMatch: version },
      'bad.txt': { path: 'photos/bad', mtime: 'never' },
      'worse.txt': { colour: 'red' },
    };
    const body =
      field('manifest', JSON.stringify(manifest)) +
      file('a.txt', 'one') +
      file('in/folder.txt', 'two') +
      file('bad.txt', 'three') +
      field('mtime', '7') +
      file('worse.txt', 'four') +
      file('unnamed.txt', 'five') +
      end;
    const found = [];
    for await (const { body: bytes, ...said } of multipartFiles({ ...headers }, pieces(Buffer.from(body)))) {
      for await (const _ of bytes);
      found.push(said);
    }
    expect(found).toMatchObject([
      {
        path: 'photos/a',
        attributes: { mtime: 5, executable: true, meta: { k: 'v' } },
        digests: { sha256: createHash('sha256').update('one').digest() },
        want: { ifNoneMatch: '*' },
      },
      { path: 'in/folder.txt', attributes: { mtime: 1000 }, want: { ifMatch: [version.slice(1, -1)] } },
      { path: 'photos/bad', refused: { code: 'validation-failed' } },
      { path: 'worse.txt', refused: { code: 'validation-failed' } },
      { path: 'unnamed.txt' },
    ]);
    expect(found[4]).toMatchObject({ attributes: {} });
    expect(found[4]).not.toHaveProperty('want');
  });

  it.each([
    ['is no JSON', field('manifest', '{') + file('a', 'x') + end, 'bad-request'],
    ['says of a file what is no object', field('manifest', '{"a":1}') + file('a', 'x') + end, 'validation-failed'],
    ['comes after a file', file('a', 'x') + field('manifest', '{}') + end, 'validation-failed'],
    ['comes twice', field('manifest', '{}') + field('manifest', '{}') + file('a', 'x') + end, 'validation-failed'],
    ['names what does not come', field('manifest', '{"b":{}}') + file('a', 'x') + end, 'validation-failed'],
    [
      'is too long',
      field('manifest', `{"a":{"path":"${'x'.repeat(2 ** 20)}"}}`) + file('a', 'x') + end,
      'validation-failed',
    ],
  ])('refuse a manifest that %s', async (_what, body, code) => {
    await expect(read(body, 64 * 1024)).rejects.toMatchObject({ code });
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
