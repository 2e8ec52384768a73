import fc from 'fast-check';
import { DfsError } from '@dfs/runtime';
import { MAX_HEADER_BYTES, MAX_PAYLOAD_BYTES } from '@dfs/protocol';
import { encodeFrame } from '../channel/frame.js';
import { BULK_KIND, encodeAnswer, encodeAsk, encodeLost, encodeSign, type BulkPrefix } from './bulk-message.js';
import { BulkReader } from './bulk-reader.js';

const hex = (...pieces: readonly Uint8Array[]): string => Buffer.concat(pieces).toString('hex');

interface Read {
  readonly prefix: BulkPrefix;
  readonly header: string;
  readonly payload: string | undefined;
}

function reading({ drop = false } = {}) {
  const messages: Read[] = [];
  const broken: unknown[] = [];
  const reader = new BulkReader({
    begins: ({ kind, amount }) => (drop ? undefined : new Uint8Array(kind === BULK_KIND.frame ? amount : 0)),
    ends: (prefix, header, payload) =>
      void messages.push({ prefix, header: hex(header), payload: payload && hex(payload) }),
    broken: (error) => void broken.push(error),
  });
  return { reader, messages, broken };
}

describe('a message of a bulk connection', () => {
  it('has these bytes, for ever', () => {
    expect(hex(encodeAsk(7, '/dfs/chunks/1', { method: 'get' }, 4 * 1024 * 1024))).toBe(
      '01' + '00000007' + '0000001b' + '00400000' + '92ad2f6466732f6368756e6b732f3181a66d6574686f64a3676574',
    );
    expect(hex(encodeSign(BULK_KIND.credit, 7, 2_097_152))).toBe('02' + '00000007' + '00000000' + '00200000');
    expect(hex(encodeSign(BULK_KIND.cancel, 7))).toBe('03' + '00000007' + '00000000' + '00000000');
    expect(hex(...encodeAnswer(7, encodeFrame({ ok: true }, Buffer.from('DFS'))))).toBe(
      '04' + '00000007' + '00000005' + '00000003' + '81a26f6bc3' + '444653',
    );
    expect(hex(encodeSign(BULK_KIND.end, 7))).toBe('05' + '00000007' + '00000000' + '00000000');
    expect(hex(encodeLost(7))).toBe('06' + '00000007' + '00000000' + '00000000');
    expect(hex(encodeLost(7, new DfsError('no-space', 'full')))).toBe(
      '06' + '00000007' + '0000001e' + '00000000' + '81a12182a4636f6465a86e6f2d7370616365a664657461696ca466756c6c',
    );
  });

  it('comes out as it went in, however the bytes are cut, also where it is thrown away', () => {
    const message = fc.oneof(
      fc.tuple(fc.nat(), fc.uint8Array({ maxLength: 20_000 })).map(([request, payload]) => ({
        bytes: Buffer.concat(encodeAnswer(request, encodeFrame({ n: 1 }, payload))),
        payload: hex(payload),
      })),
      fc.nat().map((request) => ({ bytes: Buffer.from(encodeAsk(request, '/x', null, 5)), payload: '' })),
      fc.nat().map((request) => ({ bytes: Buffer.from(encodeSign(BULK_KIND.credit, request, 9)), payload: '' })),
    );
    fc.assert(
      fc.property(
        fc.array(message, { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 9000 }), { minLength: 1, maxLength: 9 }),
        fc.boolean(),
        (sent, sizes, drop) => {
          const { reader, messages, broken } = reading({ drop });
          const bytes = Buffer.concat(sent.map((each) => each.bytes));
          for (let at = 0, i = 0; at < bytes.length; i++) {
            const size = sizes[i % sizes.length] as number;
            reader.push(bytes.subarray(at, at + size));
            at += size;
          }
          expect(broken).toEqual([]);
          expect(reader.isInside).toBe(false);
          expect(messages.map(({ payload }) => payload)).toEqual(
            sent.map(({ payload }) => (drop ? undefined : payload)),
          );
        },
      ),
      { numRuns: 100 },
    );
  });

  it.each([
    ['a header of 4 GiB', '0400000001ffffffff00000000'],
    ['a header over the limit', '0400000001' + (MAX_HEADER_BYTES + 1).toString(16).padStart(8, '0') + '00000000'],
    ['a payload over the limit', '040000000100000001' + (MAX_PAYLOAD_BYTES + 1).toString(16).padStart(8, '0')],
    ['a frame without a header', '04000000010000000000000005'],
    ['a sign with a header', '05000000010000000500000000'],
  ])('is refused with %s, and nothing after it is read', (_, bytes) => {
    const { reader, messages, broken } = reading();
    reader.push(Buffer.from(bytes + hex(encodeSign(BULK_KIND.end, 1)), 'hex'));
    expect(broken).toEqual([expect.objectContaining({ code: 'bad-request' })]);
    expect(messages).toEqual([]);
    reader.push(encodeSign(BULK_KIND.end, 1));
    expect(messages).toEqual([]);
    expect(reader.room().length).toBeGreaterThan(0);
  });
});
