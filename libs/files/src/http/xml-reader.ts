import { SaxesParser, type SaxesAttributeNS, type SaxesTag } from 'saxes';

/** An attribute of an element. Declarations of namespaces are none. */
export interface XmlAttribute {
  namespace: string;
  name: string;
  value: string;
}

/** An element of a document: prefixes mean nothing beyond the document. */
export interface XmlElement {
  namespace: string;
  name: string;
  attributes: readonly XmlAttribute[];
  children: (XmlElement | string)[];
}

/** How much a document may have. Its bytes are bounded by the one that reads them. */
export interface XmlBounds {
  /** Elements within each other. */
  depth: number;
  elements: number;
  /** Namespaces are told by elements and attributes; false where they mean nothing, and need not be declared. */
  namespaces: boolean;
}

/** Of one element. */
const MAX_ATTRIBUTES = 32;
/** Characters of a namespace: it is told again with each element that an answer names. */
const MAX_NAMESPACE = 512;
const XMLNS = 'http://www.w3.org/2000/xmlns/';
const NONE: readonly XmlAttribute[] = [];

/** The reason why a document is not read. `message` goes on where `The XML` leaves off. */
export class XmlFault extends Error {}

/**
 * The root of a document that a client wrote. It has no types of its own: one with a DTD is refused, so that no entity can be defined,
 * and so is one that is deep or has many elements.
 * @param source its bytes, in UTF-8, or in UTF-16 that says so by its first character; or its text
 * @throws XmlFault
 */
export function readXml(source: Uint8Array | string, bounds: XmlBounds): XmlElement {
  const tree = new Tree(bounds);
  try {
    const parser = new SaxesParser({ xmlns: bounds.namespaces, defaultXMLVersion: '1.0', forceXMLVersion: true });
    parser.on('doctype', () => refuse('has a DTD, which this node does not read'));
    parser.on('opentag', (tag) => tree.open(tag));
    parser.on('closetag', () => tree.close());
    parser.on('text', (piece) => tree.text(piece));
    parser.on('cdata', (piece) => tree.text(piece));
    parser.write(typeof source === 'string' ? source : textOf(source)).close();
  } catch (cause) {
    if (cause instanceof XmlFault) throw cause;
    throw new XmlFault('is not well-formed', { cause });
  }
  return tree.root();
}

class Tree {
  private readonly path: XmlElement[] = [];
  private top: XmlElement | undefined;
  private elements = 0;

  constructor(private readonly bounds: XmlBounds) {}

  open(tag: SaxesTag): void {
    const { depth, elements } = this.bounds;
    this.elements += 1;
    if (this.elements > elements) refuse(`has more than ${elements} elements`);
    if (this.path.length >= depth) refuse(`has elements more than ${depth} deep`);
    const element: XmlElement = { ...nameOf(tag), attributes: attributesOf(tag), children: [] };
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

function nameOf({ name, uri, local }: SaxesTag): Pick<XmlElement, 'namespace' | 'name'> {
  if (uri === undefined || local === undefined) return { namespace: '', name: withoutPrefix(name) };
  return { namespace: bounded(uri), name: local };
}

function attributesOf({ attributes }: SaxesTag): readonly XmlAttribute[] {
  const found = Object.entries<string | SaxesAttributeNS>(attributes);
  if (found.length === 0) return NONE;
  if (found.length > MAX_ATTRIBUTES) refuse(`has an element with more than ${MAX_ATTRIBUTES} attributes`);
  return found.flatMap(([name, value]) => {
    if (typeof value === 'string') return [{ namespace: '', name: withoutPrefix(name), value }];
    const attribute = { namespace: bounded(value.uri), name: value.local, value: value.value };
    return attribute.namespace === XMLNS ? [] : [attribute];
  });
}

function withoutPrefix(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}

function bounded(namespace: string): string {
  if (namespace.length <= MAX_NAMESPACE) return namespace;
  return refuse(`has a namespace of more than ${MAX_NAMESPACE} characters`);
}

function textOf(bytes: Uint8Array): string {
  const [first, next] = bytes;
  const encoding =
    first === 0xff && next === 0xfe ? 'utf-16le' : first === 0xfe && next === 0xff ? 'utf-16be' : 'utf-8';
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new XmlFault('is neither UTF-8 nor UTF-16', { cause });
  }
}

function refuse(fault: string): never {
  throw new XmlFault(fault);
}
