import type { IncomingMessage, ServerResponse } from 'node:http';
import { makeInert, refuseUse } from './send-content.js';

/** A picture that may be there, and the strong tag of its bytes. */
export interface Picture {
  readonly tag: string;
  read(): Promise<Uint8Array | null>;
}

/**
 * Answers GET or HEAD of a picture; 204 where there is none: a page shows something else then, and no browser complains.
 * @param open finds it @throws DfsError as `open` and `read`, before anything was sent
 */
export async function sendPicture(
  request: IncomingMessage,
  response: ServerResponse,
  open: () => Promise<Picture>,
): Promise<void> {
  makeInert(response);
  refuseUse(request);
  const found = await open();
  response.setHeader('Cache-Control', 'private, no-cache');
  const etag = `"${found.tag}"`;
  if ((request.headers['if-none-match'] ?? '').split(',').some((each) => each.trim().replace(/^W\//, '') === etag)) {
    response.writeHead(304, { ETag: etag }).end();
    return;
  }
  const picture = await found.read();
  if (picture === null) {
    response.writeHead(204, { 'Cache-Control': 'no-store' }).end();
    return;
  }
  response.writeHead(200, { 'Content-Type': 'image/webp', 'Content-Length': picture.length, ETag: etag });
  response.end(request.method === 'HEAD' ? undefined : picture);
}
