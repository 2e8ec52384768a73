import { checksumOf, requireVersion, uploadBegin } from './tus-headers.js';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const refused = { code: 'validation-failed' };

describe('headers of tus', () => {
  it('tell what an upload is begun with', () => {
    const metadata = [
      `path ${base64('Grüße/ä.txt')}`,
      `filetype ${base64('text/plain')}`,
      `mtime ${base64('1700000000000')}`,
      `meta ${base64('{"album":"süß"}')}`,
      'is_confidential',
      `other ${base64('\xff')}`,
    ].join(', ');
    expect(uploadBegin({ 'upload-length': '10', 'upload-metadata': metadata })).toEqual({
      path: 'Grüße/ä.txt',
      size: 10,
      mediaType: 'text/plain',
      metadata,
      attributes: { mtime: 1_700_000_000_000, meta: { album: 'süß' } },
    });
  });

  it('take the names that clients give by themselves, the path before all', () => {
    const begin = (pairs: Record<string, string>) =>
      uploadBegin({
        'upload-length': '0',
        'upload-metadata': Object.entries(pairs)
          .map(([key, value]) => `${key} ${base64(value)}`)
          .join(','),
      });
    expect(begin({ filename: 'b', path: 'a/b' }).path).toBe('a/b');
    expect(begin({ name: 'c', filename: 'b' }).path).toBe('b');
    expect(begin({ filename: 'b', relativePath: 'dir/b' }).path).toBe('dir/b');
  });

  it.each([
    ['no path', { 'upload-length': '1', 'upload-metadata': `other ${base64('a')}` }],
    ['no metadata', { 'upload-length': '1' }],
    ['no length', { 'upload-metadata': `path ${base64('a')}` }],
    ['a length that is none', { 'upload-length': '-1', 'upload-metadata': `path ${base64('a')}` }],
    ['a length to come', { 'upload-defer-length': '1', 'upload-metadata': `path ${base64('a')}` }],
    ['what is no base64', { 'upload-length': '1', 'upload-metadata': 'path !!!' }],
    ['a name twice', { 'upload-length': '1', 'upload-metadata': `path ${base64('a')},path ${base64('b')}` }],
    [
      'a path that is not UTF-8',
      { 'upload-length': '1', 'upload-metadata': `path ${Buffer.from([0xff]).toString('base64')}` },
    ],
    ['a time that is none', { 'upload-length': '1', 'upload-metadata': `path ${base64('a')},mtime ${base64('soon')}` }],
  ])('are refused with %s', (_name, headers) => {
    expect(() => uploadBegin(headers)).toThrow(expect.objectContaining(refused));
  });

  it('name the digest of a body, by one of two algorithms', () => {
    const digest = Buffer.alloc(32, 7);
    expect(checksumOf({})).toBeUndefined();
    expect(checksumOf({ 'upload-checksum': `sha256 ${digest.toString('base64')}` })).toEqual({
      algorithm: 'sha256',
      digest,
    });
    expect(checksumOf({ 'upload-checksum': `sha-256 ${digest.toString('base64')}` })).toEqual({
      algorithm: 'sha256',
      digest,
    });
    for (const wrong of [
      `md5 ${digest.toString('base64')}`,
      'sha256',
      'sha256 AAAA',
      `sha1 ${digest.toString('base64')}`,
    ]) {
      expect(() => checksumOf({ 'upload-checksum': wrong })).toThrow(expect.objectContaining(refused));
    }
  });

  it('speak one version', () => {
    requireVersion({ 'tus-resumable': '1.0.0' });
    for (const headers of [{}, { 'tus-resumable': '0.2.2' }]) {
      expect(() => requireVersion(headers)).toThrow(expect.objectContaining({ code: 'unsupported-tus' }));
    }
  });
});
