import fc from 'fast-check';
import { SaxesParser } from 'saxes';
import { escapeXml } from './xml.js';

/** The text that a parser finds. */
function read(xml: string): string {
  let found = '';
  const parser = new SaxesParser();
  parser.on('text', (text) => (found += text));
  parser.on('error', (error) => {
    throw error;
  });
  parser.write(xml).close();
  return found;
}

describe('text in XML', () => {
  it('is read as it was written, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        // eslint-disable-next-line no-control-regex -- those are just what XML cannot say
        const sayable = text.toWellFormed().replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd');
        expect(read(`<a>${escapeXml(text)}</a>`)).toBe(sayable);
      }),
    );
  });

  it('ends no element, and begins none', () => {
    expect(escapeXml(`</a>&amp;"'`)).toBe('&lt;/a&gt;&amp;amp;&quot;&apos;');
    expect(escapeXml('a\r\n\tb')).toBe('a&#13;&#10;&#9;b');
  });
});
