import { escapeXml, type XmlAttribute, type XmlElement } from '@dfs/files';

export type { XmlElement };

/** Namespace of WebDAV itself. */
export const DAV = 'DAV:';
const XML = 'http://www.w3.org/XML/1998/namespace';

/** An element as text, which means the same wherever it is put: it declares its namespaces itself. */
export function xmlOf({ namespace, name, attributes, children }: XmlElement): string {
  const own = attributes.map(attributeOf).join('');
  return namedXml({ namespace, name }, childrenXml(children), own);
}

/** The content of an element as text. */
export function childrenXml(children: XmlElement['children']): string {
  return children.map((child) => (typeof child === 'string' ? escapeXml(child) : xmlOf(child))).join('');
}

/** An element of this name around XML. In answers the prefix `D` is that of WebDAV. */
export function namedXml({ namespace, name }: { namespace: string; name: string }, inner: string, rest = ''): string {
  const tag = namespace === DAV ? `D:${name}` : name;
  const declared = namespace === DAV ? '' : ` xmlns="${escapeXml(namespace)}"`;
  return inner === '' ? `<${tag}${declared}${rest}/>` : `<${tag}${declared}${rest}>${inner}</${tag}>`;
}

function attributeOf({ namespace, name, value }: XmlAttribute, index: number): string {
  if (namespace === '') return ` ${name}="${escapeXml(value)}"`;
  if (namespace === XML) return ` xml:${name}="${escapeXml(value)}"`;
  return ` xmlns:a${index}="${escapeXml(namespace)}" a${index}:${name}="${escapeXml(value)}"`;
}

/** The elements in an element, without the text between them. */
export function elementsOf({ children }: XmlElement): XmlElement[] {
  return children.filter((child) => typeof child !== 'string');
}

/** The elements of WebDAV of this name in an element. */
export function childrenNamed(element: XmlElement, name: string): XmlElement[] {
  return elementsOf(element).filter((child) => child.namespace === DAV && child.name === name);
}

/** The text of an element and of all that is in it. */
export function textOf({ children }: XmlElement): string {
  return children.map((child) => (typeof child === 'string' ? child : textOf(child))).join('');
}

/** An XML document of WebDAV around XML. */
export function davDocument(name: string, inner: string): string {
  return `${XML_HEAD}<D:${name} xmlns:D="DAV:">${inner}</D:${name}>`;
}

/** The first line of a document. */
export const XML_HEAD = '<?xml version="1.0" encoding="utf-8"?>\n';
