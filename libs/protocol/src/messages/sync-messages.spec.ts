import { readFileSync } from 'node:fs';
import { decode, encode, type WireValue } from '../codec/codec.js';
import {
  MAX_SMALL_CONTENT_BYTES,
  memberMark,
  packIndexes,
  packMarks,
  packShortIds,
  parseSyncMessage,
  unpackCounts,
  unpackIndexes,
  unpackMarks,
  shortIdOf,
  smallContentsStatus,
  splitContents,
  unpackShortIds,
  type SyncMessage,
} from './sync-messages.js';

const root = { count: 3, print: Buffer.alloc(16, 1) };
const of = packIndexes([0, 63]);
const messages: SyncMessage[] = [
  { t: 'hello', ...root, salt: Buffer.alloc(8, 2) },
  { t: 'push' },
  { t: 'got' },
  { t: 'busy', ...root },
  { t: 'same' },
  { t: 'prints', bits: 6, of },
  { t: 'ids', bits: 12, of, counts: packIndexes([1, 0]) },
  { t: 'want', bits: 18, of, counts: packIndexes([2, 1]) },
  { t: 'all', bits: 6, of },
  { t: 'records', reached: null, contents: undefined },
  { t: 'records', reached: packMarks(['0102fdfe', 'ffffffff']), contents: undefined },
  { t: 'records', reached: null, contents: packIndexes([1, 16384]) },
  { t: 'turn', ...root, more: true, rest: false },
];
const golden = JSON.parse(
  readFileSync(new URL('../../golden/sync-messages.json', import.meta.url), 'utf8'),
) as string[];

describe('messages of sync', () => {
  it('are pinned by golden bytes', () => {
    expect(messages.map((message) => Buffer.from(encode(message)).toString('hex'))).toEqual(golden);
  });

  it('are read back from them', () => {
    const read = golden.map((bytes) => parseSyncMessage(decode(Buffer.from(bytes, 'hex'))));
    expect(read).toEqual(messages);
  });

  it.each<[string, WireValue]>([
    ['no map', 'hello'],
    ['a kind that is none', { t: 'goodbye' }],
    ['a root cut short', { t: 'turn', count: 1, print: Buffer.alloc(15), more: true, rest: false }],
    ['no ranges', { t: 'all', bits: 6, of: Buffer.alloc(0) }],
    ['too many ranges', { t: 'all', bits: 6, of: Buffer.alloc(4 * 513) }],
    ['contents without a size', { t: 'records', reached: null, contents: Buffer.alloc(0) }],
    ['too many contents', { t: 'records', reached: null, contents: Buffer.alloc(4 * 257) }],
    ['ranges too fine', { t: 'all', bits: 25, of }],
  ])('are refused: %s', (_name, header) => {
    expect(() => parseSyncMessage(header)).toThrow('malformed');
  });

  it('pack indexes and ids', () => {
    expect(unpackIndexes(packIndexes([0, 1, 4095]), 12)).toEqual([0, 1, 4095]);
    for (const wrong of [[4096], [1, 1], [2, 1]]) {
      expect(() => unpackIndexes(packIndexes(wrong), 12)).toThrow('malformed');
    }
    expect(() => unpackIndexes(Buffer.alloc(5), 12)).toThrow('malformed');
    expect(unpackCounts(packIndexes([9, 9, 0]))).toEqual([9, 9, 0]);
    const ids = ['ab'.repeat(8), '01'.repeat(8)];
    expect(unpackShortIds(packShortIds(ids))).toEqual(ids);
    expect(() => unpackShortIds(Buffer.alloc(33))).toThrow('malformed');
  });

  it('part contents from records', () => {
    const payload = Buffer.from('records1234567');
    expect(splitContents(payload, undefined)).toEqual({ records: payload, contents: [] });
    const { records, contents } = splitContents(payload, packIndexes([3, 4]));
    expect([records, ...contents].map((bytes) => Buffer.from(bytes).toString())).toEqual(['records', '123', '4567']);
    expect(splitContents(payload, packIndexes([14])).records).toHaveLength(0);
    const large = Buffer.alloc(MAX_SMALL_CONTENT_BYTES + 1);
    for (const sizes of [packIndexes([15]), packIndexes([0]), packIndexes([2, 0]), Buffer.alloc(5, 1)]) {
      expect(() => splitContents(payload, sizes)).toThrow('malformed');
    }
    expect(() => splitContents(large, packIndexes([large.length]))).toThrow('malformed');
    expect(() => smallContentsStatus.parse({ most: large.length }, 'small')).toThrow('malformed');
    expect(smallContentsStatus.parse({ most: MAX_SMALL_CONTENT_BYTES }, 'small')).toEqual({ most: large.length - 1 });
  });

  it('mark members', () => {
    const marks = ['a', 'b'].map(memberMark);
    expect(marks).toEqual(['ca978112', '3e23e816']);
    expect(unpackMarks(packMarks(marks))).toEqual(marks);
    expect(packMarks([])).toBeNull();
    expect(unpackMarks(null)).toEqual([]);
    expect(() => unpackMarks(Buffer.alloc(5))).toThrow('malformed');
    expect(packMarks(Array.from({ length: 2000 }, () => 'ffffffff'))).toHaveLength(4096);
  });

  it('name a record by salt and id', () => {
    const id = Buffer.alloc(32, 5);
    expect(shortIdOf(Buffer.alloc(8, 2), id)).toBe('596d446354a1adbc');
    expect(shortIdOf(Buffer.alloc(8, 3), id)).not.toBe(shortIdOf(Buffer.alloc(8, 2), id));
  });
});
