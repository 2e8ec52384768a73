import type { IncomingMessage } from 'node:http';
import { announcedLength, hasBody, refuseCodings, requestBody } from '@dfs/files';
import { DfsError, KiB, second } from '@dfs/runtime';
import type { XmlElement } from '../xml/element.js';
import { parseXml } from '../xml/parse.js';

/** Of the names of some hundred properties. */
const MAX_BYTES = 64 * KiB;
/** A body that small is there at once, or its sender is holding a place. */
const PACE = { windowMs: 20 * second, bytes: MAX_BYTES };

/**
 * The root of the body; undefined for none.
 * @throws DfsError `payload-too-large`, `bad-request`, `unsupported-media-type`
 */
export async function readXml(request: IncomingMessage): Promise<XmlElement | undefined> {
  if (!hasBody(request)) return undefined;
  refuseCodings(request);
  const bytes = await readAll(request);
  return bytes.length === 0 ? undefined : parseXml(bytes);
}

/** Methods that take no body refuse one: it would say what this node does not do. @throws DfsError `unsupported-media-type` */
export function refuseBody(request: IncomingMessage): void {
  if (!hasBody(request)) return;
  throw new DfsError('unsupported-media-type', 'This method takes no body: send the request without one.');
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let size = announcedLength(request) ?? 0;
  if (size <= MAX_BYTES) {
    size = 0;
    for await (const part of requestBody(request, PACE)) {
      size += part.length;
      if (size > MAX_BYTES) break;
      parts.push(Buffer.from(part));
    }
  }
  if (size > MAX_BYTES) throw new DfsError('payload-too-large', `The XML body is larger than ${MAX_BYTES / KiB} KiB.`);
  return Buffer.concat(parts);
}
