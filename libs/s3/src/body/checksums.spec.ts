import fc from 'fast-check';
import { crc32c, crc64nvme } from './crc.js';
import { announcedChecksums, Checksums, type ChecksumName } from './checksums.js';

const CHECK = Buffer.from('123456789');
/** The check values of the catalogue of CRCs, and those of SHA. */
const VALUES: Record<ChecksumName, string> = {
  crc32: 'cbf43926',
  crc32c: 'e3069283',
  crc64nvme: 'ae8b14860a799888',
  sha1: 'f7c3bc1d808e04732adf679965ccc34ca7ae3441',
  sha256: '15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225',
};
const NONE: ReadonlyMap<string, string> = new Map();

describe('checksums', () => {
  it.each(Object.entries(VALUES))('%s is what it should be, and is told', (name, hex) => {
    const value = Buffer.from(hex, 'hex').toString('base64');
    const sums = new Checksums(announcedChecksums({ [`x-amz-checksum-${name}`]: value }));
    sums.update(CHECK.subarray(0, 4));
    sums.update(CHECK.subarray(4));
    sums.check(NONE);
    expect(sums.told()).toEqual({ [`x-amz-checksum-${name}`]: value });
    const trailing = new Checksums(announcedChecksums({ 'x-amz-trailer': `x-amz-checksum-${name}` }));
    trailing.update(CHECK);
    expect(() => trailing.check(NONE)).toThrow(/did not follow/);
    const other = new Checksums(announcedChecksums({ [`x-amz-checksum-${name}`]: value }));
    other.update(Buffer.from('12345678'));
    expect(() => other.check(NONE)).toThrow(/do not have the checksum/);
  });

  it('are the same however the bytes come', () => {
    const bytes = fc.uint8Array({ maxLength: 200 });
    fc.assert(
      fc.property(bytes, bytes, (one, other) => {
        const whole = Buffer.concat([one, other]);
        expect(crc32c(other, crc32c(one))).toBe(crc32c(whole));
        const [parts, all] = [
          { high: 0, low: 0 },
          { high: 0, low: 0 },
        ];
        crc64nvme(one, parts);
        crc64nvme(other, parts);
        crc64nvme(whole, all);
        expect(parts).toEqual(all);
      }),
    );
  });

  it.each([
    [{ 'x-amz-checksum-crc32': 'AAAA' }, /4 bytes/],
    [{ 'x-amz-checksum-crc32': 'AAAAAAA=' }, /4 bytes/],
    [{ 'x-amz-checksum-md99': 'AAAA' }, /not known/],
    [{ 'x-amz-trailer': 'x-amz-checksum-other' }, /not known/],
  ])('that are none are refused: %j', (headers, sentence) => {
    expect(() => announcedChecksums(headers)).toThrow(sentence);
  });

  it('are not what says how they are meant', () => {
    expect(announcedChecksums({ 'x-amz-checksum-type': 'FULL_OBJECT', 'x-amz-checksum-mode': 'ENABLED' }).size).toBe(0);
  });
});
