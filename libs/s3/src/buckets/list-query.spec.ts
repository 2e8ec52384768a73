import fc from 'fast-check';
import { splitUrl } from '../http/address.js';
import { listAsked, openToken, sealToken } from './list-query.js';

const asked = (query: string) => listAsked(splitUrl(`/s3/dfs?${query}`)[1]);

describe('the query of a list', () => {
  it('has tokens that say where it goes on, and takes no others', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), fc.boolean(), (key, whole) => {
        expect(openToken(sealToken({ key, whole }))).toEqual({ key, whole });
      }),
    );
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          expect(sealToken(openToken(text))).toBe(text);
        } catch (error) {
          expect((error as Error).message).toMatch(/token/);
        }
      }),
    );
    for (const text of [
      '',
      'k',
      Buffer.from('k').toString('base64url'),
      Buffer.from([0x6b, 0xff]).toString('base64url'),
    ])
      expect(() => openToken(text)).toThrow(/token/);
  });

  it('goes on behind a key, or behind a common prefix', () => {
    expect(asked('list-type=2&start-after=a%2F&delimiter=/').after).toEqual({ key: 'a/', whole: false });
    expect(asked('marker=a%2F&delimiter=/').after).toEqual({ key: 'a/', whole: true });
    expect(asked('marker=a%2F').after).toEqual({ key: 'a/', whole: false });
    expect(asked('marker=').after).toBeUndefined();
    const token = sealToken({ key: 'b', whole: true });
    expect(asked(`list-type=2&continuation-token=${token}&start-after=a`).after).toEqual({ key: 'b', whole: true });
  });

  it('has numbers and names with bounds', () => {
    expect(asked('max-keys=5').limit).toBe(5);
    expect(asked('max-keys=99999').limit).toBe(1000);
    expect(asked('max-keys=0').limit).toBe(0);
    expect(asked('prefix=a+b%2B').prefix).toBe('a b+');
    for (const wrong of [
      'max-keys=-1',
      'max-keys=x',
      'list-type=3',
      'encoding-type=gz',
      `prefix=${'a'.repeat(5000)}`,
    ]) {
      expect(() => asked(wrong)).toThrow();
    }
    expect(() => asked('prefix=%zz')).toThrow(/percent-encoded/);
    expect(() => asked(Array(70).fill('a=b').join('&'))).toThrow(/parameters/);
  });
});
