import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import fc from 'fast-check';
import { answerAtBase } from '@dfs/runtime';
import { addressOf, addressOfUri, hrefOf } from './address.js';
import { announcedMtime, depthOf, destinationOf, lockTimeOf, lockTokenOf, overwriteOf } from './dav-headers.js';

function request(headers: Record<string, string>, base = ''): IncomingMessage {
  const made = new IncomingMessage(new Socket());
  Object.assign(made.headers, { host: 'files.example:3000', ...headers });
  answerAtBase(made, base);
  return made;
}

// eslint-disable-next-line no-control-regex -- characters that no path has
const IMPOSSIBLE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\\/]/g;

describe('an address of WebDAV', () => {
  it.each([
    ['/dav', '', true],
    ['/dav/', '', true],
    ['/dav//', '', true],
    ['/dav/a', 'a', false],
    ['/dav/a/', 'a', true],
    ['/dav//a///b', 'a/b', false],
    ['/dav/gr%C3%BCn/%F0%9F%91%8B', 'grün/👋', false],
    ['/dav/gru%CC%88n', 'grün', false],
    ['/dav/a%20b+c;d=e', 'a b+c;d=e', false],
    ['/dav/._x', '._x', false],
    ['/dav/%2525', '%25', false],
    ['/dav/a#b', 'a#b', false],
    // UTF-8 that the client has not encoded, as it comes from the wire.
    ['/dav/gr\u00c3\u00bcn%20a', 'grün a', false],
  ])('%s', (target, path, isFolder) => expect(addressOf(target)).toEqual({ path, isFolder }));

  it.each([
    ['/davx', 'not-found'],
    ['/DAV/a', 'not-found'],
    ['/other', 'not-found'],
    ['/dav/..', 'invalid-path'],
    ['/dav/a/../b', 'invalid-path'],
    ['/dav/%2e%2e/etc', 'invalid-path'],
    ['/dav/.', 'invalid-path'],
    ['/dav/a%2Fb', 'invalid-path'],
    ['/dav/..%2fb', 'invalid-path'],
    ['/dav/a%5Cb', 'invalid-path'],
    ['/dav/a\\b', 'invalid-path'],
    ['/dav/a%00', 'invalid-path'],
    ['/dav/a%0Ab', 'invalid-path'],
    ['/dav/%ED%A0%80', 'bad-request'],
    ['/dav/%FF', 'bad-request'],
    ['/dav/\u00ff', 'bad-request'],
    ['/dav/%C3', 'bad-request'],
    ['/dav/%', 'bad-request'],
    ['/dav/%zz', 'bad-request'],
    [`/dav/${'x'.repeat(1025)}`, 'invalid-path'],
  ])('is not %s', (target, code) => expect(() => addressOf(target)).toThrow(expect.objectContaining({ code })));

  const name = fc
    .string({ unit: 'binary', minLength: 1, maxLength: 12 })
    .map((text) => text.toWellFormed().replace(IMPOSSIBLE, '_').normalize('NFC'))
    .filter((text) => text !== '.' && text !== '..');

  it('leads back to the path that it was made of', () => {
    fc.assert(
      fc.property(fc.array(name, { minLength: 1, maxLength: 6 }), fc.boolean(), (parts, isFolder) => {
        const path = parts.join('/');
        expect(addressOf(hrefOf('', path, isFolder))).toEqual({ path, isFolder });
        expect(addressOfUri(hrefOf('/base', path, isFolder), request({}, '/base'))).toEqual({ path, isFolder });
      }),
    );
  });

  it('of a header is one of this node, by the name that it was asked by', () => {
    const at = (uri: string, base = ''): string | undefined => addressOfUri(uri, request({}, base))?.path;
    expect(at('http://files.example:3000/dav/a%20b')).toBe('a b');
    expect(at('HTTPS://FILES.example:3000/dav/a')).toBe('a');
    expect(at('/dav/a/')).toBe('a');
    expect(at('http://files.example:3000/dfs/dav/a', '/dfs')).toBe('a');
    // A proxy may have taken the base already.
    expect(at('http://files.example:3000/dav/a', '/dfs')).toBe('a');
    for (const other of [
      'http://files.example/dav/a',
      'http://other.example:3000/dav/a',
      'http://files.example:3000@evil/dav/a',
      'http:///dav/a',
      'ftp://files.example:3000/dav/a',
      'dav/a',
      'http://files.example:3000/api/v1/files',
      '//files.example:3000/dav/a',
      '',
    ]) {
      expect([other, at(other)]).toEqual([other, undefined]);
    }
    expect(() => at('/dav/a?b')).toThrow(/query/);
    expect(() => at('/dav/a#b')).toThrow(/fragment/);
    expect(() => at('/dav/../a')).toThrow(expect.objectContaining({ code: 'invalid-path' }));
  });

  it('of the default port is one of this node with it or without', () => {
    const at = (uri: string, host: string): string | undefined => addressOfUri(uri, request({ host }))?.path;
    expect(at('http://files.example:80/dav/a', 'files.example')).toBe('a');
    expect(at('https://files.example/dav/a', 'files.example:443')).toBe('a');
    expect(at('http://[::1]:3000/dav/a', '[::1]:3000')).toBe('a');
    expect(at('https://files.example/dav/a', 'files.example:80')).toBeUndefined();
  });
});

