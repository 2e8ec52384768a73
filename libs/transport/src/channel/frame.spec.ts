import fc from 'fast-check';
import { DfsError } from '@dfs/runtime';
import { MAX_HEADER_BYTES, MAX_PAYLOAD_BYTES, type WireValue } from '@dfs/protocol';
import { FrameReader, encodeErrorFrame, encodeFrame, errorOf } from './frame.js';
import type { Frame } from '../transport.js';

const bytes = (...frames: Uint8Array[][]): Buffer => Buffer.concat(frames.flat());

function readAll(input: Uint8Array, sizes: number[] = []): Frame[] {
  const reader = new FrameReader();
  const frames: Frame[] = [];
  let at = 0;
  for (let i = 0; at < input.length; i++) {
    const size = sizes.length > 0 ? (sizes[i % sizes.length] as number) : input.length;
    reader.push(input.subarray(at, at + size));
    at += size;
    for (let frame = reader.next(); frame; frame = reader.next()) frames.push(frame);
  }
  expect(reader.pending).toBe(0);
  return frames;
}

describe('a frame', () => {
  it('has these bytes, for ever', () => {
    expect(bytes(encodeFrame(null)).toString('hex')).toBe('0000000100000000c0');
    expect(bytes(encodeFrame({ get: 7, ok: true }, Buffer.from('DFS'))).toString('hex')).toBe(
      '0000000a0000000382a367657407a26f6bc3444653',
    );
    expect(bytes(encodeErrorFrame(new DfsError('no-space', 'full'))).toString('hex')).toBe(
      '0000001e00000000' + '81a12182a4636f6465a86e6f2d7370616365a664657461696ca466756c6c',
    );
  });

  const value: fc.Arbitrary<WireValue> = fc.letrec<{ value: WireValue }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      fc.constant(null),
      fc.boolean(),
      fc.maxSafeInteger(),
      fc.string({ unit: 'grapheme', maxLength: 20 }),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(
        fc.string({ minLength: 1, maxLength: 5 }).filter((k) => k !== '!' && k !== '__proto__'),
        tie('value'),
        {
          maxKeys: 4,
        },
      ),
    ),
  })).value;
  const frame = fc.record({
    header: value,
    parts: fc.array(fc.uint8Array({ maxLength: 20_000 }), { maxLength: 3 }),
  });

  it('comes out as it went in, however the bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.array(frame, { maxLength: 6 }),
        fc.array(fc.integer({ min: 1, max: 9000 }), { minLength: 1, maxLength: 20 }),
        (frames, sizes) => {
          const input = bytes(...frames.map(({ header, parts }) => encodeFrame(header, parts)));
          const out = readAll(input, sizes);
          expect(out.map(({ header }) => header)).toEqual(
            frames.map(({ header }) => JSON.parse(JSON.stringify(header)) as WireValue),
          );
          out.forEach(({ payload }, i) => {
            expect(Buffer.compare(payload, Buffer.concat(frames[i]?.parts ?? []))).toBe(0);
          });
        },
      ),
      { numRuns: 150 },
    );
  });

  it('is read byte by byte', () => {
    const input = bytes(encodeFrame({ a: [1, 'zwei'] }, Buffer.from('xyz')), encodeFrame(2));
    expect(readAll(input, [1]).map(({ header }) => header)).toEqual([{ a: [1, 'zwei'] }, 2]);
  });

  it('takes no more memory than has come', () => {
    const reader = new FrameReader();
    reader.push(bytes(encodeFrame(1, Buffer.alloc(MAX_PAYLOAD_BYTES))).subarray(0, 5000));
    expect(reader.next()).toBeUndefined();
    expect(reader.pending).toBe(5000);
  });

  it('reads a large payload out of one chunk without a copy', () => {
    const input = bytes(encodeFrame(1, Buffer.alloc(100_000, 3)));
    expect(readAll(input)[0]?.payload.buffer).toBe(input.buffer);
  });

  it.each([
    ['a header of 4 GiB', 'ffffffff00000000'],
    ['a header over the limit', (MAX_HEADER_BYTES + 1).toString(16).padStart(8, '0') + '00000000'],
    ['a payload over the limit', '00000001' + (MAX_PAYLOAD_BYTES + 1).toString(16).padStart(8, '0')],
    ['no header', '0000000000000005'],
    ['a header that claims more than it has', '0000000500000000' + 'ddffffffff'],
    ['a float', '0000000900000000' + 'cb3ff0000000000000'],
    ['bytes after the value', '0000000200000000' + 'c0c0'],
  ])('is refused with %s', (_, hex) => {
    const reader = new FrameReader();
    reader.push(Buffer.from(hex, 'hex'));
    expect(() => reader.next()).toThrow(expect.objectContaining({ code: 'bad-request' }) as Error);
  });

  it('is refused before it is sent when it is too long or reserved', () => {
    expect(() => encodeFrame('x'.repeat(MAX_HEADER_BYTES))).toThrow(RangeError);
    expect(() => encodeFrame(1, [Buffer.alloc(MAX_PAYLOAD_BYTES), Buffer.alloc(1)])).toThrow(RangeError);
    expect(() => encodeFrame({ '!': 1 })).toThrow(TypeError);
  });
});

describe('an error frame', () => {
  const roundTrip = (error: unknown): DfsError =>
    errorOf(readAll(bytes(encodeErrorFrame(error)))[0] as Frame) as DfsError;

  it('carries code and detail, and nothing else', () => {
    const error = roundTrip(new DfsError('last-copy', 'Only here.', { facts: { count: 3 }, cause: new Error('x') }));
    expect({ ...error, message: error.message }).toMatchObject({ code: 'last-copy', message: 'Only here.' });
    expect([error.facts, error.cause]).toEqual([undefined, undefined]);
  });

  it('hides what is not meant for others', () => {
    expect(roundTrip(new Error('at /home/me/secret.ts:1'))).toMatchObject({ code: 'internal-error' });
    expect(roundTrip('a string').message).not.toContain('a string');
  });

  it('is understood even when its code is not', () => {
    const [frame] = readAll(bytes(encodeErrorFrame(new DfsError('no-space', 'x'))));
    expect(errorOf({ ...(frame as Frame), header: { '!': { code: 'from-the-future', detail: 'x' } } })?.code).toBe(
      'peer-misbehaved',
    );
    expect(errorOf({ ...(frame as Frame), header: { '!': 5 } })?.code).toBe('peer-misbehaved');
    expect(errorOf({ header: { ok: 1 }, payload: new Uint8Array(0) })).toBeUndefined();
  });
});
