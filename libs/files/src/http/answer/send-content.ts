import type { IncomingMessage, ServerResponse } from 'node:http';
import { create as contentDisposition } from 'content-disposition';
import { DfsError } from '@dfs/runtime';
import type { OpenContent } from '../../read/download.js';
import { VERSION_HEADER } from './answer-file.js';
import { byteRanges, type ByteRange } from './byte-ranges.js';
import { wantsSha256 } from '../headers/digest-header.js';
import { etagOf, rangeStillValid, readCondition, type Readable } from '../headers/preconditions.js';
import { goneSignal } from '../body/request-body.js';
import { isForUse, servedType } from './served-type.js';

/** Stored bytes must not be able to do anything in a browser, whatever they are. */
const INERT = "default-src 'none'; sandbox";

/** The same of what is shown within a page of this node, and there alone. */
const INERT_INLINE = "default-src 'none'; frame-ancestors 'self'; sandbox";

/** Set before anything can fail, so that errors are as inert as content. */
export function makeInert(response: ServerResponse): void {
  response.setHeader('Content-Security-Policy', INERT);
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('Cross-Origin-Resource-Policy', 'same-origin');
}

/** @throws DfsError `forbidden` where a browser would run what is sent, or apply it. */
export function refuseUse(request: IncomingMessage): void {
  if (!isForUse(request.headers['sec-fetch-dest'])) return;
  throw new DfsError('forbidden', 'A stored file is not run as part of a page: download it, or read it by fetch.');
}

/** How a content is sent to clients of another protocol. */
export interface SendOptions {
  /** The tag that is told of it, and that conditions may name beside its own. */
  tag?: string;
  /** The type that is told of it, whatever a browser would do with it. */
  type?: string;
  /** Headers beside those of every content, or in place of them. */
  headers?: Readonly<Record<string, string>>;
}

/**
 * Answers GET or HEAD of a content: conditions, one range, bytes with back-pressure. Once the first byte is out an
 * error can only cut the connection: a complete wrong response never leaves the node.
 * @param inline the type under which it is shown, rather than saved
 * @throws DfsError before anything was sent: `precondition-failed`, `range-not-satisfiable`, `content-unavailable`, `forbidden`, …
 */
export async function sendContent(
  request: IncomingMessage,
  response: ServerResponse,
  content: OpenContent,
  inline: string | null = null,
  { tag, type, headers = {} }: SendOptions = {},
): Promise<void> {
  refuseUse(request);
  describeContent(response, content, inline !== null);
  describeDigest(response, content, request.headers['want-repr-digest']);
  if (tag !== undefined) response.setHeader('ETag', `"${tag}"`);
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  const readable = tag === undefined ? content : { ...content, alias: tag };
  if (!(await readCondition(request.headers, readable))) {
    response.writeHead(304).end();
    return;
  }
  const range = request.method === 'HEAD' ? undefined : requestedRange(request, readable);
  const { offset, length } = range ?? { offset: 0, length: content.size };
  const signal = goneSignal(response);
  const head = (): void => {
    response.setHeader('Content-Type', type ?? inline ?? servedType(content.mediaType));
    response.setHeader('Content-Length', length);
    if (range) response.setHeader('Content-Range', `bytes ${offset}-${offset + length - 1}/${content.size}`);
    response.writeHead(range ? 206 : 200);
  };
  if (request.method === 'HEAD') {
    await content.ready(signal);
    head();
    response.end();
    return;
  }
  await sendBytes(response, content.read({ offset, length }, signal), length, head);
}

function describeContent(response: ServerResponse, content: OpenContent, isShown: boolean): void {
  response.setHeader('Accept-Ranges', 'bytes');
  response.setHeader('ETag', etagOf(content.contentId));
  response.setHeader(VERSION_HEADER, content.version);
  response.setHeader('Last-Modified', new Date(content.modifiedAt).toUTCString());
  response.setHeader('Cache-Control', 'private, no-cache');
  // Of 304 as well: what a cache has kept goes on under these headers.
  const type = isShown ? 'inline' : 'attachment';
  response.setHeader('Content-Disposition', contentDisposition(fileName(content.path), { type }));
  if (!isShown) return;
  response.setHeader('Content-Security-Policy', INERT_INLINE);
  response.setHeader('X-Frame-Options', 'SAMEORIGIN');
}

/** The digest of the whole file, also beside a range; unless the client wants none. */
function describeDigest(
  response: ServerResponse,
  { sha256 }: OpenContent,
  wanted: string | string[] | undefined,
): void {
  if (sha256 && wantsSha256(wanted)) {
    response.setHeader('Repr-Digest', `sha-256=:${Buffer.from(sha256).toString('base64')}:`);
  }
}

/** One range, or undefined for the whole: several ranges, and a header that makes no sense, may be passed over. */
function requestedRange(request: IncomingMessage, content: Readable & { size: number }): ByteRange | undefined {
  const { range, 'if-range': ifRange } = request.headers;
  const { size } = content;
  if (range === undefined || !rangeStillValid(ifRange, content)) return undefined;
  const ranges = byteRanges(range, size);
  if (ranges === undefined) return undefined;
  const [only, ...others] = ranges;
  if (only) return others.length > 0 ? undefined : only;
  throw new DfsError('range-not-satisfiable', `The file has ${size} bytes; the range lies outside of it.`, {
    facts: { size },
  });
}

/**
 * Waits for the first bytes before it says that there are any. Once they are out an error can only cut the connection.
 * @param head says that they come, with their length
 */
export async function sendBytes(
  response: ServerResponse,
  source: AsyncIterable<Uint8Array>,
  length: number,
  head: () => void,
): Promise<void> {
  let sent = 0;
  try {
    for await (const bytes of source) {
      if (sent === 0) head();
      sent += bytes.length;
      if (sent > length) throw new Error(`more than ${length} bytes came of a content of that size`);
      await written(response, bytes);
    }
    if (sent < length) throw new Error(`${sent} of ${length} bytes came of a content`);
  } catch (error) {
    if (!response.headersSent) throw error;
    response.destroy();
    throw error;
  }
  if (length === 0) head();
  response.end();
}

/** Resolves when the system has taken the bytes: then their memory may be used again. @throws DfsError `aborted` */
export async function written(response: ServerResponse, bytes: Uint8Array | string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  const gone = (): void => reject(new DfsError('aborted', 'The client closed the connection.'));
  if (response.closed) gone();
  else {
    response.once('close', gone);
    response.write(bytes, (error) => (error ? gone() : resolve(undefined)));
  }
  try {
    await promise;
  } finally {
    response.off('close', gone);
  }
}

function fileName(path: string): string {
  return path.split('/').at(-1) ?? path;
}
