import fc from 'fast-check';
import { base32 } from 'multiformats/bases/base32';
import { fromBase32, toBase32 } from './base32.js';

describe('base32', () => {
  it('is that of multiformats, both ways', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70 }), (bytes) => {
        const text = base32.baseEncode(bytes);
        expect(toBase32(bytes)).toBe(text);
        // A Buffer, of which hex digits and keys are made without more.
        const read = fromBase32(`b${text}`, 1);
        expect(Buffer.isBuffer(read)).toBe(true);
        expect(read.equals(bytes)).toBe(true);
      }),
    );
  });

  it('has one text for each sequence of bytes: whatever is read is written alike', () => {
    const letters = fc.array(fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz234567'), { maxLength: 60 });
    fc.assert(
      fc.property(letters, (parts) => {
        const text = parts.join('');
        let bytes: Uint8Array;
        try {
          bytes = fromBase32(text);
        } catch (error) {
          expect(error).toBeInstanceOf(SyntaxError);
          expect(() => base32.baseDecode(text)).toThrow();
          return;
        }
        expect(toBase32(bytes)).toBe(text);
      }),
    );
  });

  it('takes no other character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (text) => {
        fc.pre(/[^a-z2-7]/u.test(text));
        expect(() => fromBase32(text)).toThrow(SyntaxError);
      }),
    );
    for (const text of ['A', 'a=======', 'ab cd', '0', '1', '\u0161'])
      expect(() => fromBase32(text)).toThrow(SyntaxError);
  });
});
