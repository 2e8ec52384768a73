import { AwsV4Signer } from 'aws4fetch';
import { codeOf } from '../testing/s3-code.suite.js';
import { verify, type Signable } from './verify.js';

// The examples of "Signature Calculations for the Authorization Header" and of "Authenticating Requests: Using Query Parameters" in
// the API reference of Amazon S3.
const KEY = 'AKIAIOSFODNN7EXAMPLE';
const SECRET = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
const NOW = Date.UTC(2013, 4, 24);
const EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const HOST = { host: 'examplebucket.s3.amazonaws.com', 'x-amz-date': '20130524T000000Z' };
const SCOPE = '20130524/us-east-1/s3/aws4_request';

const requestOf = (method: string, url: string, headers: Record<string, string>): Signable => ({
  ...{ method, url, headers },
  headersDistinct: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
});
const signed = (
  method: string,
  url: string,
  headers: Record<string, string>,
  signature: string,
  covered = Object.keys(headers).sort().join(';'),
): Signable => {
  const authorization = `AWS4-HMAC-SHA256 Credential=${KEY}/${SCOPE},SignedHeaders=${covered},Signature=${signature}`;
  return requestOf(method, url, { ...headers, authorization });
};
const check = (request: Signable, now = NOW, base = '') =>
  verify(request, { secretOf: (id) => (id === KEY ? SECRET : undefined), now, base });

const GET = signed(
  'GET',
  '/test.txt',
  { ...HOST, range: 'bytes=0-9', 'x-amz-content-sha256': EMPTY },
  'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
);
const PRESIGNED =
  `/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=${KEY}%2F${encodeURIComponent(SCOPE)}` +
  '&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host' +
  '&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404';

