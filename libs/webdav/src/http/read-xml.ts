import type { IncomingMessage } from 'node:http';
import { announcedLength, refuseCodings, requestBody } from '@dfs/files';
import { DfsError, KiB, second } from '@dfs/runtime';
import type { XmlElement } from '../xml/element.js';
import { parseXml } from '../xml/parse.js';

/** Of the names of some hundred properties. */
const MAX_BYTES = 64 * KiB;
/** A body that small is there at once, or its sender is holding a place. */
const PACE = { windowMs: 20 * second, bytes: MAX_BYTES };

/** Whether the request has a body. */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/**
 * The root of the body; undefined for none.
 * @throws DfsError `payload-too-large`, `bad-request`, `unsupported-media-type`
 */
export async function readXml(request: IncomingMessage): Promise<XmlElement | undefined> {
  if (!hasBody(request)) return undefined;
  refuseCodings(request);
  const bytes = await readAll(request);
  return bytes.length === 0 ? undefined : parseXml(textOf(bytes));
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

/** UTF-8, or UTF-16 that says so by its first character, as every reader of XML must know them. */
function textOf(bytes: Buffer): string {
  const [first, next] = bytes;
  const encoding =
    first === 0xff && next === 0xfe ? 'utf-16le' : first === 0xfe && next === 0xff ? 'utf-16be' : 'utf-8';
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new DfsError('bad-request', 'The body is neither UTF-8 nor UTF-16.', { cause });
  }
}
