import { cidOf } from '../ids/cid.js';
import { encode } from './codec.js';
import { decodeAs, encodeAs, shape, type Infer } from './schema.js';

const message = shape.struct({
  id: shape.cid(),
  count: shape.int(0, 10),
  kind: shape.oneOf('file', 'deletion'),
  digest: shape.bytes(4),
  names: shape.list(shape.text(5), 2),
  parent: shape.nullable(shape.cid()),
});
const sample: Infer<typeof message> = {
  id: cidOf(Buffer.from('a')),
  count: 3,
  kind: 'file',
  digest: Buffer.from([1, 2, 3, 4]),
  names: ['x', 'y'],
  parent: null,
};

describe('shape', () => {
  it('reads what it wrote', () => {
    expect(decodeAs(message, encodeAs(message, sample))).toEqual(sample);
    const pair = shape.tuple({ a: shape.int(), b: shape.nullable(shape.text(9)) });
    expect(decodeAs(pair, encodeAs(pair, { a: 1, b: null }))).toEqual({ a: 1, b: null });
  });

  it('ignores keys it does not know, so that a newer peer may say more', () => {
    const form = message.form(sample) as Record<string, never>;
    expect(decodeAs(message, encode({ ...form, later: 'more' }))).toEqual(sample);
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['a number out of range', { count: 11 }, 'message.count'],
    ['a negative number', { count: -1 }, 'message.count'],
    ['a wrong type', { count: 'three' }, 'message.count'],
    ['a word outside the list', { kind: 'folder' }, 'message.kind'],
    ['bytes of another length', { digest: Buffer.alloc(5) }, 'message.digest'],
    ['a list too long', { names: ['a', 'b', 'c'] }, 'message.names'],
    ['an item too long', { names: ['abcdef'] }, 'message.names[0]'],
    ['a missing field', { names: undefined }, 'message.names'],
    ['a CID that is none', { id: Buffer.from('no') }, 'content id'],
  ])('names the field at fault: %s', (_name, change, where) => {
    const form = message.form(sample) as Record<string, never>;
    const wrong = encode({ ...form, ...(change as Record<string, never>) });
    expect(() => decodeAs(message, wrong)).toThrow(where);
  });

  it('wants a tuple to have just its elements', () => {
    const pair = shape.tuple({ a: shape.int(), b: shape.int() });
    expect(() => decodeAs(pair, encode([1]))).toThrow('2 elements');
    expect(() => decodeAs(pair, encode([1, 2, 3]))).toThrow('2 elements');
    expect(() => decodeAs(pair, encode({ a: 1, b: 2 }))).toThrow('2 elements');
  });
});
