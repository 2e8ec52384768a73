import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { RequestHandler, Response } from 'express';
import { KiB } from '@dfs/runtime';

/** Less fits a packet or two. */
const SMALLEST = KiB;
/** Of 11: of a list of files it leaves a tenth, in a millisecond. */
const QUALITY = 4;

const FORMS = {
  br: (bytes: Buffer) =>
    promisify(brotliCompress)(bytes, {
      params: { [constants.BROTLI_PARAM_QUALITY]: QUALITY, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
    }),
  gzip: (bytes: Buffer) => promisify(gzip)(bytes),
};

/**
 * Sends JSON answers of 1 KiB and more compressed, by `br` or `gzip`, as the client accepts. They are whole when they are sent, so
 * that their length is told all the same. Contents, archives and event streams are no answers of this kind: they go as they are.
 */
export function compressedJson(): RequestHandler {
  return (request, response, next) => {
    const send = response.send.bind(response);
    response.send = (body: unknown): Response => {
      if (typeof body !== 'string' || !isJson(response) || response.hasHeader('Content-Encoding')) return send(body);
      response.vary('Accept-Encoding');
      const accepted = request.acceptsEncodings();
      const form = (['br', 'gzip'] as const).find((name) => accepted.includes(name));
      if (form === undefined || request.method === 'HEAD') return send(body);
      const bytes = Buffer.from(body);
      if (bytes.length < SMALLEST) return send(body);
      FORMS[form](bytes).then((compressed) => {
        response.setHeader('Content-Encoding', form);
        send(compressed);
      }, next);
      return response;
    };
    next();
  };
}

function isJson(response: Response): boolean {
  return /^application\/([\w.-]+\+)?json\b/.test(String(response.getHeader('Content-Type') ?? ''));
}
