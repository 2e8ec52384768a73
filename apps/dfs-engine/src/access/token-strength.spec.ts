import { seededRandom } from '@dfs/testing';
import { isStrongToken } from './token-strength.js';

describe('the strength of a token', () => {
  it.each([
    'a'.repeat(64),
    'ab'.repeat(40),
    'password12345password12345',
    'changemechangemechangemechangeme',
    'abcdefghijklmnopqrstuvwxyz',
    'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ',
    '0123456789012345678901234567890123456789',
    '00000000000000000000000000000001',
    '9f86d081884c7d659a2fea', // 88 bits
    '31415926535897932384626433832795028', // 116 bits
    'short',
    'with a space in it, and long',
  ])('is too small in %s', (token) => expect(isStrongToken(token)).toBe(false));

  it.each([
    '9f86d081884c7d659a2feaa0c55ad015',
    'V2VyIGRhcyBsaWVzdCwgaQ',
    '2718281828459045235360287471352662497757',
    'a-token-that-somebody-has-chosen',
  ])('is enough in %s', (token) => expect(isStrongToken(token)).toBe(true));

  it('is enough in what a generator makes of 128 bits, in any alphabet', () => {
    const random = seededRandom(7);
    for (let i = 0; i < 3000; i++) {
      const bytes = Buffer.from(random.bytes(16));
      const decimal = BigInt(`0x${bytes.toString('hex')}`)
        .toString()
        .padStart(39, '0');
      for (const token of [bytes.toString('hex'), bytes.toString('base64url'), decimal, bytes.toString('base64')]) {
        expect(`${token} ${isStrongToken(token)}`).toBe(`${token} true`);
      }
    }
  });
});
