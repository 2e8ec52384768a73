import { readXml, XmlFault, type XmlBounds, type XmlElement } from '@dfs/files';
import { s3Error } from '../errors.js';

/** Of ten thousand parts, each with number, tag and checksums. Namespaces say nothing in requests of S3. */
const BOUNDS: XmlBounds = { depth: 8, elements: 100_000, namespaces: false };

/**
 * The document that a client wrote.
 * @param bytes no more than the caller takes
 * @param root the name of the element that all is in
 * @throws DfsError of S3 `MalformedXML`
 */
export function parseXml(bytes: Uint8Array, root: string): XmlElement {
  try {
    const found = readXml(bytes, BOUNDS);
    if (found.name === root) return found;
  } catch (cause) {
    if (!(cause instanceof XmlFault)) throw cause;
    throw s3Error('MalformedXML', `The XML of the request ${cause.message}.`, cause);
  }
  throw s3Error('MalformedXML', `The XML of the request must be an element ${root}.`);
}

/** The elements of this name in an element. */
export function elementsIn({ children }: XmlElement, name: string): XmlElement[] {
  return children.filter((child) => typeof child !== 'string' && child.name === name) as XmlElement[];
}

/** The text of the first element of this name; undefined where there is none. */
export function textIn(element: XmlElement, name: string): string | undefined {
  const [found] = elementsIn(element, name);
  return found?.children.filter((child) => typeof child === 'string').join('');
}
