import { cidOf, MANIFEST_CODEC } from '../ids/cid.js';
import { encodeAs } from '../codec/schema.js';
import { encode, type WireValue } from '../codec/codec.js';
import { aheadTaken, aheadWhole, formAheadBlocks, MAX_AHEAD_BLOCKS, parseAhead } from './ahead-messages.js';

const chunk = cidOf(Buffer.from('a chunk'));
const manifest = cidOf(Buffer.from('a manifest'), MANIFEST_CODEC);
const blocks = [
  { id: chunk, size: 4096 },
  { id: manifest, size: 4 * 1024 * 1024 },
];
const form = formAheadBlocks(blocks) as { readonly [key: string]: WireValue };

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('messages of uploads under way', () => {
  it('read what they wrote', () => {
    expect(parseAhead(form)).toEqual({ kind: 'blocks', blocks });
    const whole = { kind: 'whole', content: manifest, size: 7 } as const;
    expect(parseAhead(aheadWhole.form(whole) ?? null)).toEqual(whole);
  });

  it.each<[string, WireValue]>([
    ['another kind', { ...form, kind: 'more' }],
    ['no blocks', { ...form, ids: new Uint8Array(0), sizes: new Uint8Array(0) }],
    ['a size short', { ...form, sizes: new Uint8Array(4).fill(1) }],
    ['an id cut short', { ...form, ids: new Uint8Array(65) }],
    ['an empty block', { ...form, sizes: new Uint8Array(8) }],
    ['a block that is too large', { ...form, sizes: new Uint8Array(8).fill(255) }],
    ['more blocks than allowed', { ...form, ids: new Uint8Array(33 * (MAX_AHEAD_BLOCKS + 1)) }],
    ['a content that is none', { kind: 'whole', content: new Uint8Array(3), size: 7 }],
    ['a negative size', { kind: 'whole', content: new Uint8Array(36), size: -1 }],
    ['not a map', 7],
  ])('are refused: %s', (_, header) => {
    expect(() => parseAhead(header)).toThrow(expect.objectContaining({ code: 'bad-request' }) as Error);
  });

  it('have golden bytes', () => {
    expect(hex(encode(form))).toBe(GOLDEN.blocks);
    expect(hex(encodeAs(aheadWhole, { kind: 'whole', content: manifest, size: 300 }))).toBe(GOLDEN.whole);
    expect(hex(encodeAs(aheadTaken, { bytes: 70_000 }))).toBe(GOLDEN.taken);
  });
});

/** Another node reads these: a change needs a new protocol version. */
const GOLDEN = {
  blocks:
    '83a46b696e64a6626c6f636b73a3696473c44200abbe7862de7660b333d1862141746d1d6d0e23c8cf49227bbd0d16add97bc71e01e59625a822497c164d60705eb3fd6975c375ca213b8140137a826a77790986a9a573697a6573c4080000100000400000',
  whole:
    '83a46b696e64a577686f6c65a7636f6e74656e74c42701f59bc0011220e59625a822497c164d60705eb3fd6975c375ca213b8140137a826a77790986a9a473697a65cd012c',
  taken: '81a56279746573ce00011170',
};
