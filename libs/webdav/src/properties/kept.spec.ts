import { hasRoomFor } from '@dfs/files';
import fc from 'fast-check';
import type { RecordAttributes } from '@dfs/protocol';
import { davDocument, elementsOf, xmlOf, type XmlElement } from '../xml/element.js';
import { parseXml } from '../xml/parse.js';
import { isSettable, keptProperties, outliving, withoutProperty, withProperty } from './kept.js';
import { APACHE, WIN32 } from './names.js';

const property = (xml: string): XmlElement => elementsOf(parseXml(davDocument('prop', xml)))[0] as XmlElement;
const win32 = (name: string, text: string): XmlElement => property(`<${name} xmlns="${WIN32}">${text}</${name}>`);
const told = (attributes: RecordAttributes): XmlElement[] => keptProperties(attributes).map(({ xml }) => property(xml));
const TIME = 'Thu, 09 Apr 2009 04:39:45 GMT';

describe('a property that a client sets', () => {
  it('is told as it was set, whatever its name and value', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 30 });
    fc.assert(
      fc.property(
        fc.constantFrom('urn:x', '', 'http://y/?a&b'),
        fc.constantFrom('a', 'größe'),
        text,
        (namespace, name, value) => {
          const inner: XmlElement = { namespace: 'urn:z', name: 'i', attributes: [], children: [] };
          const set: XmlElement = {
            namespace,
            name,
            attributes: [],
            children: value === '' ? [inner] : [value, inner],
          };
          const attributes = withProperty({ mtime: 5 }, property(xmlOf(set)))!;
          expect(attributes.mtime).toBe(5);
          expect(told(attributes).map(xmlOf)).toEqual([xmlOf(property(xmlOf(set)))]);
          expect(withoutProperty(attributes, set)).toEqual({ mtime: 5, meta: {} });
        },
      ),
    );
  });

  it('keeps its language', () => {
    const attributes = withProperty({}, property('<t xmlns="urn:x" xml:lang="de">Größe</t>'))!;
    expect(keptProperties(attributes)[0]!.xml).toBe('<t xmlns="urn:x" xml:lang="de">Größe</t>');
  });

  it.each([
    ['Win32LastModifiedTime', TIME],
    ['Win32CreationTime', TIME],
    ['Win32LastAccessTime', TIME],
    ['Win32FileAttributes', '00000020'],
  ])('%s of Windows is kept, and the time of change is that of the file', (name, value) => {
    const attributes = withProperty({}, win32(name, value))!;
    expect(told(attributes)).toEqual([win32(name, value)]);
    expect(attributes.mtime).toBe(name === 'Win32LastModifiedTime' ? Date.parse(TIME) : undefined);
  });

  it.each([
    ['1700000000', 1_700_000_000_000],
    [TIME, Date.parse(TIME)],
    ['2026-01-02T03:04:05Z', Date.UTC(2026, 0, 2, 3, 4, 5)],
    ['tomorrow', undefined],
    ['', undefined],
  ])('may be a time of change: %s', (value, mtime) => {
    for (const name of ['lastmodified', 'getlastmodified']) {
      expect(withProperty({}, property(`<D:${name}>${value}</D:${name}>`))?.mtime).toBe(mtime);
    }
  });

  it('may say that the file is a program', () => {
    const executable = (text: string): XmlElement => property(`<executable xmlns="${APACHE}">${text}</executable>`);
    expect(withProperty({}, executable('T'))).toEqual({ executable: true });
    expect(withProperty({}, executable('F'))).toEqual({ executable: false });
    expect(withProperty({}, executable('yes'))).toBeUndefined();
    expect(withoutProperty({ executable: true }, executable(''))).toEqual({ executable: false });
  });

  it('is none of those that follow from the file', () => {
    for (const name of ['getetag', 'resourcetype', 'displayname', 'unknown']) {
      expect(isSettable({ namespace: 'DAV:', name })).toBe(false);
    }
    expect(isSettable({ namespace: 'DAV:', name: 'getlastmodified' })).toBe(true);
  });

  it('is refused where it could not be told again', () => {
    const names = Array.from({ length: 17 }, (_, at) => `a:n${at}=""`).join(' ');
    // As text each of these attributes declares its namespace itself.
    expect(withProperty({}, property(`<t xmlns="urn:x" xmlns:a="urn:a"><b ${names}/></t>`))).toBeUndefined();
  });

  it('has the room of a record', () => {
    expect(hasRoomFor(withProperty({}, property(`<a xmlns="urn:x">${'b'.repeat(3000)}</a>`))!)).toBe(true);
    expect(hasRoomFor(withProperty({}, property(`<a xmlns="urn:x">${'b'.repeat(4000)}</a>`))!)).toBe(false);
  });

  it('outlives other bytes, but for what tells of the change of those before', () => {
    const set = [win32('Win32LastModifiedTime', TIME), win32('Win32CreationTime', TIME)].reduce<RecordAttributes>(
      (attributes, one) => withProperty(attributes, one)!,
      { executable: true, md5: new Uint8Array(16), meta: { own: 'x' } },
    );
    expect(outliving(set)).toEqual({ executable: true, meta: { own: 'x', 'win32-creation-time': TIME } });
    expect(outliving({ mtime: 1 })).toEqual({});
  });

  it.each([
    'nonsense',
    '{}',
    '[1,2,3]',
    '["urn:x","a"]',
    '["urn:x","a","</a><evil/>"]',
    '["urn:x","a b=\\"c\\"><x","y"]',
    '["urn:x","a","&unknown;"]',
    '["urn:x","","y"]',
  ])('is not told where others have written its pair: %s', (value) => {
    expect(keptProperties({ meta: { 'dav-property-0123456789abcdef': value } })).toEqual([]);
  });
});
