import { hashOf, shareOf } from './fetch-share.js';

const BLOCK = 'bah2zxqabciqolfrfvares7awjvqhaxvt7vuxlq3vziqtxakacn5ie2txpeeynki';
const MEMBER = '12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5';

describe('shares', () => {
  it('are what other nodes compute: a change breaks them up anew', () => {
    // FNV-1a, 32 bits, as its authors give it.
    expect(hashOf('')).toBe(0x811c9dc5);
    expect(hashOf('a')).toBe(0xe40c292c);
    expect(hashOf('foobar')).toBe(0xbf9cf968);
    expect(shareOf(hashOf(BLOCK), hashOf(MEMBER))).toBe(2223353029);
  });

  it('are about as large for each', () => {
    const members = Array.from({ length: 8 }, (_, n) => hashOf(`member ${n}`));
    const shares = members.map(() => 0);
    for (let n = 0; n < 8000; n++) {
      const ranks = members.map((member) => shareOf(hashOf(`block ${n}`), member));
      shares[ranks.indexOf(Math.max(...ranks))]!++;
    }
    for (const share of shares) expect(Math.abs(share - 1000)).toBeLessThan(150);
  });
});