describe('signatures', () => {
  it.each<[string, Signable]>([
    ['GET of a range', GET],
    [
      'PUT, with a character that is encoded',
      signed(
        'PUT',
        '/test%24file.text',
        {
          ...{ ...HOST, date: 'Fri, 24 May 2013 00:00:00 GMT', 'x-amz-storage-class': 'REDUCED_REDUNDANCY' },
          'x-amz-content-sha256': '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072',
        },
        '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
      ),
    ],
    [
      'GET of a lifecycle',
      signed(
        'GET',
        '/?lifecycle',
        { ...HOST, 'x-amz-content-sha256': EMPTY },
        'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
      ),
    ],
    [
      'GET of a list',
      signed(
        'GET',
        '/?max-keys=2&prefix=J',
        { ...HOST, 'x-amz-content-sha256': EMPTY },
        '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
      ),
    ],
    [
      'PUT in signed chunks',
      signed(
        'PUT',
        '/examplebucket/chunkObject.txt',
        {
          ...{ ...HOST, host: 's3.amazonaws.com', 'content-encoding': 'aws-chunked', 'content-length': '66824' },
          'x-amz-content-sha256': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
          ...{ 'x-amz-decoded-content-length': '66560', 'x-amz-storage-class': 'REDUCED_REDUNDANCY' },
        },
        '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9',
      ),
    ],
    ['GET by a signed address', requestOf('GET', PRESIGNED, { host: HOST.host })],
  ])('of the documentation are right: %s', (_, request) => {
    expect(check(request)).toMatchObject({ keyId: KEY });
  });

  it('cover all of a request: nothing of it can be changed', () => {
    const { authorization = '', ...headers } = GET.headers as Record<string, string>;
    const changed: Signable[] = [
      requestOf('HEAD', '/test.txt', { ...headers, authorization }),
      requestOf('GET', '/test.tx', { ...headers, authorization }),
      requestOf('GET', '/test.txt?acl', { ...headers, authorization }),
      requestOf('GET', '/test.txt', { ...headers, authorization, range: 'bytes=0-8' }),
      requestOf('GET', '/test.txt', { ...headers, authorization, host: 'other' }),
      requestOf('GET', '/test.txt', { ...headers, authorization, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }),
      requestOf('GET', '/test.txt', { ...headers, authorization, 'x-amz-date': '20130524T000001Z' }),
      requestOf('GET', '/test.txt', { ...headers, authorization: authorization.replace(/.$/, '0') }),
      requestOf('GET', '/test.txt', {
        ...headers,
        authorization: authorization.replace(/Signature=.*/, 'Signature=é'),
      }),
      requestOf('GET', '/test.txt', { ...headers, authorization: authorization.replace('us-east-1', 'us-east-2') }),
      requestOf('GET', PRESIGNED.replace('86400', '86401'), { host: HOST.host }),
    ];
    for (const request of changed) expect(codeOf(() => check(request))).toBe('SignatureDoesNotMatch');
    for (const name of ['x-amz-meta-a', 'x-amz-copy-source']) {
      expect(codeOf(() => check(requestOf('GET', '/test.txt', { ...headers, authorization, [name]: 'x' })))).toBe(
        'AccessDenied',
      );
    }
  });

  it('are good for as long as the clocks agree, or as the address says', () => {
    const minute = 60_000;
    for (const skew of [-15 * minute, 15 * minute])
      expect(check(GET, NOW + skew)).toMatchObject({ isPresigned: false });
    for (const skew of [-16 * minute, 16 * minute])
      expect(codeOf(() => check(GET, NOW + skew))).toBe('RequestTimeTooSkewed');
    const link = requestOf('GET', PRESIGNED, { host: HOST.host });
    expect(check(link, NOW + 86_400_000)).toMatchObject({ isPresigned: true, payload: { kind: 'plain' } });
    expect(codeOf(() => check(link, NOW + 86_401_000))).toBe('AccessDenied');
    expect(codeOf(() => check(link, NOW - 16 * minute))).toBe('RequestTimeTooSkewed');
    for (const seconds of ['0', '604801', '-1', 'week', '99999999999999999999']) {
      const url = PRESIGNED.replace('86400', seconds);
      expect(codeOf(() => check(requestOf('GET', url, { host: HOST.host })))).toBe('AuthorizationQueryParametersError');
    }
  });

  it('are those of a path behind a proxy, too', async () => {
    const stands = (url: string, base = '') => check({ ...GET, url }, NOW, base);
    expect(stands('/s3/test.txt')).toMatchObject({ keyId: KEY });
    expect(codeOf(() => stands('/other/test.txt'))).toBe('SignatureDoesNotMatch');
    // Signed as `/base/s3/test.txt` by a signer that is not ours; the node stands at `/base`.
    const signer = new AwsV4Signer({
      ...{ method: 'GET', url: `https://${HOST.host}/base/s3/test.txt`, service: 's3', region: 'us-east-1' },
      ...{ accessKeyId: KEY, secretAccessKey: SECRET, datetime: '20130524T000000Z' },
    });
    const request = requestOf('GET', '/s3/test.txt', {
      ...Object.fromEntries((await signer.sign()).headers),
      host: HOST.host,
    });
    expect(check(request, NOW, '/base')).toMatchObject({ keyId: KEY });
    expect(codeOf(() => check(request))).toBe('SignatureDoesNotMatch');
  });

  it('are asked for, of one algorithm, and by whom there is', () => {
    const { authorization = '', ...headers } = GET.headers as Record<string, string>;
    const as = (text: string | undefined): unknown =>
      codeOf(() =>
        check(requestOf('GET', '/test.txt', { ...headers, ...(text === undefined ? {} : { authorization: text }) })),
      );
    expect(as(undefined)).toBe('AccessDenied');
    expect(as('AWS AKIAIOSFODNN7EXAMPLE:frJIUN8DYpKDtOLCwo//yllqDzg=')).toBe('InvalidRequest');
    expect(as('Bearer something')).toBe('InvalidRequest');
    expect(as('AWS4-HMAC-SHA256')).toBe('InvalidRequest');
    expect(as('AWS4-HMAC-SHA256 Credential=a')).toBe('AuthorizationHeaderMalformed');
    expect(as(authorization.replace('/s3/', '/ec2/'))).toBe('AuthorizationHeaderMalformed');
    expect(as(authorization.replace(KEY, 'AKIAOTHER'))).toBe('InvalidAccessKeyId');
    expect(as(authorization.replace('host;', ''))).toBe('AccessDenied');
    expect(codeOf(() => check(requestOf('GET', PRESIGNED, { host: HOST.host, authorization })))).toBe(
      'InvalidArgument',
    );
    expect(codeOf(() => check(requestOf('GET', '/%zz', GET.headers as Record<string, string>)))).toBe('InvalidURI');
  });
});
