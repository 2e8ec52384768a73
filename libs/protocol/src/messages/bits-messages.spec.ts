import { bitsFrame, bitsRequest, checkBits, MAX_FETCHERS } from './bits-messages.js';
import { packBits, parseChunksRequest } from './chunks-messages.js';
import { cidOf, MANIFEST_CODEC } from '../ids/cid.js';
import type { WireValue } from '../codec/codec.js';
import { signerFromRaw } from '../ids/keys.js';
import { decodeAs, encodeAs, type Shape } from '../codec/schema.js';

const content = cidOf(Buffer.from('a manifest'), MANIFEST_CODEC);
const member = signerFromRaw(Buffer.alloc(32, 1)).peerId;
const request = { method: 'bits', content, size: 3_000_000, extent: 1 } as const;
const some = { whole: false, count: 9, have: packBits([true, ...Array<boolean>(7).fill(false), true]), fetchers: [] };

const hex = <T>(of: Shape<T>, value: T) => Buffer.from(encodeAs(of, value)).toString('hex');

describe('bits', () => {
  it('are asked for as a method of the chunks protocol', () => {
    expect(parseChunksRequest(bitsRequest.form(request)!)).toEqual(request);
  });

  it('are as many as the answer counts', () => {
    expect(checkBits(some)).toBe(some);
    expect(() => checkBits({ ...some, count: 17 })).toThrow(/bit field/);
    expect(() => checkBits({ ...some, have: new Uint8Array(0) })).toThrow(/bit field/);
  });

  it.each<[string, WireValue]>([
    ['more chunks than an extent has', { whole: false, count: 1025, have: new Uint8Array(128) }],
    ['a longer bit field', { whole: false, count: 1024, have: new Uint8Array(129) }],
    [
      'too many fetchers',
      { whole: true, have: new Uint8Array(0), fetchers: Array<string>(MAX_FETCHERS + 1).fill('x') },
    ],
    ['nothing', {}],
  ])('are refused with %s', (_, header) => {
    expect(() => bitsFrame.parse(header, 'answer')).toThrow(expect.objectContaining({ code: 'bad-request' }) as Error);
  });

  it('have these bytes', () => {
    expect(hex(bitsRequest, request)).toBe(GOLDEN.request);
    expect(hex(bitsFrame, some)).toBe(GOLDEN.some);
    const whole = { whole: true, count: 0, have: new Uint8Array(0), fetchers: [member] };
    expect(hex(bitsFrame, whole)).toBe(GOLDEN.whole);
    expect(decodeAs(bitsFrame, Buffer.from(GOLDEN.whole, 'hex'))).toMatchObject({
      ...whole,
      have: expect.anything() as Uint8Array,
    });
  });
});

/** Another node reads these: a change needs a new protocol version. */
const GOLDEN = {
  request:
    '84a66d6574686f64a462697473a7636f6e74656e74c42701f59bc0011220e59625a822497c164d60705eb3fd6975c375ca213b8140137a826a77790986a9a473697a65ce002dc6c0a6657874656e7401',
  some: '83a577686f6c65c2a5636f756e7409a468617665c4028080',
  whole:
    '83a577686f6c65c3a468617665c400a8666574636865727391c4260024080112208a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c',
};
