import fc from 'fast-check';
import { byteRanges } from './byte-ranges.js';

const range = (offset: number, length: number) => ({ offset, length });

/** RFC 9110 §14.1.2 and §14.2, for a content of 100 bytes unless another size is named. */
describe('byte ranges', () => {
  it.each([
    // A first and a last position, both included.
    ['bytes=0-0', [range(0, 1)]],
    ['bytes=0-99', [range(0, 100)]],
    ['bytes=10-19', [range(10, 10)]],
    ['bytes=99-99', [range(99, 1)]],
    ['bytes=007-008', [range(7, 2)]],
    // Bytes behind the end are cut off.
    ['bytes=90-100', [range(90, 10)]],
    ['bytes=90-99999999999999999999999999', [range(90, 10)]],
    ['bytes=0-', [range(0, 100)]],
    ['bytes=99-', [range(99, 1)]],
    // The last ones: all of them, if there are no more.
    ['bytes=-1', [range(99, 1)]],
    ['bytes=-100', [range(0, 100)]],
    ['bytes=-101', [range(0, 100)]],
    ['bytes=-99999999999999999999999999', [range(0, 100)]],
    // The name of the unit knows no case, a list knows empty elements.
    ['BYTES=0-1', [range(0, 2)]],
    ['bytes=, 0-1 ,\t,', [range(0, 2)]],
    ['bytes=0-1,-101', [range(0, 2), range(0, 100)]],
    ['bytes=50-59, 0-9', [range(50, 10), range(0, 10)]],
    // A set is satisfied by those of it that can be.
    ['bytes=100-,0-1', [range(0, 2)]],
    ['bytes=200-300,-1000', [range(0, 100)]],
    // Outside.
    ['bytes=100-', []],
    ['bytes=100-100', []],
    ['bytes=99999999999999999999999999-', []],
    ['bytes=-0', []],
    ['bytes=100-,200-,-0', []],
  ])('%s', (header, expected) => {
    expect(byteRanges(header, 100)).toEqual(expected);
  });

  it.each([
    'bytes=5-2',
    'bytes=0-1,5-2',
    'bytes=200-150',
    'lines=1-2',
    'bytes',
    'bytes=',
    'bytes=,',
    'bytes=-',
    'bytes=a-b',
    'bytes=1',
    'bytes=1-2-3',
    'bytes=--5',
    'bytes=+1-2',
    'bytes=1.5-2',
    'bytes=0x1-2',
    'bytes=1e1-20',
    'bytes= 0-1',
    'bytes =0-1',
    'bytes=0 - 1',
    'bytes=0-1;2-3',
    'bytes=0-1, bytes=2-3',
    'bytes=\u00a00-1',
    'bytes=\u0661-\u0662',
    '0-1',
    '',
  ])('ignores %j', (header) => {
    expect(byteRanges(header, 100)).toBeUndefined();
  });

  it.each([
    ['bytes=0-', []],
    ['bytes=0-0', []],
    ['bytes=-0', []],
    ['bytes=-1', undefined],
    ['bytes=0-,-1', undefined],
  ])('of an empty content, by %s', (header, expected) => {
    expect(byteRanges(header, 0)).toEqual(expected);
  });

  it('lie within the content, whatever is asked for', () => {
    const position = fc.oneof(fc.constant(''), fc.nat(300).map(String), fc.bigInt({ min: 0n }).map(String));
    const spec = fc.tuple(position, position).map(([first, last]) => `${first}-${last}`);
    fc.assert(
      fc.property(fc.array(spec, { maxLength: 5 }), fc.nat(200), (specs, size) => {
        for (const { offset, length } of byteRanges(`bytes=${specs.join(', ')}`, size) ?? []) {
          expect(offset).toBeGreaterThanOrEqual(0);
          expect(length).toBeGreaterThan(0);
          expect(offset + length).toBeLessThanOrEqual(size);
        }
      }),
    );
  });
});
