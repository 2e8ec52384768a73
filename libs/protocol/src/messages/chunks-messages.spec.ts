import fc from 'fast-check';
import { cidFromDigest, cidOf, MANIFEST_CODEC, RAW_CODEC, sha256 } from '../ids/cid.js';
import {
  blocksFrame,
  getRequest,
  GIVEN_SIZE,
  haveFrame,
  haveRequest,
  drainingStatus,
  holdingsStatus,
  MAX_IDS_PER_REQUEST,
  packBits,
  packIds,
  packPins,
  packSizes,
  parseChunksRequest,
  pinsFrame,
  pinsRequest,
  unpackBits,
  unpackIds,
  unpackPins,
  unpackSizes,
} from './chunks-messages.js';
import { type WireValue } from '../codec/codec.js';
import { signerFromRaw } from '../ids/keys.js';
import { encodeAs, type Shape } from '../codec/schema.js';

const anyId = fc
  .tuple(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.constantFrom(RAW_CODEC, MANIFEST_CODEC))
  .map(([digest, codec]) => cidFromDigest(digest, codec));
const chunk = cidOf(Buffer.from('a chunk'));
const manifest = cidOf(Buffer.from('a manifest'), MANIFEST_CODEC);
const nonce = sha256(Buffer.from('store')).subarray(0, 16);

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const bytesOf = <T>(of: Shape<T>, value: T) => hex(encodeAs(of, value));

describe('packed forms', () => {
  it('read what they wrote', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ content: anyId, extent: fc.nat(2 ** 32 - 1), held: fc.boolean() }), { maxLength: 20 }),
        fc.array(fc.nat(2 ** 32 - 1), { maxLength: 20 }),
        fc.array(fc.boolean(), { maxLength: 40 }),
        (pins, sizes, bits) => {
          const ids = pins.map((pin) => pin.content);
          expect(unpackIds(packIds(ids))).toEqual(ids);
          expect(unpackPins(packPins(pins))).toEqual(pins);
          expect(unpackSizes(packSizes(sizes))).toEqual(sizes);
          expect(unpackBits(packBits(bits), bits.length)).toEqual(bits);
        },
      ),
    );
  });

  it('refuse what they would not write', () => {
    expect(() => unpackIds(new Uint8Array(33).fill(2))).toThrow(/an id/);
    expect(() => unpackSizes(new Uint8Array(5))).toThrow(/sizes/);
    expect(() => unpackBits(new Uint8Array(2), 17)).toThrow(/bit field/);
    expect(() => unpackPins(new Uint8Array(37))).toThrow(/pins/);
    expect(() => unpackPins(new Uint8Array(38).fill(2))).toThrow(/a pin/);
  });
});

describe('requests', () => {
  const ids = packIds([chunk, manifest]);

  it('are told apart by their method', () => {
    const get = { method: 'get', ids } as const;
    const pins = { method: 'pins', nonce: null, after: 7 } as const;
    expect(parseChunksRequest(get)).toEqual({ ...get, shared: null, insist: false, checked: false });
    expect(parseChunksRequest(pins)).toEqual(pins);
  });

  it.each<[string, WireValue]>([
    ['an unknown method', { method: 'put', ids }],
    ['no ids', { method: 'get', ids: new Uint8Array(0) }],
    ['ids cut short', { method: 'have', ids: ids.subarray(0, 40) }],
    ['more ids than allowed', { method: 'get', ids: new Uint8Array(33 * (MAX_IDS_PER_REQUEST + 1)) }],
    ['an extent without a content', { method: 'get', ids, shared: { extent: 1 } }],
    ['an extent beyond u32', { method: 'get', ids, shared: { content: ids.subarray(0, 33), extent: 2 ** 32 } }],
    ['insisting by a number', { method: 'get', ids, insist: 1 }],
    ['a check by a number', { method: 'get', ids, checked: 1 }],
    ['a nonce too long', { method: 'pins', nonce: new Uint8Array(17), after: 0 }],
    ['a negative number', { method: 'pins', nonce: null, after: -1 }],
    ['not a map', 7],
  ])('are refused: %s', (_, header) => {
    expect(() => parseChunksRequest(header)).toThrow(expect.objectContaining({ code: 'bad-request' }) as Error);
  });

  it('fit a header even when full', () => {
    const shared = { content: manifest, extent: 2 ** 32 - 1 };
    const full = {
      method: 'get',
      ids: new Uint8Array(33 * MAX_IDS_PER_REQUEST),
      shared,
      insist: true,
      checked: true,
    } as const;
    expect(encodeAs(getRequest, full).length).toBeLessThan(256 * 1024);
  });
});

