import { createHash } from 'node:crypto';
import { DfsError } from '@dfs/runtime';
import { announcedDigests } from './digest-header.js';
import { mediaTypeFor } from '../../read/media-type.js';
import { writePreconditions } from './preconditions.js';

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
    expect(mediaTypeFor('a.jpg', '*/*')).toBe('image/jpeg');
    expect(mediaTypeFor('a.jpg', 'image/*')).toBe('image/jpeg');
    expect(mediaTypeFor('a.jpg', 'text/plain\r\nX: y')).toBe('image/jpeg');
    expect(mediaTypeFor('a.ts', undefined)).toBe('text/typescript');
    expect(mediaTypeFor('a.ts', 'video/mp2t')).toBe('text/typescript');
    expect(mediaTypeFor('A.TS', 'video/vnd.dlna.mpeg-tts')).toBe('text/typescript');
    expect(mediaTypeFor('a.ts', 'application/x-mine')).toBe('application/x-mine');
    expect(mediaTypeFor('a.m2ts', 'video/mp2t')).toBe('video/mp2t');
    expect(mediaTypeFor('folder.txt/nothing', `a/${'b'.repeat(200)}`)).toBe('application/octet-stream');
  });
});
