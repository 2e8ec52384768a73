import { bytesOfBase64, momentOfSeconds, textOfUtf8 } from './header-values.js';

describe('values of headers', () => {
  it('are bytes in the one form of base64', () => {
    expect(bytesOfBase64('YWI=', 2)).toEqual(Buffer.from('ab'));
    for (const other of ['YWI', 'YWJ=', 'YWI==', ' YWI=', 'YWJj', '']) expect(bytesOfBase64(other, 2)).toBeUndefined();
  });

  it('are text in UTF-8, with all that it begins with', () => {
    expect(textOfUtf8(Buffer.from('\ufeffgrün'))).toBe('\ufeffgrün');
    expect(textOfUtf8(Buffer.from([0x67, 0xfc]))).toBeUndefined();
  });

  it.each([
    ['0', 0],
    ['1700000000', 1_700_000_000_000],
    ['1700000000.5', 1_700_000_000_500],
    ['1700000000.123987654', 1_700_000_000_123],
    ['-1.25', -1250],
    ['-0.5', -500],
  ])('are the time %s', (text, ms) => expect(momentOfSeconds(text)).toBe(ms));

  it.each(['', '1.', '.5', '1e3', ' 1', '1234567890123', '0x10', '1,5'])('are no time: %p', (text) =>
    expect(momentOfSeconds(text)).toBeUndefined(),
  );
});