describe('golden bytes', () => {
  it('of packed ids, sizes, bits and pins', () => {
    expect(hex(packIds([chunk, manifest]))).toBe(GOLDEN.ids);
    expect(hex(packSizes([1, 0, 4 * 1024 * 1024]))).toBe('000000010000000000400000');
    expect(hex(packBits([true, false, false, false, false, false, false, false, true]))).toBe('8080');
    expect(hex(packPins([{ content: chunk, extent: 258, held: true }]))).toBe(GOLDEN.ids.slice(0, 66) + '0000010201');
  });

  it('of each message', () => {
    const ids = packIds([chunk]);
    const usual = { method: 'get', ids, shared: null, insist: false, checked: false } as const;
    expect(bytesOf(getRequest, usual)).toBe(GOLDEN.get);
    const shared = { content: manifest, extent: 258 };
    expect(bytesOf(getRequest, { ...usual, shared, insist: true })).toBe(GOLDEN.getShared);
    expect(bytesOf(getRequest, { ...usual, checked: true })).toBe(GOLDEN.getChecked);
    expect(bytesOf(blocksFrame, { sizes: packSizes([GIVEN_SIZE]) })).toBe('81a573697a6573c404ffffffff');
    expect(bytesOf(haveRequest, { method: 'have', ids })).toBe(GOLDEN.have);
    expect(bytesOf(pinsRequest, { method: 'pins', nonce, after: 300 })).toBe(GOLDEN.pins);
    expect(bytesOf(blocksFrame, { sizes: packSizes([4096]) })).toBe(GOLDEN.blocks);
    expect(bytesOf(haveFrame, { have: packBits([true]) })).toBe(GOLDEN.bits);
    expect(bytesOf(pinsFrame, { nonce, after: 0, to: 9 })).toBe(GOLDEN.log);
    expect(bytesOf(holdingsStatus, { nonce, number: 9, full: false, capacity: 6 })).toBe(GOLDEN.status);
    const member = signerFromRaw(Buffer.alloc(32, 1)).peerId;
    expect(bytesOf(drainingStatus, [member])).toBe(
      '91c4260024080112208a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c',
    );
  });
});

/** Another node reads these: a change needs a new protocol version. */
const GOLDEN = {
  ids: '00abbe7862de7660b333d1862141746d1d6d0e23c8cf49227bbd0d16add97bc71e01e59625a822497c164d60705eb3fd6975c375ca213b8140137a826a77790986a9',
  get: '82a66d6574686f64a3676574a3696473c42100abbe7862de7660b333d1862141746d1d6d0e23c8cf49227bbd0d16add97bc71e',
  getShared:
    '84a66d6574686f64a3676574a3696473c42100abbe7862de7660b333d1862141746d1d6d0e23c8cf49227bbd0d16add97bc71ea673686172656482a7636f6e74656e74c42701f59bc0011220e59625a822497c164d60705eb3fd6975c375ca213b8140137a826a77790986a9a6657874656e74cd0102a6696e73697374c3',
  getChecked:
    '83a66d6574686f64a3676574a3696473c42100abbe7862de7660b333d1862141746d1d6d0e23c8cf49227bbd0d16add97bc71ea7636865636b6564c3',
  have: '82a66d6574686f64a468617665a3696473c42100abbe7862de7660b333d1862141746d1d6d0e23c8cf49227bbd0d16add97bc71e',
  pins: '83a66d6574686f64a470696e73a56e6f6e6365c410824d80d71985f082a26997a8db88b5d1a56166746572cd012c',
  blocks: '81a573697a6573c40400001000',
  bits: '81a468617665c40180',
  log: '83a56e6f6e6365c410824d80d71985f082a26997a8db88b5d1a5616674657200a2746f09',
  status: '84a56e6f6e6365c410824d80d71985f082a26997a8db88b5d1a66e756d62657209a466756c6cc2a8636170616369747906',
};
