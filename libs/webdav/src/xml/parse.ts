import { SaxesParser, type SaxesAttributeNS } from 'saxes';
import { DfsError } from '@dfs/runtime';
import type { XmlAttribute, XmlElement } from './element.js';

/** Elements within each other, of a body of ours. */
const MAX_DEPTH = 32;
const MAX_ELEMENTS = 2000;
const MAX_ATTRIBUTES = 32;
/** Of a namespace: it is told again with each element that an answer names. */
const MAX_NAMESPACE = 512;
const XMLNS = 'http://www.w3.org/2000/xmlns/';

/**
 * The root of a document. It has no types of its own: a document with a DTD is refused, so that no entity can be defined, and
 * one that is deep or has many elements.
 * @param text bounded by its reader
 * @throws DfsError `bad-request`
 */
export function parseXml(text: string): XmlElement {
  const reader = new Reader();
  try {
    const parser = new SaxesParser({ xmlns: true, defaultXMLVersion: '1.0', forceXMLVersion: true });
    parser.on('doctype', () => refuse('has a DTD, which this node does not read'));
    parser.on('opentag', ({ uri, local, attributes }) => reader.open(uri, local, Object.values(attributes)));
    parser.on('closetag', () => reader.close());
    parser.on('text', (piece) => reader.text(piece));
    parser.on('cdata', (piece) => reader.text(piece));
    parser.write(text).close();
  } catch (cause) {
    if (cause instanceof DfsError) throw cause;
    throw new DfsError('bad-request', 'The body is no well-formed XML with namespaces.', { cause });
  }
  return reader.root();
}

class Reader {
  private readonly path: XmlElement[] = [];
  private top: XmlElement | undefined;
  private elements = 0;

  open(namespace: string, name: string, found: readonly SaxesAttributeNS[]): void {
    this.elements += 1;
    if (this.elements > MAX_ELEMENTS) refuse(`has more than ${MAX_ELEMENTS} elements`);
    if (this.path.length >= MAX_DEPTH) refuse(`has elements more than ${MAX_DEPTH} deep`);
    if (found.length > MAX_ATTRIBUTES) refuse(`has an element with more than ${MAX_ATTRIBUTES} attributes`);
    if ([namespace, ...found.map(({ uri }) => uri)].some((uri) => uri.length > MAX_NAMESPACE)) {
      refuse(`has a namespace of more than ${MAX_NAMESPACE} characters`);
    }
    const element: XmlElement = { namespace, name, attributes: attributesOf(found), children: [] };
    this.path.at(-1)?.children.push(element);
    this.top ??= element;
    this.path.push(element);
  }

  close(): void {
    this.path.pop();
  }

  text(piece: string): void {
    this.path.at(-1)?.children.push(piece);
  }

  root(): XmlElement {
    return this.top ?? refuse('has no element');
  }
}

function attributesOf(found: readonly SaxesAttributeNS[]): XmlAttribute[] {
  return found
    .filter(({ uri }) => uri !== XMLNS)
    .map(({ uri: namespace, local: name, value }) => ({ namespace, name, value }));
}

function refuse(fault: string): never {
  throw new DfsError('bad-request', `The XML of the body ${fault}.`);
}
