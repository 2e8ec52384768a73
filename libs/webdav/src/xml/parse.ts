import { readXml, XmlFault, type XmlBounds } from '@dfs/files';
import { DfsError } from '@dfs/runtime';
import type { XmlElement } from './element.js';

/** Of a body of ours. */
const BOUNDS: XmlBounds = { depth: 32, elements: 2000, namespaces: true };

/**
 * The root of a document.
 * @param source bounded by its reader
 * @throws DfsError `bad-request`
 */
export function parseXml(source: Uint8Array | string): XmlElement {
  try {
    return readXml(source, BOUNDS);
  } catch (cause) {
    if (!(cause instanceof XmlFault)) throw cause;
    throw new DfsError('bad-request', `The XML of the body ${cause.message}.`, { cause });
  }
}
