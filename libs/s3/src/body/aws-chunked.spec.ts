import fc from 'fast-check';
import { scopeText, signatureOf, signingKey, sha256Hex } from '../auth/canonical.js';
import type { ChunkSigning } from '../auth/verify.js';
import { codeOf } from '../testing/s3-code.suite.js';
import { AwsChunked, type Chunked } from './aws-chunked.js';

const SCOPE = { day: '20130524', region: 'us-east-1', service: 's3' };
const KEY = signingKey('wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY', SCOPE);
const signingFrom = (seed: string): ChunkSigning => ({
  ...{ key: KEY, date: '20130524T000000Z', scope: scopeText(SCOPE), seed },
});

/** All that comes out of a body that comes in these pieces. */
function decode(how: Chunked, pieces: readonly Uint8Array[]): { bytes: Buffer; trailers: Map<string, string> } {
  const chunked = new AwsChunked(how);
  const found = pieces.flatMap((piece) => chunked.push(piece));
  chunked.end();
  return { bytes: Buffer.concat(found), trailers: chunked.trailers };
}
const cutAt = (bytes: Uint8Array, places: readonly number[]): Uint8Array[] => {
  const cuts = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...cuts].map((from, at) => bytes.subarray(from, cuts[at] ?? bytes.length));
};
/** A body of these chunks, signed or not. */
function encode(chunks: readonly Uint8Array[], signing?: ChunkSigning, trailers: Record<string, string> = {}): Buffer {
  let previous = signing?.seed ?? '';
  const sign = (kind: string, ...hashes: string[]): string => {
    const { key, date, scope } = signing as ChunkSigning;
    previous = signatureOf(key, [`AWS4-HMAC-SHA256-${kind}`, date, scope, previous, ...hashes].join('\n'));
    return previous;
  };
  const parts: Uint8Array[] = [];
  for (const chunk of [...chunks, new Uint8Array(0)]) {
    const signature = signing ? `;chunk-signature=${sign('PAYLOAD', sha256Hex(''), sha256Hex(chunk))}` : '';
    parts.push(Buffer.from(`${chunk.length.toString(16)}${signature}\r\n`), chunk);
    if (chunk.length > 0) parts.push(Buffer.from('\r\n'));
  }
  const lines = Object.entries(trailers).map(([name, value]) => `${name}:${value}`);
  if (signing && lines.length > 0) {
    const signature = sign('TRAILER', sha256Hex(lines.map((line) => `${line}\n`).join('')));
    lines.push(`x-amz-trailer-signature:${signature}`);
  }
  return Buffer.concat([...parts, Buffer.from(lines.map((line) => `${line}\r\n`).join('') + '\r\n')]);
}

describe('a body in chunks', () => {
  const [first, second] = [Buffer.alloc(65536, 'a'), Buffer.alloc(1024, 'a')];
  const framed = (...signatures: string[]): Buffer =>
    Buffer.concat(
      [first, second, Buffer.alloc(0)].flatMap((bytes, at) => [
        Buffer.from(`${bytes.length.toString(16)};chunk-signature=${signatures[at]}\r\n`),
        bytes,
        Buffer.from(bytes.length > 0 ? '\r\n' : ''),
      ]),
    );
  // Of "Signature Calculations for the Authorization Header: Transferring Payload in Multiple Chunks", without and with trailers.
  const documented = framed(
    'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648',
    '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497',
    'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9',
  );
  const seed = '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9';

  it('is that of the documentation', () => {
    const how = { size: 66_560, signing: signingFrom(seed), hasTrailer: false };
    const body = Buffer.concat([documented, Buffer.from('\r\n')]);
    expect(decode(how, [body]).bytes).toHaveLength(66_560);
    expect(encode([first, second], how.signing).equals(body)).toBe(true);
  });

  it('is that of the documentation, with what follows behind it', () => {
    const signing = signingFrom('106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e');
    const body = Buffer.concat([
      framed(
        'b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2',
        '1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7',
        '2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992',
      ),
      Buffer.from('x-amz-checksum-crc32c:sOO8/Q==\r\n'),
      Buffer.from('x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n'),
    ]);
    const { bytes, trailers } = decode({ size: 66_560, signing, hasTrailer: true }, [body]);
    expect(bytes).toHaveLength(66_560);
    expect(Object.fromEntries(trailers)).toEqual({ 'x-amz-checksum-crc32c': 'sOO8/Q==' });
    const changed = Buffer.from(body.toString('latin1').replace('sOO8', 'sOO9'), 'latin1');
    expect(codeOf(() => decode({ size: 66_560, signing, hasTrailer: true }, [changed]))).toBe('SignatureDoesNotMatch');
  });

  it('gives the same bytes, wherever it is cut', () => {
    const chunks = fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 6 });
    const places = fc.array(fc.nat({ max: 5000 }), { maxLength: 40 });
    fc.assert(
      fc.property(chunks, places, fc.boolean(), fc.boolean(), (parts, cuts, isSigned, hasTrailer) => {
        const signing = isSigned ? signingFrom(seed) : undefined;
        const whole = Buffer.concat(parts);
        const trailers: Record<string, string> = hasTrailer ? { 'x-amz-checksum-crc32': 'AAAAAA==' } : {};
        const body = encode(parts, signing, trailers);
        const found = decode({ size: whole.length, signing, hasTrailer }, cutAt(body, cuts));
        expect(found.bytes.equals(whole)).toBe(true);
        expect(Object.fromEntries(found.trailers)).toEqual(trailers);
      }),
    );
  });

  it('is refused where a bit of it is another, or it ends early', () => {
    const signing = signingFrom(seed);
    const parts = [Buffer.from('some bytes'), Buffer.from('and more of them')];
    const size = 26;
    const body = encode(parts, signing, { 'x-amz-checksum-crc32': 'AAAAAA==' });
    fc.assert(
      fc.property(fc.nat({ max: body.length - 1 }), fc.integer({ min: 0, max: 7 }), (at, bit) => {
        const other = Buffer.from(body);
        other[at]! ^= 1 << bit;
        // Of the line ends some have two forms, of numbers two cases.
        const isSame = other.toString('latin1').toLowerCase() === body.toString('latin1').toLowerCase();
        if (isSame || body[at] === 0x0d) return;
        expect(codeOf(() => decode({ size, signing, hasTrailer: true }, [other]))).toMatch(/^(S|I)\w+/);
      }),
    );
    for (let end = 0; end < body.length - 4; end++) {
      const cut = body.subarray(0, end);
      expect(codeOf(() => decode({ size, signing, hasTrailer: true }, [cut]))).toBe('IncompleteBody');
    }
  });

  it.each([
    ['a size that is none', 'zz\r\n'],
    ['a size beyond what was announced', 'ffff\r\n'],
    ['a size beyond all numbers', 'fffffffffffffffffffff\r\n'],
    ['a line without an end', 'a'.repeat(2000)],
    ['bytes behind a chunk', '2\r\nabc'],
    ['a header that none was announced of', '0\r\na:b\r\n\r\n'],
    ['bytes behind its end', '3\r\nabc\r\n0\r\n\r\nmore'],
  ])('is refused for %s', (_, text) => {
    expect(codeOf(() => decode({ size: 3, hasTrailer: false }, [Buffer.from(`${text}\r\n`)]))).toBe('InvalidRequest');
  });
});
