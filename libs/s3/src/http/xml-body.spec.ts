import { elementsIn, parseXml, textIn } from './xml-body.js';

const parse = (text: string) => parseXml(Buffer.from(text), 'Delete');

describe('the XML of a request', () => {
  it('is elements and text, whatever their namespace', () => {
    const xmlns = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';
    for (const text of [
      `<?xml version="1.0" encoding="UTF-8"?>\n<Delete ${xmlns}><Object><Key>a&amp;b &#x1F30D;</Key></Object></Delete>`,
      `<s:Delete xmlns:s="x"><s:Object><s:Key><![CDATA[a&b 🌍]]></s:Key></s:Object></s:Delete>`,
    ]) {
      const [object] = elementsIn(parse(text), 'Object');
      expect(object?.name).toBe('Object');
      expect(textIn(object!, 'Key')).toBe('a&b 🌍');
      expect(textIn(object!, 'Other')).toBeUndefined();
    }
  });

  it.each([
    ['nothing', ''],
    ['text', 'Delete'],
    ['what does not end', '<Delete><Object>'],
    ['another element', '<Other/>'],
    ['two elements', '<Delete/><Delete/>'],
    ['a document type', '<!DOCTYPE a SYSTEM "file:///etc/passwd"><Delete/>'],
    [
      'entities within each other',
      `<!DOCTYPE a [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><Delete>&b;</Delete>`,
    ],
    ['an entity of its own', '<Delete>&a;</Delete>'],
    ['too deep elements', '<Delete>'.repeat(20_000)],
    ['too many elements', `<Delete>${'<a/>'.repeat(100_001)}</Delete>`],
    ['a character that XML has not', '<Delete>\u0000</Delete>'],
  ])('is refused where it is %s', (_, text) => {
    expect(() => parse(text)).toThrow(/XML/);
  });

  it('is UTF-8', () => {
    expect(() => parseXml(Buffer.from([0x3c, 0xff]), 'Delete')).toThrow(/UTF-8/);
  });
});
