import fc from 'fast-check';
import { EarlyNegotiation } from './early-negotiation.js';

const PROTOCOL = '/dfs/test/1';
const agreed = Buffer.concat([Buffer.from('\x13/multistream/1.0.0\n'), Buffer.from(`\x0c${PROTOCOL}\n`)]);

describe('an early agreement', () => {
  it('proposes what multistream-select does', () => {
    expect(Buffer.from(new EarlyNegotiation(PROTOCOL).proposal)).toEqual(agreed);
  });

  it('takes the answer off, in whatever pieces it comes, and nothing of what follows', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.array(fc.nat(130), { maxLength: 6 }), (rest, cuts) => {
        const agreement = new EarlyNegotiation(PROTOCOL);
        const bytes = Buffer.concat([agreed, rest]);
        const at = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)), bytes.length].sort((a, b) => a - b);
        const left = at.slice(1).map((end, index) => agreement.takeOff(bytes.subarray(at[index], end)));
        expect(agreement.isMade).toBe(true);
        expect(Buffer.concat(left)).toEqual(Buffer.from(rest));
      }),
    );
  });

  it.each([
    ['a refusal', Buffer.from('\x13/multistream/1.0.0\n\x03na\n')],
    ['something else', Buffer.from('GET / HTTP/1.1')],
  ])('is not made by %s', (_what, bytes) => {
    const agreement = new EarlyNegotiation(PROTOCOL);
    expect(() => agreement.takeOff(bytes)).toThrow(expect.objectContaining({ code: 'peer-misbehaved' }));
    expect(agreement.isMade).toBe(false);
  });
});
