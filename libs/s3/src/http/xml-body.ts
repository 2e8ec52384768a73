import { SaxesParser } from 'saxes';
import { s3Error } from '../errors.js';

/** Elements within each other. */
const MAX_DEPTH = 8;
/** Elements of one document: ten thousand parts, each with number, tag and checksums. */
const MAX_ELEMENTS = 100_000;

/** An element: what is in it, elements or text. Attributes and namespaces say nothing in requests of S3. */
export interface XmlElement {
  name: string;
  text: string;
  children: XmlElement[];
}

/**
 * The document that a client wrote. It can name no entities of its own, and is neither deep nor endless.
 * @param bytes no more than the caller takes
 * @param root the name of the element that all is in
 * @throws DfsError of S3 `MalformedXML`
 */
export function parseXml(bytes: Uint8Array, root: string): XmlElement {
  const document: XmlElement = { name: '', text: '', children: [] };
  const open = [document];
  let elements = 0;
  const parser = new SaxesParser({ fragment: false });
  parser.on('error', (error) => {
    throw malformed('it is not well-formed', error);
  });
  parser.on('doctype', () => {
    throw malformed('it has a document type');
  });
  parser.on('opentag', ({ name }) => {
    if (++elements > MAX_ELEMENTS || open.length > MAX_DEPTH)
      throw malformed('it has too many elements, or too deep ones');
    const element = { name: name.slice(name.indexOf(':') + 1), text: '', children: [] };
    open.at(-1)?.children.push(element);
    open.push(element);
  });
  const take = (text: string): void => {
    const element = open.at(-1);
    if (element) element.text += text;
  };
  parser.on('text', take);
  parser.on('cdata', take);
  parser.on('closetag', () => open.pop());
  parser.write(textOf(bytes)).close();
  const [found] = document.children;
  if (found?.name !== root) throw malformed(`its element is not ${root}`);
  return found;
}

/** The text of the first element of this name; undefined where there is none. */
export function textIn({ children }: XmlElement, name: string): string | undefined {
  return children.find((child) => child.name === name)?.text;
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw malformed('it is not UTF-8', cause);
  }
}

function malformed(what: string, cause?: unknown): Error {
  return s3Error('MalformedXML', `The XML of the request is not what it should be: ${what}.`, cause);
}
