import { addressOf, copySourceOf } from './address.js';
import { takeSigned } from './root.js';

describe('the address of a request', () => {
  it.each([
    ['/s3', {}],
    ['/s3/', {}],
    ['/s3/?x-id=ListBuckets', {}],
    ['/s3/dfs', { bucket: 'dfs' }],
    ['/s3/dfs/?list-type=2', { bucket: 'dfs' }],
    ['/s3/dfs/a', { bucket: 'dfs', key: 'a' }],
    ['/s3/dfs/a%2Fb/c%20d/', { bucket: 'dfs', key: 'a/b/c d/' }],
    ['/s3/dfs/a+b', { bucket: 'dfs', key: 'a+b' }],
    ['/s3/dfs//a', { bucket: 'dfs', key: '/a' }],
  ])('is of a service, a bucket or a key: %s', (url, expected) => {
    const { bucket, key } = addressOf(url);
    expect({ bucket, key }).toEqual({ bucket: undefined, key: undefined, ...expected });
  });

  it('has one bucket, and is UTF-8', () => {
    expect(() => addressOf('/s3/other/a')).toThrow(/one bucket/);
    expect(() => addressOf('/s3/dfs/%ff')).toThrow(/percent-encoded/);
    expect(() => addressOf('/s3/dfs/%')).toThrow(/percent-encoded/);
  });

  it('may stand in the source of a copy', () => {
    expect(['/dfs/a%20b', 'dfs/a%20b', '/dfs/a%20b?versionId=null'].map(copySourceOf)).toEqual(Array(3).fill('a b'));
    expect(() => copySourceOf('/other/a')).toThrow(/must begin/);
    expect(() => copySourceOf('/dfs/a?versionId=7')).toThrow(/Versions/);
  });

  it('is found by the signature, where it stands at the root', () => {
    const taken = (url: string, authorization?: string): string | undefined => {
      const request = { url, headers: authorization === undefined ? {} : { authorization } };
      takeSigned(request);
      return request.url;
    };
    const signature = 'AWS4-HMAC-SHA256 Credential=a';
    expect(taken('/dfs/a', signature)).toBe('/s3/dfs/a');
    expect(taken('/?x-id=ListBuckets', signature)).toBe('/s3/?x-id=ListBuckets');
    expect(taken('/dfs/a?b&X-Amz-Algorithm=AWS4-HMAC-SHA256&c')).toBe('/s3/dfs/a?b&X-Amz-Algorithm=AWS4-HMAC-SHA256&c');
    for (const url of ['/s3', '/s3/dfs/a', '/S3?a', '*']) expect(taken(url, signature)).toBe(url);
    for (const scheme of [undefined, 'Bearer AWS4-HMAC-SHA256', 'AWS a:b'])
      expect(taken('/dfs/a', scheme)).toBe('/dfs/a');
  });
});
