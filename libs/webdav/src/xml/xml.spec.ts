import { escapeXml } from '@dfs/files';
import fc from 'fast-check';
import { childrenXml, davDocument, elementsOf, namedXml, textOf, xmlOf, type XmlElement } from './element.js';
import { parseXml } from './parse.js';

const wrap = (inner: string): string => davDocument('prop', inner);

// eslint-disable-next-line no-control-regex -- characters that no document has
const IMPOSSIBLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;

describe('XML of WebDAV', () => {
  it('comes back as any text that was put in', () => {
    const possible = (text: string): string => text.toWellFormed().replace(IMPOSSIBLE, '\ufffd');
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
        expect(textOf(parseXml(wrap(escapeXml(text))))).toBe(possible(text));
      }),
    );
    expect(textOf(parseXml(wrap(escapeXml(`a]]>b&<>"'\r\n\u0000\ud800`))))).toBe(`a]]>b&<>"'\r\n\ufffd\ufffd`);
  });

  const namespace = fc.constantFrom('DAV:', '', 'urn:one', 'http://two/?a=1&b="<\'');
  const name = fc.constantFrom('a', 'b', 'Größe', 'x-1');
  const attribute = fc.record({
    namespace: fc.constantFrom('', 'urn:one', 'http://www.w3.org/XML/1998/namespace'),
    name: fc.constant('lang'),
    value: fc.constantFrom('', 'de', 'a\n"<&\t'),
  });
  const { element } = fc.letrec<{ element: XmlElement }>((tie) => ({
    element: fc.record({
      namespace,
      name,
      attributes: fc.array(attribute, { maxLength: 1 }),
      children: fc.array(fc.oneof({ depthSize: 'small' }, fc.constantFrom('text & more', 'größe'), tie('element')), {
        maxLength: 3,
      }),
    }),
  }));
  const joined = (one: XmlElement): XmlElement => ({
    ...one,
    children: one.children.reduce<XmlElement['children']>((all, child) => {
      const last = all.at(-1);
      if (typeof child === 'string' && typeof last === 'string') return [...all.slice(0, -1), last + child];
      return [...all, typeof child === 'string' ? child : joined(child)];
    }, []),
  });

  it('keeps elements, their namespaces and attributes', () => {
    fc.assert(
      fc.property(element, (one) => {
        const [read] = elementsOf(parseXml(wrap(xmlOf(one))));
        expect(joined(read as XmlElement)).toEqual(joined(one));
      }),
    );
  });

  it.each([
    ['a DTD', '<!DOCTYPE x><x/>'],
    ['an entity of its own', '<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'],
    ['a billion laughs', '<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><l>&b;</l>'],
    ['a file of the server', '<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>'],
    ['an unknown entity', '<x>&nbsp;</x>'],
    ['no end', '<x>'],
    ['two roots', '<x/><y/>'],
    ['no element', ' '],
    ['a prefix of no namespace', '<a:x/>'],
    ['a prefix that is taken back', '<x xmlns:b=""><b:y/></x>'],
    ['an impossible character', '<x>&#0;</x>'],
    ['text alone', 'hello'],
    ['many levels', '<x>'.repeat(40) + '</x>'.repeat(40)],
    ['many elements', `<x>${'<y/>'.repeat(2000)}</x>`],
    ['a namespace that would be told with each of them', `<x xmlns="${'n'.repeat(600)}"><y/></x>`],
    ['an attribute of such a namespace', `<x xmlns:a="${'n'.repeat(600)}" a:y=""/>`],
    ['many attributes', `<x ${Array.from({ length: 40 }, (_, at) => `a${at}=""`).join(' ')}/>`],
  ])('is not one with %s', (_what, text) => {
    expect(() => parseXml(text)).toThrow(expect.objectContaining({ code: 'bad-request' }));
  });

  it('has comments, instructions and CDATA', () => {
    expect(textOf(parseXml('<?xml version="1.0"?><!-- a --><x><?y z?>a<![CDATA[<b>]]>c</x>'))).toBe('a<b>c');
  });

  it('names what has no content by an empty element', () => {
    expect(namedXml({ namespace: 'DAV:', name: 'a' }, '')).toBe('<D:a/>');
    expect(namedXml({ namespace: 'urn:"x', name: 'a' }, 'b')).toBe('<a xmlns="urn:&quot;x">b</a>');
    expect(childrenXml(['<'])).toBe('&lt;');
  });
});