describe('headers of WebDAV', () => {
  it('Destination', () => {
    expect(destinationOf(request({ destination: ' /dav/a ' }))).toEqual({ path: 'a', isFolder: false });
    expect(() => destinationOf(request({}))).toThrow(expect.objectContaining({ code: 'validation-failed' }));
    expect(() => destinationOf(request({ destination: 'http://elsewhere/dav/a' }))).toThrow(
      expect.objectContaining({ code: 'foreign-destination', status: 502 }),
    );
  });

  it('Depth, Overwrite and Timeout', () => {
    expect(depthOf({ depth: 'Infinity' }, ['0', 'infinity'], '0')).toBe('infinity');
    expect(depthOf({}, ['0', '1'], '1')).toBe('1');
    for (const depth of ['2', '1', '-1', '9'.repeat(5000), '']) {
      expect(() => depthOf({ depth }, ['0', 'infinity'], '0')).toThrow(/Depth/);
    }
    expect([overwriteOf({}), overwriteOf({ overwrite: 't' }), overwriteOf({ overwrite: 'F' })]).toEqual([
      true,
      true,
      false,
    ]);
    expect(() => overwriteOf({ overwrite: 'yes' })).toThrow(/Overwrite/);
    expect(lockTimeOf({})).toBe(600_000);
    expect(lockTimeOf({ timeout: 'Second-60' })).toBe(60_000);
    expect(lockTimeOf({ timeout: 'Extend, Second-4100000000' })).toBe(3_600_000);
    expect(lockTimeOf({ timeout: 'Infinite, Second-60' })).toBe(3_600_000);
    expect(lockTimeOf({ timeout: 'Second-0' })).toBe(1000);
  });

  it('Lock-Token and X-OC-Mtime', () => {
    expect(lockTokenOf({ 'lock-token': '<urn:uuid:1>' })).toBe('urn:uuid:1');
    for (const token of ['urn:uuid:1', '<>', '<a b>', `<${'x'.repeat(300)}>`]) {
      expect(() => lockTokenOf({ 'lock-token': token })).toThrow(/Lock-Token/);
    }
    expect(announcedMtime({})).toBeUndefined();
    expect(announcedMtime({ 'x-oc-mtime': '1700000000.5' })).toBe(1_700_000_000_500);
    expect(announcedMtime({ 'x-oc-mtime': '-1' })).toBe(-1000);
    expect(() => announcedMtime({ 'x-oc-mtime': 'today' })).toThrow(/X-OC-Mtime/);
  });
});
