import fc from 'fast-check';
import { cidFromDigest, cidOf, MANIFEST_CODEC, RAW_CODEC } from '../ids/cid.js';
import { packBits, parseChunksRequest } from './chunks-messages.js';
import { MAX_PROMISES, packExtents, promiseFrame, promiseRequest, unpackExtents } from './promise-messages.js';
import { encodeAs } from '../codec/schema.js';

const anyContent = fc
  .tuple(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.constantFrom(RAW_CODEC, MANIFEST_CODEC))
  .map(([digest, codec]) => cidFromDigest(digest, codec));
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('packed extents', () => {
  it('read what they wrote', () => {
    const extents = fc.array(fc.record({ content: anyContent, extent: fc.nat(2 ** 32 - 1) }), { maxLength: 20 });
    fc.assert(fc.property(extents, (list) => expect(unpackExtents(packExtents(list))).toEqual(list)));
  });

  it('refuse what they would not write', () => {
    expect(() => unpackExtents(new Uint8Array(36))).toThrow(/extents/);
    expect(() => unpackExtents(new Uint8Array(37).fill(2))).toThrow(/extents/);
  });
});

describe('a request for promises', () => {
  const content = cidOf(Buffer.from('a manifest'), MANIFEST_CODEC);

  it('is one of those of the protocol, and fits a header even when full', () => {
    const request = { method: 'promise', extents: packExtents([{ content, extent: 1 }]) } as const;
    expect(parseChunksRequest(request)).toEqual(request);
    const full = { method: 'promise', extents: new Uint8Array(37 * MAX_PROMISES) } as const;
    expect(encodeAs(promiseRequest, full).length).toBeLessThan(256 * 1024);
    const over = { method: 'promise', extents: new Uint8Array(37 * (MAX_PROMISES + 1)) };
    expect(() => parseChunksRequest(over)).toThrow(expect.objectContaining({ code: 'bad-request' }) as Error);
    expect(() => parseChunksRequest({ method: 'promise', extents: new Uint8Array(0) })).toThrow(/extents/);
  });

  it('has golden bytes', () => {
    const extents = packExtents([{ content, extent: 258 }]);
    expect(hex(encodeAs(promiseRequest, { method: 'promise', extents }))).toBe(
      '82a66d6574686f64a770726f6d697365a7657874656e7473c42501e59625a822497c164d60705eb3fd6975c375ca213b8140137a826a77790986a900000102',
    );
    expect(hex(encodeAs(promiseFrame, { promised: packBits([true, false, true]) }))).toBe('81a870726f6d69736564c401a0');
  });
});
