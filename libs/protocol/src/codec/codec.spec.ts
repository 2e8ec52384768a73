import fc from 'fast-check';
import { decode, encode, type WireValue } from './codec.js';
import { MAX_DEPTH, MAX_ELEMENTS } from '../limits.js';
import { scan } from './scan.js';

const key = fc.string({ maxLength: 8, unit: 'grapheme' }).filter((text) => text !== '__proto__');
const { value } = fc.letrec<{ value: WireValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, depthSize: 'small' },
    fc.constant(null),
    fc.boolean(),
    fc.maxSafeInteger(),
    fc.integer(),
    fc.string({ unit: 'grapheme' }),
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    fc.array(tie('value'), { maxLength: 20 }),
    fc.dictionary(key, tie('value'), { maxKeys: 10 }).map((map) => ({ ...map })),
  ),
}));

const bytes = (...list: number[]): Uint8Array => Uint8Array.from(list);
const refused = { code: 'bad-request' };

describe('encode and decode', () => {
  it('are each other’s inverse, and encoding is deterministic', () => {
    fc.assert(
      fc.property(value, (original) => {
        const encoded = encode(original);
        const decoded = decode(encoded, { bytes: 1e6, depth: 16, elements: 1e6 });
        expect(decoded).toEqual(original);
        expect(Buffer.compare(encode(decoded), encoded)).toBe(0);
      }),
    );
  });

  it('never disagree with the scan: what passes decodes, and nothing else ends the process', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (noise) => {
        let passed = true;
        try {
          scan(noise);
        } catch (error) {
          expect(error).toMatchObject(refused);
          passed = false;
        }
        // A 64-bit integer beyond 2^53 passes the scan and is refused when it is narrowed.
        if (passed) {
          try {
            decode(noise);
          } catch (error) {
            expect(error).toMatchObject({ message: expect.stringContaining('2^53') as string });
          }
        } else {
          expect(() => decode(noise)).toThrow();
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('refuse every message that is cut short or goes on after its end', () => {
    fc.assert(
      fc.property(value, fc.nat(), (original, at) => {
        const encoded = encode(original);
        expect(() => scan(Buffer.concat([encoded, bytes(0xc0)]), { bytes: 1e6, depth: 16, elements: 1e6 })).toThrow();
        if (encoded.length > 1) expect(() => scan(encoded.subarray(0, at % encoded.length))).toThrow();
      }),
    );
  });

  it.each<[string, number, string]>([
    ['zero', 0, '00'],
    ['minus zero as zero', -0, '00'],
    ['a byte', 200, 'ccc8'],
    ['32 bits', 0xffffffff, 'ceffffffff'],
    ['33 bits', 0x100000000, 'cf0000000100000000'],
    ['a size of 1 TiB', 2 ** 40, 'cf0000010000000000'],
    ['the largest', Number.MAX_SAFE_INTEGER, 'cf001fffffffffffff'],
    ['a negative one', -33, 'd0df'],
    ['a large negative one', -(2 ** 40), 'd3ffffff0000000000'],
  ])('pin the form of integers: %s', (_name, number, hex) => {
    expect(Buffer.from(encode(number)).toString('hex')).toBe(hex);
    expect(decode(Buffer.from(hex, 'hex'))).toBe(number === 0 ? 0 : number);
  });

  it('pin the form of a message', () => {
    const message = { id: Buffer.from([1, 2]), name: 'Grüße', list: [1, null, true], none: undefined };
    expect(Buffer.from(encode(message)).toString('hex')).toBe(
      '83a26964c4020102a46e616d65a74772c3bcc39f65a46c6973749301c0c3',
    );
  });

  it('leave numbers that are not safe integers to the one who made the mistake', () => {
    for (const wrong of [1.5, NaN, Infinity, 2 ** 53]) expect(() => encode(wrong)).toThrow(TypeError);
  });
});

describe('scan', () => {
  it.each<[string, Uint8Array]>([
    ['nothing', bytes()],
    ['a float', bytes(0xcb, 0, 0, 0, 0, 0, 0, 0, 0)],
    ['a short float', bytes(0xca, 0, 0, 0, 0)],
    ['an extension', bytes(0xd4, 1, 1)],
    ['a long extension', bytes(0xc9, 0xff, 0xff, 0xff, 0xff, 1)],
    ['the type that is never used', bytes(0xc1)],
    ['an array of four thousand million', bytes(0xdd, 0xff, 0xff, 0xff, 0xff)],
    ['a map of four thousand million', bytes(0xdf, 0xff, 0xff, 0xff, 0xff)],
    ['bytes that are not there', bytes(0xc6, 0xff, 0xff, 0xff, 0xff)],
    ['text that is not UTF-8', bytes(0xa1, 0xff)],
    ['a surrogate in text', bytes(0xa3, 0xed, 0xa0, 0x80)],
    ['a key that is a number', bytes(0x81, 1, 1)],
    ['a key twice', bytes(0x82, 0xa1, 0x61, 1, 0xa1, 0x61, 2)],
    ['a key that reaches the prototype', Buffer.concat([bytes(0x81, 0xa9), Buffer.from('__proto__'), bytes(0x80)])],
    ['a map without its last value', bytes(0x81, 0xa1, 0x61)],
  ])('refuses %s', (_name, message) => {
    expect(() => scan(message)).toThrow(expect.objectContaining(refused) as Error);
  });

  it('counts depth and elements to the number', () => {
    const nested = (depth: number): Uint8Array => Buffer.concat([Buffer.alloc(depth, 0x91), bytes(0xc0)]);
    expect(() => scan(nested(MAX_DEPTH - 1))).not.toThrow();
    expect(() => scan(nested(MAX_DEPTH))).toThrow('deeply');
    const wide = (count: number): Uint8Array =>
      Buffer.concat([bytes(0xdc, count >> 8, count & 255), Buffer.alloc(count, 0xc0)]);
    expect(() => scan(wide(MAX_ELEMENTS - 1))).not.toThrow();
    expect(() => scan(wide(MAX_ELEMENTS))).toThrow('too many');
  });

  it('survives a million brackets without recursion', () => {
    expect(() => scan(Buffer.alloc(200_000, 0x91))).toThrow('deeply');
    expect(() => scan(Buffer.alloc(1_000_000, 0x91))).toThrow('longer');
  });
});
