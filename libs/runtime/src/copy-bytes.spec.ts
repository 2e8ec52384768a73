import { randomBytes } from 'node:crypto';
import { bufferOf, copyBytes } from './copy-bytes.js';

const own = (size: number): Uint8Array => new Uint8Array(new ArrayBuffer(size + 3), 3, size);
const shared = (size: number): Uint8Array => new Uint8Array(new SharedArrayBuffer(size + 5), 5, size);

describe('copyBytes', () => {
  it('copies what `set` copies, from and to memory of both kinds, wherever it begins', () => {
    for (const from of [own, shared]) {
      for (const to of [own, shared]) {
        for (const [size, at] of [
          [0, 0],
          [1, 0],
          [1, 999],
          [7, 13],
          [1000, 0],
        ] as const) {
          const source = from(size);
          source.set(randomBytes(size));
          const [target, expected] = [to(1000), own(1000)];
          target.fill(9);
          expected.fill(9);
          expected.set(source, at);
          copyBytes(target, at, source);
          expect(Buffer.compare(target, expected)).toBe(0);
        }
      }
    }
  });

  it('refuses what does not fit, and writes nothing then', () => {
    for (const [size, at] of [
      [11, 0],
      [1, 10],
      [5, 6],
    ] as const) {
      const target = shared(10);
      expect(() => copyBytes(target, at, own(size).fill(1))).toThrow(RangeError);
      expect([...target]).toEqual(new Array(10).fill(0));
    }
  });
});

describe('bufferOf', () => {
  it('is the same Buffer, or one of the same memory', () => {
    const buffer = Buffer.from('abc');
    expect(bufferOf(buffer)).toBe(buffer);
    for (const bytes of [own(7), shared(7)]) {
      const view = bufferOf(bytes);
      view[6] = 9;
      expect([view.length, bytes[6]]).toEqual([7, 9]);
    }
  });
});
